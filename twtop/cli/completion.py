"""The command line of ``twtop completion``."""

from __future__ import annotations

from argparse import SUPPRESS
from typing import TYPE_CHECKING, Final

from twtop.cli.parser import Parser
from twtop.cli.vocabulary import STATUS
from twtop.packaging.completion import SHELLS

if TYPE_CHECKING:
    from argparse import ArgumentParser

_COMPLETION: Final = """\
Print what lets a shell complete the command line of twtop with the tab key:
commands, options, states, keys, fields, namespaces, topics. The shell asks
twtop for the words, so it need not be printed again for another version.
"""

_COMPLETION_EXAMPLES: Final = """\
examples:
  twtop completion bash > ~/.local/share/bash-completion/completions/twtop
  twtop completion fish > ~/.config/fish/completions/twtop.fish
  source <(twtop completion zsh)     # in ~/.zshrc, after compinit
"""


def completion_parser() -> ArgumentParser:
    """Tell what ``twtop completion`` takes."""
    parser = Parser("twtop completion", _COMPLETION, _COMPLETION_EXAMPLES, STATUS)
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=f"one of {', '.join(SHELLS)}")
    # What the scripts ask: the words that were typed, up to the cursor, a line end before each.
    parser.add_argument("--words", help=SUPPRESS)
    return parser
