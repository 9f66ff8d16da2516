"""The command line of ``twtop explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.cli.parser import Parser
from twtop.cli.vocabulary import STATUS

if TYPE_CHECKING:
    from argparse import ArgumentParser

_EXPLAIN: Final = """\
Explain a TCP state, a sysctl, a column of the screen, a counter, a myth or a
rule of the doctor, as it is on this host. Case, - and _ do not matter. Without
a topic, list them all.
"""

_EXPLAIN_EXAMPLES: Final = """\
examples:
  twtop explain
  twtop explain time-wait
  twtop explain tcp_tw_reuse
  twtop explain send queue
  twtop explain myths
  twtop explain ports-nearly-gone
"""


def explain_parser() -> ArgumentParser:
    """Tell what ``twtop explain`` takes."""
    parser = Parser("twtop explain", _EXPLAIN, _EXPLAIN_EXAMPLES, STATUS)
    parser.add_argument(
        "topic", nargs="*", metavar="TOPIC", help="a state, sysctl, column, counter, myth or rule"
    )
    return parser
