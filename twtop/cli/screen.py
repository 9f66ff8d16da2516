"""The command lines of ``twtop`` and ``twtop demo``."""

from __future__ import annotations

from argparse import SUPPRESS
from typing import TYPE_CHECKING, Final

from twtop import __version__
from twtop.cli.netns import add_netns
from twtop.cli.options import add_options
from twtop.cli.parser import Parser, Print
from twtop.cli.vocabulary import STATUS, USUAL_FILE, VOCABULARY

if TYPE_CHECKING:
    from argparse import ArgumentParser

_SCREEN: Final = """\
top for TCP connection states: live timers, port budgets, why a state exists.
Without a command it opens the screen; the key ? lists the keys there.

commands, as the first word:
  snapshot   print states and groups, or sockets, once: table, JSON or CSV
  watch      print a record at every interval: table, JSON lines or CSV
  record     write all that happens into a file, without a screen
  doctor     say what is wrong or about to be, and what to do about it
  replay     open the screen on a recording, with a time line
  diff       compare two moments of a recording: what grew, appeared, vanished
  explain    explain a state, sysctl, column, counter, myth or rule on this host
  exporter   answer Prometheus: metrics of states, ports, queues and findings
  demo       open the screen on a private world with sockets in every state
  config     print an example of a file of options, or check one
  completion print what lets bash, zsh or fish complete this line
  man        print the man page
  unit       print a unit for systemd: the recorder or the exporter
"""

_DEMO: Final = """\
Open the screen on a private network with real sockets in every state, churning
like a small busy server. This host's own network is not touched, and everything
is gone when the screen closes.
"""

_SCREEN_EXAMPLES: Final = """\
examples:
  twtop
  twtop --filter 'dport = :5432'
  twtop --filter 'time-wait and dst 10.0.0.0/8' --by remote --sort soon
  twtop --interval 5 --cpu-budget 10
  twtop --netns all
  twtop snapshot --format json
  twtop explain close-wait
"""


def screen_parser() -> ArgumentParser:
    """Tell what ``twtop`` takes without a command."""
    fields = "sockets, born, gone, soon, left, histogram, queues"
    usage = "twtop [OPTION ...]\n       twtop COMMAND [ARGUMENT ...]"
    vocabulary = VOCABULARY.format(fields=fields)
    parser = Parser("twtop", _SCREEN, vocabulary, _SCREEN_EXAMPLES, STATUS, usage=usage)
    parser.add_argument("--version", action=Print, text=_version, help="show the version and exit")
    parser.add_argument("words", nargs="*", help=SUPPRESS)
    add_netns(parser)
    _add_screen_options(parser)
    return parser


def demo_parser() -> ArgumentParser:
    """Tell what ``twtop demo`` takes."""
    parser = Parser("twtop demo", _DEMO)
    _add_screen_options(parser)
    return parser


def _add_screen_options(parser: Parser) -> None:
    add_options(parser)
    parser.add_argument(
        "--allow-close", action="store_true", help="let the key K close sockets, after asking (needs root)"
    )
    add_config(parser)


def add_config(parser: ArgumentParser) -> None:
    """Add what says which file of options counts."""
    file = parser.add_mutually_exclusive_group()
    file.add_argument("--config", metavar="FILE", help=f"read options from FILE (default: {USUAL_FILE})")
    file.add_argument("--no-config", action="store_true", help="read options from no file")


def _version() -> str:
    return f"twtop {__version__}\n"
