"""The command line of ``twtop diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.cli.netns import add_recorded_netns
from twtop.cli.options import add_options
from twtop.cli.parser import Parser, positive
from twtop.cli.recording import TIMES
from twtop.cli.vocabulary import FILTERS, GROUPINGS, STATUS

if TYPE_CHECKING:
    from argparse import ArgumentParser

_DIFF: Final = """\
Print what grew, appeared and vanished between two moments of a recording:
states, groups, owners, ports, counters, sysctls and findings. NEW and GONE
are sockets that were not there before, or are not any more; IN and OUT those
that are there at both moments and came from, or went to, another group.
"""

_EXAMPLES: Final = """\
examples:
  twtop diff incident.twtop
  twtop diff incident.twtop --since 14:05:05 --until +15s --by command,state
  twtop diff incident.twtop --since -10s --filter 'dport = :5432'
  twtop diff incident.twtop --format json | jq '.groups[] | select(.came > 9)'
"""

_MOST: Final = 1000


def diff_parser() -> ArgumentParser:
    """Tell what ``twtop diff`` takes."""
    parser = Parser("twtop diff", _DIFF, FILTERS + GROUPINGS + TIMES, _EXAMPLES, STATUS)
    parser.add_argument("recording", metavar="FILE", help="what w or twtop record has written")
    parser.add_argument("--since", metavar="TIME", default="start", help="one moment (default: the start)")
    parser.add_argument("--until", metavar="TIME", default="end", help="the other moment (default: the end)")
    add_recorded_netns(parser)
    add_options(parser, ("filter", "keys"))
    parser.add_argument("--format", choices=("table", "json"), default="table", help="default: table")
    parser.add_argument(
        "--limit",
        metavar="N",
        type=positive,
        default=_MOST,
        help=f"the N groups and destinations that changed the most, the others summed up (default: {_MOST})",
    )
    return parser
