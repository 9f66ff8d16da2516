"""The command line: what may be said, and one clear line for everything else.

Nothing heavy is imported before a command needs it: ``--help`` answers at once.
"""

from __future__ import annotations

import os
from argparse import SUPPRESS, Action, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from twtop import __version__
from twtop.core.text import printable
from twtop.errors import UsageError
from twtop.export.output import emit

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence

_INTERVAL_S: Final = (0.1, 3600)
_LOOKING_S: Final = (1, 3600)
_CPU_BUDGET_PERCENT: Final = (1, 100)

_SCREEN: Final = """\
top for TCP connection states: live timers, port budgets, why a state exists.
Without a command it opens the screen; the key ? lists the keys there.

commands, as the first word:
  snapshot   print states and groups, or sockets, once: table, JSON or CSV
  doctor     say what is wrong or about to be, and what to do about it
  explain    explain a state, sysctl, column, counter, myth or rule on this host
  demo       open the screen on a private world with sockets in every state
"""

_SNAPSHOT: Final = """\
Print the TCP states and groups, or the sockets, of this instant, and exit.
States and groups are those of matching sockets; the ports in JSON of all.
"""

_EXPLAIN: Final = """\
Explain a TCP state, a sysctl, a column of the screen, a counter, a myth or a
rule of the doctor, as it is on this host. Case, - and _ do not matter. Without
a topic, list them all.
"""

_DOCTOR: Final = """\
Look twice, a second apart, and say what is wrong with the connections of this
host or about to be, worst first: the numbers, the cause, what to check, what to
do, and what not to do and why. Nothing is changed; commands are only shown.
"""

_DOCTOR_EXAMPLES: Final = """\
examples:
  twtop doctor
  twtop doctor --seconds 10 --filter 'dst 10.0.0.0/8'
  twtop doctor --format json | jq '.findings[] | {severity, headline}'
  twtop doctor --watch
  twtop doctor --rules
"""

_DOCTOR_STATUS: Final = """\
exit status: 0 nothing found, 1 something found, 2 could not look (said in one
line), 130 after ctrl+c, 141 when the reader of a pipe is gone
"""

_DEMO: Final = """\
Open the screen on a private network with real sockets in every state, churning
like a small busy server. This host's own network is not touched, and everything
is gone when the screen closes.
"""

_VOCABULARY: Final = """\
EXPR   a filter as ss(8) has it: state close-wait, dport = :443,
       dst 10.0.0.0/8, and or not ( ); also :443 for either port,
       port:8000-8999, a bare address or network for either side, a bare state
KEYS   of state, peer, remote, remote-address, remote-network, remote-port,
       local, local-address, local-port, role; by commas, outermost first
FIELD  one of {fields}
"""

_SCREEN_EXAMPLES: Final = """\
examples:
  twtop
  twtop --filter 'dport = :5432'
  twtop --filter 'time-wait and dst 10.0.0.0/8' --by remote --sort soon
  twtop --interval 5 --cpu-budget 10
  twtop snapshot --format json
  twtop explain close-wait
"""

