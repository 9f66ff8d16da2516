"""The options that choose a moment of a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from argparse import ArgumentParser

TIMES: Final = """\
TIME   14:05, 14:05:10 by this machine's clock, or with Z by UTC: the last
       such moment within the recording; 2026-11-21T14:05:10; -10m before its
       end, +30s after its start; start, end; next or previous: the first
       finding, the last one
"""


def add_from(parser: ArgumentParser, *, at: bool = True) -> None:
    """Add ``--from``, and with it ``--at``."""
    parser.add_argument(
        "--from", dest="recording", metavar="FILE", help="read a recording instead of this host"
    )
    if at:
        parser.add_argument("--at", metavar="TIME", help="with --from: at this moment (default: its end)")
