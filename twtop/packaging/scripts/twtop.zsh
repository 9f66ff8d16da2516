#compdef twtop
# Completion of twtop for zsh. It asks the twtop on the line, so a copy of this file never gets old.
_twtop() {
    local -a typed lines offers
    local line program=${(Q)words[1]}
    typed=("${(@)words[2,CURRENT-1]}" "$QIPREFIX$PREFIX")
    lines=("${(@f)$(${program/#\~\//$HOME/} completion zsh --words=$'\n'"${(F)typed}" 2>/dev/null)}")
    if [[ $lines[1] == files ]]; then
        compset -P '--*='
        _files
        return
    fi
    for line in "${(@)lines[2,-1]}"; do
        offers+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    _describe -V twtop offers
}
# Read as a file it names the function; loaded by the name of the file it is the function.
if [[ $funcstack[1] == _twtop ]]; then
    _twtop "$@"
else
    compdef _twtop twtop
fi
