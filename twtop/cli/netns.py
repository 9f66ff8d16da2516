"""The option that chooses a network namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from argparse import ArgumentParser

_HELP: Final = "the network namespace of this name, process or file, or all (default: that of twtop)"


def add_netns(parser: ArgumentParser) -> None:
    """Add ``--netns``."""
    parser.add_argument("--netns", metavar="NAME|PID|PATH|all", help=_HELP)