_SNAPSHOT_EXAMPLES: Final = """\
examples:
  twtop snapshot --limit 10
  twtop snapshot --filter 'state connected' --by state,remote-network
  twtop snapshot --filter close-wait --sockets
  twtop snapshot --sockets --format csv > sockets.csv
  twtop snapshot --format json | jq .ports.destinations
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

_STATUS: Final = """\
exit status: 2 after an error (said in one line), 130 after ctrl+c, 141 when
the reader of a pipe is gone, else 0
"""


def run(argv: Sequence[str]) -> int:
    """Do what the command line asks; return the exit status.

    Raises:
        TwtopError: it cannot be done.
        SystemExit: help or the version was printed.
    """
    # numpy's OpenBLAS would start a thread per core, for linear algebra that nobody does here.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Textual waits this long (ms) for the rest of an escape sequence before a lone esc counts.
    os.environ.setdefault("ESCDELAY", "25")
    named = bool(argv) and argv[0] in _COMMANDS
    command = _COMMANDS[argv[0]] if named else _Command(_screen_parser, _open_screen)
    return command.run(command.parser().parse_args(argv[1:] if named else argv))


class _Parser(ArgumentParser):
    """An ArgumentParser whose errors are one line, and whose help may be too much for a disk."""

    def __init__(self, prog: str, description: str, *epilog: str, usage: str | None = None) -> None:
        super().__init__(
            prog,
            usage,
            description=description,
            epilog="\n".join(epilog),
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
            add_help=False,
        )
        self.add_argument(
            "-h", "--help", action=_Print, text=self.format_help, help="show this help message and exit"
        )

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{printable(message)}; see `{self.prog} --help`")


class _Print(Action):
    """Print a text and exit, through the one door for output."""

    def __init__(self, option_strings: Sequence[str], dest: str, text: Callable[[], str], help: str) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, help=help)
        self._text = text

    def __call__(self, parser: ArgumentParser, *_: Any) -> None:
        emit([self._text()])
        parser.exit()


def _screen_parser() -> ArgumentParser:
    fields = "sockets, born, gone, soon, left, histogram, queues"
    usage = "twtop [OPTION ...]\n       twtop COMMAND [ARGUMENT ...]"
    vocabulary = _VOCABULARY.format(fields=fields)
    parser = _Parser("twtop", _SCREEN, vocabulary, _SCREEN_EXAMPLES, _STATUS, usage=usage)
    parser.add_argument("--version", action=_Print, text=_version, help="show the version and exit")
    parser.add_argument("words", nargs="*", help=SUPPRESS)
    _add_screen_options(parser)
    return parser


def _demo_parser() -> ArgumentParser:
    parser = _Parser("twtop demo", _DEMO)
    _add_screen_options(parser)
    return parser


def _snapshot_parser() -> ArgumentParser:
    fields = "sockets, soon, left, histogram, queues"
    vocabulary = _VOCABULARY.format(fields=fields)
    parser = _Parser("twtop snapshot", _SNAPSHOT, vocabulary, _SNAPSHOT_EXAMPLES, _STATUS)
    _add_view_options(parser)
    parser.add_argument("--sockets", action="store_true", help="single sockets; in JSON besides the groups")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="default: table")
    parser.add_argument(
        "--limit",
        metavar="N",
        type=_positive,
        help="in a table show N groups at most of each level, or N sockets (default: all)",
    )
    return parser


def _doctor_parser() -> ArgumentParser:
    parser = _Parser("twtop doctor", _DOCTOR, _DOCTOR_EXAMPLES, _DOCTOR_STATUS)
    parser.add_argument(
        "--filter", metavar="EXPR", help="only findings about matching sockets (default: all)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument(
        "--seconds",
        metavar="S",
        type=_number("seconds", *_LOOKING_S),
        help="how long to look, 1 to 3600 (default: 1)",
    )
    parser.add_argument(
        "--watch", action="store_true", help="go on, and print a line for what comes and goes"
    )
    parser.add_argument(
        "--rules", action="store_true", help="list all rules, and whether this kernel can feed them"
    )
    return parser


def _explain_parser() -> ArgumentParser:
    parser = _Parser("twtop explain", _EXPLAIN, _EXPLAIN_EXAMPLES, _STATUS)
    parser.add_argument(
        "topic", nargs="*", metavar="TOPIC", help="a state, sysctl, column, counter, myth or rule"
    )
    return parser


def _add_screen_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--interval",
        metavar="S",
        type=_number("seconds", *_INTERVAL_S),
        default=1.0,
        help="seconds between snapshots, 0.1 to 3600 (default: 1)",
    )
    _add_view_options(parser)
    parser.add_argument(
        "--cpu-budget",
        metavar="PERCENT",
        type=_number("percent", *_CPU_BUDGET_PERCENT),
        default=25.0,
        help="of one core, 1 to 100; the interval stretches to keep within (default: 25)",
    )


def _add_view_options(parser: ArgumentParser) -> None:
    parser.add_argument("--filter", metavar="EXPR", help="only matching sockets (default: all)")
    parser.add_argument("--by", metavar="KEYS", help="what to group by (default: state,peer)")
    parser.add_argument("--sort", metavar="FIELD", help="order of groups, most first (default: sockets)")


def _number(unit: str, lowest: float, highest: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        with suppress(ValueError):
            # Neither infinity nor NaN is in between.
            if lowest <= float(text) <= highest:
                return float(text)
        raise ArgumentTypeError(f"expected {unit} from {lowest} to {highest}, found {text!r}")

    return read


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise ArgumentTypeError(f"expected a number from 1 to 999999999, found {text!r}")
    return int(text)


def _version() -> str:
    return f"twtop {__version__}\n"


def _open_screen(arguments: Namespace) -> int:
    if arguments.words:
        raise UsageError(_misplaced(arguments.words[0]))
    from twtop.commands.screen import open_screen

    return open_screen(arguments)


def _misplaced(word: str) -> str:
    if word in _COMMANDS:
        return f"a command comes first: twtop {word} ..., then its options"
    return f"there is no command {word!r}; the commands are {', '.join(_COMMANDS)}"


def _open_demo(arguments: Namespace) -> int:
    from twtop.commands.screen import open_demo

    return open_demo(arguments)


def _print_snapshot(arguments: Namespace) -> int:
    from twtop.commands.snapshot import print_snapshot

    return print_snapshot(arguments)


def _examine(arguments: Namespace) -> int:
    from twtop.commands.doctor import examine

    return examine(arguments)


def _print_explanation(arguments: Namespace) -> int:
    from twtop.commands.explain import print_explanation

    return print_explanation(arguments)


class _Command(NamedTuple):
    parser: Callable[[], ArgumentParser]
    run: Callable[[Namespace], int]


_COMMANDS: Final = {
    "snapshot": _Command(_snapshot_parser, _print_snapshot),
    "doctor": _Command(_doctor_parser, _examine),
    "explain": _Command(_explain_parser, _print_explanation),
    "demo": _Command(_demo_parser, _open_demo),
}
