"""The command line: what may be said, and one clear line for everything else.

Nothing heavy is imported before a command needs it: ``--help`` answers at once.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.cli.completion import completion_parser
from twtop.cli.config import config_parser
from twtop.cli.diff import diff_parser
from twtop.cli.doctor import doctor_parser
from twtop.cli.explain import explain_parser
from twtop.cli.exporter import exporter_parser
from twtop.cli.man import man_parser
from twtop.cli.record import record_parser
from twtop.cli.replay import replay_parser
from twtop.cli.screen import demo_parser, screen_parser
from twtop.cli.snapshot import snapshot_parser
from twtop.cli.unit import unit_parser
from twtop.cli.watch import watch_parser
from twtop.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator, Sequence


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
    command = _COMMANDS[argv[0]] if named else _SCREEN
    arguments = command.parser().parse_args(argv[1:] if named else argv)
    if not named and arguments.words:
        raise UsageError(_misplaced(arguments.words[0]))
    with _ended_by_ctrl_c():
        do = command.load()
    return do(arguments)


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """Let ctrl+c end the process by the signal: some libraries fail in words of their own if interrupted."""
    before = signal.getsignal(signal.SIGINT)
    # A shell that starts something in the background lets it ignore the signal.
    if before is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _misplaced(word: str) -> str:
    if word in _COMMANDS:
        return f"a command comes first: twtop {word} ..., then its options"
    return f"there is no command {word!r}; the commands are {', '.join(_COMMANDS)}"


def parsers() -> dict[str, ArgumentParser]:
    """Return what reads the arguments of each command, and under ``""`` of twtop without one."""
    return {"": _SCREEN.parser()} | {name: command.parser() for name, command in _COMMANDS.items()}


class _Command(NamedTuple):
    parser: Callable[[], ArgumentParser]
    does: str
    """What does it: a module of `twtop.commands`, and its function."""
    knows_all: bool = False
    """Whether that is told what all parsers are, too."""

    def load(self) -> Callable[[Namespace], int]:
        """Import what does what arguments ask, and returns the exit status."""
        module, _, name = self.does.partition(".")
        do: Callable[..., int] = getattr(import_module(f"twtop.commands.{module}"), name)
        return partial(do, parsers=parsers()) if self.knows_all else do


_SCREEN: Final = _Command(screen_parser, "screen.open_screen")
_COMMANDS: Final = {
    "snapshot": _Command(snapshot_parser, "snapshot.print_snapshot"),
    "watch": _Command(watch_parser, "watch.watch"),
    "record": _Command(record_parser, "record.record"),
    "doctor": _Command(doctor_parser, "doctor.examine"),
    "replay": _Command(replay_parser, "replay.replay"),
    "diff": _Command(diff_parser, "diff.diff"),
    "explain": _Command(explain_parser, "explain.print_explanation"),
    "exporter": _Command(exporter_parser, "exporter.export_metrics"),
    "demo": _Command(demo_parser, "screen.open_demo"),
    "config": _Command(config_parser, "config.show_config"),
    "completion": _Command(completion_parser, "completion.print_completion", knows_all=True),
    "man": _Command(man_parser, "man.print_manual", knows_all=True),
    "unit": _Command(unit_parser, "unit.print_unit"),
}
