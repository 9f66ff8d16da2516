"""``twtop watch``: print a record at every interval."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from twtop.commands.choices import chosen_options, chosen_view
from twtop.commands.recorded import is_recorded, looks_of, recording_of
from twtop.core.options.screen import ScreenOptions
from twtop.core.signs import ASCII, UNICODE
from twtop.core.table.fields import FIELDS
from twtop.errors import UsageError
from twtop.export.json_ import owners_lack
from twtop.export.output import emit, pause, remark
from twtop.export.records import Origin
from twtop.export.stream.csv_ import Csv
from twtop.export.stream.instant import Instant, Wanted
from twtop.export.stream.jsonl import JsonLines, missed_line
from twtop.export.stream.table import Size, Table
from twtop.kernel.sockdiag.bytecode import compile_filter
from twtop.sources.labels import read_user_labels
from twtop.sources.looks import Missed, live_looks
from twtop.sources.watch import chosen
from twtop.ui.terminal.capabilities import capabilities
from twtop.ui.timeline.words import clock

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Generator, Iterable

    from twtop.export.stream.instant import Format
    from twtop.sources.looks import Look
    from twtop.sources.panorama import Looked

_ENDLESS: Final = 10_000
"""The width of what is no terminal: a file lacks nothing."""


def watch(arguments: Namespace) -> int:
    """Print records until there are enough of them; return the exit status.

    Raises:
        UsageError: the arguments contradict each other, or one cannot be understood.
        RecordingError: what is read instead of this host cannot be read.
        KernelError: the kernel gives no list of sockets in the first place.
        HostError: standard output cannot be written.
    """
    wanted = _wanted(arguments)
    count, form = arguments.count, arguments.format
    if is_recorded(arguments):
        with recording_of(arguments) as recording:
            # Only JSON tells of findings.
            looks = looks_of(recording, arguments.netns, examines=form == "jsonl")
            _print(islice(looks, count), wanted, form, Origin.of(recording.tape))
    else:
        with closing(_live(arguments, wanted)) as looks:
            _print(islice(looks, count), wanted, form)
    return 0


def _wanted(arguments: Namespace) -> Wanted:
    grouped = arguments.keys is not None
    for option in ("limit", "sort"):
        if getattr(arguments, option) is not None and not grouped:
            raise UsageError(f"--{option} is about groups; say with --by what to group by")
    spec = chosen_view(arguments, FIELDS)
    return Wanted(spec if grouped else replace(spec, keys=("state",)), grouped, arguments.limit)


def _live(arguments: Namespace, wanted: Wanted) -> Generator[Look, None, None]:
    """Look at the running kernel, and let it copy only what is told of."""
    owners = arguments.owners or wanted.spec.names_owners
    # JSON has ports and findings, which are of all sockets. The owner of what nobody holds is told by other
    # sockets: listeners, and connections to the same end.
    everything = owners or arguments.format == "jsonl"
    return live_looks(
        chosen(arguments.netns),
        read_user_labels(),
        chosen_options(arguments, ("interval_s",)).get("interval_s", ScreenOptions().interval_s),
        pause,
        owners=owners,
        wanted=None if everything else compile_filter(wanted.spec.filter),
    )


def _print(looks: Iterable[Look], wanted: Wanted, form: str, recorded: Origin | None = None) -> None:
    """Print looks, wherever they come from, each as soon as it is there."""
    written = _format(form, recorded)
    remarks = _Remarks(owners=wanted.spec.names_owners, recorded=recorded is not None)
    if recorded is not None and form != "jsonl":
        remark(*recorded.lacks)
    for look in looks:
        if isinstance(look, Missed):
            if form == "jsonl":
                emit([missed_line(look)])
            else:
                remark(f"{clock(look.wall_s, time.time())}: {look.reason}")
            continue
        if form != "jsonl":
            remarks.about(look)
        # As one text: an interruption leaves no half of a record.
        emit(["".join(written.texts(Instant(look, wanted)))])


def _format(form: str, recorded: Origin | None) -> Format:
    if form == "jsonl":
        return JsonLines(recorded)
    if form == "csv":
        return Csv()
    return Table(UNICODE if capabilities(os.environ).unicode else ASCII, _size)


def _size() -> Size:
    columns, lines = shutil.get_terminal_size((_ENDLESS, 24))
    # There is no standard output at all where it was closed before; `emit` says so.
    at_terminal = sys.stdout is not None and sys.stdout.isatty()
    return Size(columns, lines if at_terminal else None)


class _Remarks:
    """Says on standard error what the records lack: what JSON tells in each of them, once."""

    def __init__(self, *, owners: bool, recorded: bool) -> None:
        """``owners``: the records depend on them; ``recorded``: they are of a recording."""
        self._lacks: tuple[str, ...] = ()
        self._owners = owners
        self._recorded = recorded
        self._told: set[str] = set()
        """Why owners were lacking."""

    def about(self, looked: Looked) -> None:
        """Say what was not lacking in the look before."""
        snapshot = looked.moment.snapshot
        remark(*(lack for lack in looked.lacks if lack not in self._lacks))
        self._lacks = looked.lacks
        lack = owners_lack(snapshot, recorded=self._recorded)
        # How many that are is another number every time, and for a moment some are lacking again and again.
        if lack and self._owners and (why := lack.partition("; ")[2]) not in self._told:
            self._told.add(why)
            remark(lack)
