"""The command line of ``twtop replay``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.cli.options import add_options
from twtop.cli.parser import Parser
from twtop.cli.recording import TIMES
from twtop.cli.screen import add_config
from twtop.cli.vocabulary import STATUS, VOCABULARY

if TYPE_CHECKING:
    from argparse import ArgumentParser

_REPLAY: Final = """\
Open the screen on a recording, with a time line: space plays and pauses, comma
and full stop step, + and - set the speed, t goes to a time, { and } to
findings, A and B mark two moments and D compares them. It plays from the
start, or stands still at TIME.
"""

_EXAMPLES: Final = """\
examples:
  twtop replay incident.twtop
  twtop replay incident.twtop --at 14:05:10
  twtop replay incident.twtop --at next --filter 'dport = :5432'
"""

_OPTIONS: Final = ("filter", "keys", "sort", "reverse", "columns", "theme", "privacy", "own_session")
"""Those that are not about how to collect."""


def replay_parser() -> ArgumentParser:
    """Tell what ``twtop replay`` takes."""
    fields = "sockets, born, gone, soon, left, histogram, queues"
    parser = Parser("twtop replay", _REPLAY, VOCABULARY.format(fields=fields) + TIMES, _EXAMPLES, STATUS)
    parser.add_argument("recording", metavar="FILE", help="what w or twtop record has written")
    parser.add_argument(
        "--at", metavar="TIME", help="stand still at this moment (default: play from the start)"
    )
    add_options(parser, _OPTIONS)
    add_config(parser)
    return parser
