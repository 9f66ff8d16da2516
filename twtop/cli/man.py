"""The command line of ``twtop man``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.cli.parser import Parser
from twtop.cli.vocabulary import STATUS

if TYPE_CHECKING:
    from argparse import ArgumentParser

_MAN: Final = """\
Print the man page of this twtop, with all commands and options.
"""

_MAN_EXAMPLES: Final = """\
examples:
  twtop man | man -l -
  twtop man > ~/.local/share/man/man1/twtop.1
"""


def man_parser() -> ArgumentParser:
    """Tell what ``twtop man`` takes."""
    return Parser("twtop man", _MAN, _MAN_EXAMPLES, STATUS)
