"""The command line: what may be said, and one clear line for everything else.

Nothing heavy is imported before a command needs it: ``--help`` answers at once.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

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

Do: TypeAlias = "Callable[[Namespace], int]"
"""What does what arguments ask, and returns the exit status."""


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


def _open_screen() -> Do:
    from twtop.commands.screen import open_screen

    return open_screen


def _open_demo() -> Do:
    from twtop.commands.screen import open_demo

    return open_demo


def _print_snapshot() -> Do:
    from twtop.commands.snapshot import print_snapshot

    return print_snapshot


def _watch() -> Do:
    from twtop.commands.watch import watch

    return watch


def _record() -> Do:
    from twtop.commands.record import record

    return record


def _examine() -> Do:
    from twtop.commands.doctor import examine

    return examine


def _replay() -> Do:
    from twtop.commands.replay import replay

    return replay


def _diff() -> Do:
    from twtop.commands.diff import diff

    return diff


def _print_explanation() -> Do:
    from twtop.commands.explain import print_explanation

    return print_explanation


def _export_metrics() -> Do:
    from twtop.commands.exporter import export_metrics

    return export_metrics


def _show_config() -> Do:
    from twtop.commands.config import show_config

    return show_config


def _print_completion() -> Do:
    from twtop.commands.completion import print_completion

    return partial(print_completion, parsers=parsers())


def _print_manual() -> Do:
    from twtop.commands.man import print_manual

    return lambda _: print_manual(parsers())


def _print_unit() -> Do:
    from twtop.commands.unit import print_unit

    return print_unit


def parsers() -> dict[str, ArgumentParser]:
    """Return what reads the arguments of each command, and under ``""`` of twtop without one."""
    return {"": _SCREEN.parser()} | {name: command.parser() for name, command in _COMMANDS.items()}


class _Command(NamedTuple):
    parser: Callable[[], ArgumentParser]
    load: Callable[[], Do]
    """Imports what does it."""


_SCREEN: Final = _Command(screen_parser, _open_screen)
_COMMANDS: Final = {
    "snapshot": _Command(snapshot_parser, _print_snapshot),
    "watch": _Command(watch_parser, _watch),
    "record": _Command(record_parser, _record),
    "doctor": _Command(doctor_parser, _examine),
    "replay": _Command(replay_parser, _replay),
    "diff": _Command(diff_parser, _diff),
    "explain": _Command(explain_parser, _print_explanation),
    "exporter": _Command(exporter_parser, _export_metrics),
    "demo": _Command(demo_parser, _open_demo),
    "config": _Command(config_parser, _show_config),
    "completion": _Command(completion_parser, _print_completion),
    "man": _Command(man_parser, _print_manual),
    "unit": _Command(unit_parser, _print_unit),
}
