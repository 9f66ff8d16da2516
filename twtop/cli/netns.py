"""The option that chooses a network namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from argparse import ArgumentParser


LIVE_OR_RECORDED: Final = "that of twtop; of a recording, all in it"


def add_netns(parser: ArgumentParser, default: str = "that of twtop") -> None:
    """Add ``--netns``; ``default`` says what is looked at without it."""
    parser.add_argument(
        "--netns",
        metavar="NAME|PID|PATH|all",
        help=f"the network namespace of this name, process or file, or all (default: {default})",
    )


def add_recorded_netns(parser: ArgumentParser) -> None:
    """Add ``--netns`` where only a recording is read."""
    parser.add_argument(
        "--netns",
        metavar="NAME",
        help="of several network namespaces the one of this name or number (default: all that was recorded)",
    )
