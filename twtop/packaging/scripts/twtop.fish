# Completion of twtop for fish. It asks the twtop on the line, so a copy of this file never gets old.
function __twtop_offers
    set -l typed (commandline -opc)
    set -l program (string replace -r '^~/' "$HOME/" -- $typed[1])
    set -l word (commandline -ct)
    set -l words (printf '\n%s' $typed[2..] $word | string collect --no-trim-newlines)
    set -l lines ($program completion fish --words=$words 2>/dev/null)
    if test "$lines[1]" = files
        set -l flag (string match -r -- '^--[^=]*=' $word)
        printf '%s\n' "$flag"(__fish_complete_path (string replace -r -- '^--[^=]*=' '' $word))
    else
        printf '%s\n' $lines[2..]
    end
end
complete -c twtop -f -a '(__twtop_offers)'
