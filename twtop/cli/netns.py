"""The option that chooses a network namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser


def add_netns(parser: ArgumentParser) -> None:
    """Add ``--netns``."""
    parser.add_argument(
        "--netns",
        metavar="NAME|PID|PATH|all",
        help="the network namespace of this name, process or file, or all (default: that of twtop)",
    )


def add_recorded_netns(parser: ArgumentParser) -> None:
    """Add ``--netns`` where only a recording is read."""
    parser.add_argument(
        "--netns",
        metavar="NAME",
        help="of several network namespaces the one of this name or number (default: all that was recorded)",
    )
