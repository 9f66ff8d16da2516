# Completion of twtop for bash. It asks the twtop on the line, so a copy of this file never gets old.
_twtop() {
    local words
    printf -v words '\n%s' "${COMP_WORDS[@]:1:COMP_CWORD}"
    mapfile -t COMPREPLY < <("${1/#\~\//$HOME/}" completion bash --words="$words" 2>/dev/null)
    if [[ ${COMPREPLY[0]-} == files ]]; then
        compopt -o default
    fi
    COMPREPLY=("${COMPREPLY[@]:1}")
}
complete -o nosort -F _twtop twtop
