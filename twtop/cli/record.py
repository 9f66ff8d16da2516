"""The command line of ``twtop record``."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Final

from twtop.cli.netns import add_netns
from twtop.cli.options import add_options
from twtop.cli.parser import Parser
from twtop.cli.vocabulary import FILTERS

if TYPE_CHECKING:
    from argparse import ArgumentParser

_RECORD: Final = """\
Look without a screen, and write everything into a file: sockets, owners,
counters, sysctls and findings, to be looked at with `twtop replay FILE`. It
goes on until ctrl+c, SIGTERM or --for; SIGHUP ends the file and begins
another. Whatever happens to the disk or to twtop, what was written stays
readable.
"""

_RECORD_EXAMPLES: Final = """\
examples:
  twtop record
  twtop record -o incident.twtop --for 10m
  twtop record -o /var/tmp/ --max-size 500M
  twtop record --filter 'dport = :5432' --interval 5
  twtop unit record > /etc/systemd/system/twtop-record.service
"""

_STATUS: Final = """\
exit status: 0 after SIGTERM and --for, 130 after ctrl+c, 129 when its terminal
is gone, 2 after an error (said in one line)
"""

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES: Final = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_LONGEST_S: Final = 10 * 365 * 86400
_LEAST_BYTES: Final = 1 << 20


def record_parser() -> ArgumentParser:
    """Tell what ``twtop record`` takes."""
    parser = Parser("twtop record", _RECORD, FILTERS, _RECORD_EXAMPLES, _STATUS)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE|FOLDER",
        help="what to write, or where; nothing is overwritten (default: ./twtop-HOST-DATE-TIME.twtop)",
    )
    parser.add_argument(
        "--for",
        dest="for_s",
        metavar="DURATION",
        type=_duration,
        help="end after so long: 90s, 10m, 2h, 1d",
    )
    parser.add_argument(
        "--max-size",
        metavar="SIZE",
        type=_size,
        help="drop the oldest minutes so that the file never takes more: 500M, 2G (at least 1M)",
    )
    add_netns(parser)
    add_options(parser, ("filter", "interval_s", "owners", "owners_budget"))
    return parser


def _duration(text: str) -> float:
    """Read a time with its unit."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd])", text)
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not 0 < seconds <= _LONGEST_S:
        raise ArgumentTypeError(f"expected a time such as 90s, 10m, 2h or 1d, found {text!r}")
    return seconds


def _size(text: str) -> int:
    """Read a size with its unit, which is a power of 1024."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([KMGT])(?:i?B)?", text, re.IGNORECASE)
    size = int(float(found[1]) * _BYTES[found[2].upper()]) if found else 0
    if size < _LEAST_BYTES:
        raise ArgumentTypeError(f"expected a size of 1M at least, such as 500M or 2G, found {text!r}")
    return size
