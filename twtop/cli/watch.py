"""The command line of ``twtop watch``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.cli.netns import LIVE_OR_RECORDED, add_netns
from twtop.cli.options import add_options
from twtop.cli.parser import Parser, positive
from twtop.cli.recording import add_from
from twtop.cli.vocabulary import STATUS, VOCABULARY

if TYPE_CHECKING:
    from argparse import ArgumentParser

_WATCH: Final = """\
Print a record at every interval, until ctrl+c or until its reader goes: a line
of a table, of JSON or of CSV, with the number of matching sockets by state and
how many a second come and go; with --by their groups, too. JSON has findings
and the worst port budget besides. Of a recording: a record of every look in it,
without waiting.
"""

_WATCH_EXAMPLES: Final = """\
examples:
  twtop watch
  twtop watch --filter 'dport = :5432' --interval 5
  twtop watch --by command,state --limit 5
  twtop watch --format csv --count 60 > minute.csv
  twtop watch --from incident.twtop --format csv > incident.csv
  twtop watch --format jsonl | jq -c '{time, states, full: .ports.worst}'
  twtop watch --format jsonl --netns all --interval 10 >> /var/log/twtop.jsonl
"""


def watch_parser() -> ArgumentParser:
    """Tell what ``twtop watch`` takes."""
    fields = "sockets, born, gone, soon, left, histogram, queues"
    vocabulary = VOCABULARY.format(fields=fields)
    parser = Parser("twtop watch", _WATCH, vocabulary, _WATCH_EXAMPLES, STATUS)
    add_netns(parser, LIVE_OR_RECORDED)
    add_from(parser, at=False)
    parser.add_argument("--format", choices=("table", "jsonl", "csv"), default="table", help="default: table")
    add_options(parser, ("interval_s",))
    parser.add_argument("--count", metavar="N", type=positive, help="end after N records (default: go on)")
    add_options(parser, ("filter",))
    parser.add_argument(
        "--by", dest="keys", metavar="KEYS", help="groups, and what to group by (default: no groups)"
    )
    add_options(parser, ("sort",))
    parser.add_argument(
        "--limit", metavar="N", type=positive, help="N groups at most of each level (default: all)"
    )
    parser.add_argument(
        "--owners",
        action="store_true",
        help="find out which process holds each socket (default: if KEYS or EXPR is about owners)",
    )
    return parser
