"""The command line of ``twtop doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.cli.netns import LIVE_OR_RECORDED, add_netns
from twtop.cli.options import reader
from twtop.cli.parser import Parser
from twtop.cli.recording import TIMES, add_from
from twtop.cli.vocabulary import FILTERS
from twtop.core.options.kinds import Number

if TYPE_CHECKING:
    from argparse import ArgumentParser

_LOOKING: Final = Number("seconds", 1, 3600, "S")

_DOCTOR: Final = """\
Look twice, a second apart, and say what is wrong with the connections of this
host or about to be, worst first: the numbers, the cause, what to check, what
to do, and what not to do and why. Nothing is changed; commands are only shown.
Of a recording, say what was wrong at a moment, after the minute before it, or
with --watch all that came and went.
"""

_DOCTOR_EXAMPLES: Final = """\
examples:
  twtop doctor
  twtop doctor --seconds 10 --filter 'dst 10.0.0.0/8'
  twtop doctor --format json | jq '.findings[] | {severity, headline}'
  twtop doctor --watch
  twtop doctor --from incident.twtop --at 14:05:10
  twtop doctor --from incident.twtop --watch
  twtop doctor --rules
"""

_STATUS: Final = """\
exit status: 0 nothing found, 1 something found, 2 could not look (said in one
line), 130 after ctrl+c, 141 when the reader of a pipe is gone
"""


def doctor_parser() -> ArgumentParser:
    """Tell what ``twtop doctor`` takes."""
    parser = Parser("twtop doctor", _DOCTOR, FILTERS + TIMES, _DOCTOR_EXAMPLES, _STATUS)
    add_netns(parser, LIVE_OR_RECORDED)
    add_from(parser)
    parser.add_argument(
        "--filter", metavar="EXPR", help="only findings about matching sockets (default: all)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument(
        "--seconds",
        metavar="S",
        type=reader(_LOOKING),
        help="how long to look, 1 to 3600 (default: 1)",
    )
    parser.add_argument(
        "--watch", action="store_true", help="go on, and print a line for what comes and goes"
    )
    parser.add_argument(
        "--rules", action="store_true", help="list all rules, and whether this kernel can feed them"
    )
    return parser
