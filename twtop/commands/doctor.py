"""``twtop doctor``: say what is wrong, for people and for scripts."""

from __future__ import annotations

import shutil
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from twtop.commands.choices import chosen_filter
from twtop.core.filter import Everything
from twtop.diagnosis.news import News
from twtop.errors import UsageError
from twtop.export.findings import (
    about,
    event_json,
    event_text,
    examination_json,
    examination_text,
    rules_json,
    rules_text,
)
from twtop.export.output import emit
from twtop.sources.labels import read_user_labels
from twtop.sources.owners.finder import OwnerFinder
from twtop.sources.watch import Watch, chosen

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from twtop.core.filter import Expr
    from twtop.diagnosis.finding import Finding
    from twtop.sources.panorama import Looked

_EVERY_S: Final = 1.0


def examine(arguments: Namespace) -> int:
    """Print what is wrong; return 1 if there is anything, else 0.

    Raises:
        UsageError: the arguments contradict each other, or the filter cannot be understood.
        KernelError: the kernel gives no list of sockets.
        HostError: standard output cannot be written.
    """
    wanted = chosen_filter(arguments.filter)
    if arguments.watch and arguments.seconds is not None:
        raise UsageError("--seconds and --watch contradict each other: --watch looks until it is ended")
    with Watch(chosen(arguments.netns), read_user_labels()) as watch:
        if arguments.rules:
            _print_rules(watch.look(), arguments)
            return 0
        if arguments.watch:
            _watch(watch, wanted, as_json=arguments.format == "json")
        seconds = _EVERY_S if arguments.seconds is None else arguments.seconds
        started = time.monotonic()
        for looked in _looks(watch, seconds):
            last = looked
    looked_s = time.monotonic() - started
    findings = _matching(last, wanted)
    if arguments.format == "json":
        emit([examination_json(last, findings, looked_s, wanted)])
    else:
        emit(examination_text(last, findings, looked_s, _width()))
    return 1 if findings else 0


def _looks(watch: Watch, seconds: float | None) -> Iterator[Looked]:
    """Look now and every second, for the last time after so many seconds; without end if None."""
    start = time.monotonic()
    due = 0.0
    finder = OwnerFinder()
    try:
        while True:
            time.sleep(max(0.0, start + due - time.monotonic()))
            looked = watch.look(finder)
            finder.start()
            yield looked
            if seconds is not None and due >= seconds:
                return
            passed = time.monotonic() - start
            due = max(due + _EVERY_S, passed)
            if seconds is not None:
                due = min(due, max(seconds, passed))
    finally:
        finder.stop()


def _watch(watch: Watch, wanted: Expr, *, as_json: bool) -> None:
    """Print a line whenever a finding comes, gets worse or goes, until a signal or a closed pipe ends it."""
    news = News()
    for number, looked in enumerate(_looks(watch, None)):
        clock = time.strftime("%H:%M:%S", time.localtime(looked.moment.snapshot.wall_s))
        found = _matching(looked, wanted)
        if not number:
            _say_what_is_watched(wanted, so_far=len(found))
        emit(
            event_json(event, finding, looked) if as_json else event_text(event, finding, clock)
            for event, finding in news.of(found, looked.findings)
        )


def _say_what_is_watched(wanted: Expr, *, so_far: int) -> None:
    """Tell who waits at a terminal that something goes on; standard output is for what comes and goes."""
    watched = "all sockets" if isinstance(wanted, Everything) else f"sockets that match {wanted}"
    found = f"{so_far:,} found so far" if so_far else "nothing is wrong so far"
    # Whoever closed standard error does not want to know.
    with suppress(OSError, AttributeError):
        if sys.stderr.isatty():
            sys.stderr.write(f"twtop: watching {watched} every {_EVERY_S:g} s until ctrl+c: {found}\n")


def _matching(looked: Looked, wanted: Expr) -> list[Finding]:
    """Return the findings that are not over and are about wanted sockets."""
    return [
        finding for finding in looked.findings if finding.over_s is None and about(finding, wanted, looked)
    ]


def _print_rules(looked: Looked, arguments: Namespace) -> None:
    emit([rules_json(looked)] if arguments.format == "json" else rules_text(looked, _width()))


def _width() -> int:
    return shutil.get_terminal_size((80, 24)).columns
