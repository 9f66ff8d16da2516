"""``twtop doctor``: say what is wrong, for people and for scripts."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Final

from twtop.commands.choices import chosen_options
from twtop.commands.recorded import is_recorded, looks_of, recording_of
from twtop.core.filter import Everything, filter_text
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
from twtop.export.output import emit, remark
from twtop.export.records import Origin
from twtop.sources.labels import read_user_labels
from twtop.sources.looks import Missed
from twtop.sources.owners.finder import OwnerFinder
from twtop.sources.replay.recording import narrowed
from twtop.sources.watch import Watch, chosen
from twtop.ui.timeline.words import clock

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator

    from twtop.core.filter import Expr
    from twtop.diagnosis.finding import Finding
    from twtop.sources.looks import Look
    from twtop.sources.panorama import Looked

_EVERY_S: Final = 1.0


def examine(arguments: Namespace) -> int:
    """Print what is wrong; return 1 if there is anything, else 0.

    Raises:
        UsageError: the arguments contradict each other, or the filter cannot be understood.
        RecordingError: what is read instead of this host cannot be read.
        KernelError: the kernel gives no list of sockets.
        HostError: standard output cannot be written.
    """
    wanted = chosen_options(arguments, ("filter",)).get("filter", Everything())
    if arguments.watch and arguments.seconds is not None:
        raise UsageError("--seconds and --watch contradict each other: --watch looks until it is ended")
    if is_recorded(arguments):
        return _examine_recorded(arguments, wanted)
    with Watch(chosen(arguments.netns), read_user_labels()) as watch:
        if arguments.rules:
            _print_rules(watch.look(), arguments)
            return 0
        if arguments.watch:
            _watch(_said(_looks(watch, None), wanted), wanted, as_json=arguments.format == "json")
        seconds = _EVERY_S if arguments.seconds is None else arguments.seconds
        started = time.monotonic()
        for looked in _looks(watch, seconds):
            last = looked
    return _report(last, time.monotonic() - started, wanted, arguments)


def _examine_recorded(arguments: Namespace, wanted: Expr) -> int:
    """Print what was wrong at a moment of a recording, or all that came and went in it."""
    if arguments.watch and arguments.at is not None:
        raise UsageError("--at and --watch contradict each other: --watch goes through the whole recording")
    with recording_of(arguments) as recording:
        if arguments.watch:
            remark(*Origin.of(recording.tape).lacks)
            looks = looks_of(recording, arguments.netns)
            return 1 if _watch(looks, wanted, as_json=arguments.format == "json") else 0
        row = recording.row(arguments.at)
        looked = narrowed(recording.look(row), arguments.netns)
        origin, past_s = Origin.of(recording.tape), recording.past_s(row)
    if arguments.rules:
        _print_rules(looked, arguments)
        return 0
    return _report(looked, past_s, wanted, arguments, origin)


def _report(
    looked: Looked, looked_s: float, wanted: Expr, arguments: Namespace, recorded: Origin | None = None
) -> int:
    findings = _matching(looked, wanted)
    if arguments.format == "json":
        emit([examination_json(looked, findings, looked_s, wanted, recorded)])
    else:
        emit(examination_text(looked, findings, looked_s, _width(), recorded))
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


def _watch(looks: Iterable[Look], wanted: Expr, *, as_json: bool) -> bool:
    """Print a line whenever a finding comes, gets worse or goes, until there are no more looks.

    Those at the running kernel go on until a signal or a closed pipe ends it. Returns whether any came.
    """
    news, any_came = News(), False
    for look in looks:
        if isinstance(look, Missed):
            remark(f"{clock(look.wall_s, time.time())}: {look.reason}")
            continue
        events = news.of(_matching(look, wanted), look.findings)
        any_came = any_came or bool(events)
        at = clock(look.moment.snapshot.wall_s, time.time())
        emit(
            event_json(event, finding, look) if as_json else event_text(event, finding, at)
            for event, finding in events
        )
    return any_came


def _said(looks: Iterable[Looked], wanted: Expr) -> Iterator[Looked]:
    """Tell who waits at a terminal that something goes on; standard output is for what comes and goes."""
    text = filter_text(wanted)
    watched = f"sockets that match {text}" if text else "all sockets"
    for number, looked in enumerate(looks):
        # Nobody reads that in a log.
        if not number and sys.stderr is not None and sys.stderr.isatty():
            so_far = len(_matching(looked, wanted))
            found = f"{so_far:,} found so far" if so_far else "nothing is wrong so far"
            remark(f"watching {watched} every {_EVERY_S:g} s until ctrl+c: {found}")
        yield looked


def _matching(looked: Looked, wanted: Expr) -> list[Finding]:
    """Return the findings that are not over and are about wanted sockets."""
    return [
        finding for finding in looked.findings if finding.over_s is None and about(finding, wanted, looked)
    ]


def _print_rules(looked: Looked, arguments: Namespace) -> None:
    emit([rules_json(looked)] if arguments.format == "json" else rules_text(looked, _width()))


def _width() -> int:
    return shutil.get_terminal_size((80, 24)).columns
