"""The command line of ``twtop snapshot``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.cli.netns import LIVE_OR_RECORDED, add_netns
from twtop.cli.options import add_options
from twtop.cli.parser import Parser, positive
from twtop.cli.recording import TIMES, add_from
from twtop.cli.vocabulary import STATUS, VOCABULARY

if TYPE_CHECKING:
    from argparse import ArgumentParser

_SNAPSHOT: Final = """\
Print the TCP states and groups, or the sockets, of this instant, and exit.
States and groups are those of matching sockets; the ports in JSON of all. Or
print those of a moment of a recording.
"""

_SNAPSHOT_EXAMPLES: Final = """\
examples:
  twtop snapshot --limit 10
  twtop snapshot --filter 'state connected' --by state,remote-network
  twtop snapshot --filter close-wait --sockets
  twtop snapshot --sockets --format csv > sockets.csv
  twtop snapshot --format json | jq .ports.destinations
  twtop snapshot --by command,state --filter 'user = www-data'
  twtop snapshot --netns all --by namespace,state
  twtop snapshot --from incident.twtop --at 14:05:10 --by remote
"""


def snapshot_parser() -> ArgumentParser:
    """Tell what ``twtop snapshot`` takes."""
    fields = "sockets, soon, left, histogram, queues"
    vocabulary = VOCABULARY.format(fields=fields) + TIMES
    parser = Parser("twtop snapshot", _SNAPSHOT, vocabulary, _SNAPSHOT_EXAMPLES, STATUS)
    add_netns(parser, LIVE_OR_RECORDED)
    add_from(parser)
    add_options(parser, ("filter", "keys", "sort"))
    parser.add_argument("--sockets", action="store_true", help="single sockets; in JSON besides the groups")
    parser.add_argument(
        "--owners",
        action="store_true",
        help="find out which process holds each socket (default: if KEYS or EXPR is about owners);"
        " all sockets are read for that",
    )
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="default: table")
    parser.add_argument(
        "--limit",
        metavar="N",
        type=positive,
        help="N groups at most of each level, or N sockets (default: all)",
    )
    return parser
