"""The command line: what may be said, and one clear line for everything else.

Nothing heavy is imported before a command needs it: ``--help`` answers at once.
"""

from __future__ import annotations

import os
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
    from collections.abc import Callable, Sequence


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
    command = _COMMANDS[argv[0]] if named else _Command(screen_parser, _open_screen)
    return command.run(command.parser().parse_args(argv[1:] if named else argv))


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


def _watch(arguments: Namespace) -> int:
    from twtop.commands.watch import watch

    return watch(arguments)


def _record(arguments: Namespace) -> int:
    from twtop.commands.record import record

    return record(arguments)


def _examine(arguments: Namespace) -> int:
    from twtop.commands.doctor import examine

    return examine(arguments)


def _replay(arguments: Namespace) -> int:
    from twtop.commands.replay import replay

    return replay(arguments)


def _diff(arguments: Namespace) -> int:
    from twtop.commands.diff import diff

    return diff(arguments)


def _print_explanation(arguments: Namespace) -> int:
    from twtop.commands.explain import print_explanation

    return print_explanation(arguments)


def _export_metrics(arguments: Namespace) -> int:
    from twtop.commands.exporter import export_metrics

    return export_metrics(arguments)


def _show_config(arguments: Namespace) -> int:
    from twtop.commands.config import show_config

    return show_config(arguments)


def _print_completion(arguments: Namespace) -> int:
    from twtop.commands.completion import print_completion

    return print_completion(arguments, parsers())


def _print_manual(_: Namespace) -> int:
    from twtop.commands.man import print_manual

    return print_manual(parsers())


def _print_unit(arguments: Namespace) -> int:
    from twtop.commands.unit import print_unit

    return print_unit(arguments)


def parsers() -> dict[str, ArgumentParser]:
    """Return what reads the arguments of each command, and under ``""`` of twtop without one."""
    return {"": screen_parser()} | {name: command.parser() for name, command in _COMMANDS.items()}


class _Command(NamedTuple):
    parser: Callable[[], ArgumentParser]
    run: Callable[[Namespace], int]


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
