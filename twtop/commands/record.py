"""``twtop record``: write what happens into a file."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twtop.commands.choices import chosen_options
from twtop.commands.waiting import EndedError, Waiting
from twtop.core.filter import Everything, filter_text, names_owners
from twtop.core.format import counted
from twtop.core.options.screen import ScreenOptions
from twtop.core.text import printable
from twtop.errors import RecordingError, UsageError
from twtop.export.findings import about
from twtop.export.output import remark
from twtop.kernel.allocator import share_one_arena
from twtop.kernel.host import read_host
from twtop.kernel.service_manager import notify
from twtop.kernel.sockdiag.bytecode import compile_filter
from twtop.recording.file.spool import Spool
from twtop.recording.file.writer import About
from twtop.recording.tape import Mark
from twtop.sources.labels import read_user_labels
from twtop.sources.looks import Missed, live_looks
from twtop.sources.sifting import sifted
from twtop.sources.taping import Taper
from twtop.sources.watch import ALL, OWN, chosen

if TYPE_CHECKING:
    from argparse import Namespace

    from twtop.recording.file.spool import Finished
    from twtop.sources.looks import Look
    from twtop.sources.panorama import Looked
    from twtop.sources.watch import Chosen

_AGAIN_S: Final = 60.0
"""How often the same trouble is told."""


def record(arguments: Namespace) -> int:
    """Record until a signal or the time ends it; return the exit status.

    Raises:
        UsageError: an argument cannot be understood.
        KernelError: the kernel gives no list of sockets in the first place.
        RecordingError: the file cannot be made, or not be ended as it should be.
    """
    members = ("filter", "interval_s", "owners", "owners_budget")
    options = ScreenOptions(**chosen_options(arguments, members))
    share_one_arena()
    recorder = _Recorder(options, chosen(arguments.netns), arguments.max_size)
    with Waiting(recorder.rotate, arguments.for_s) as waiting:
        return _record(recorder, options, arguments, waiting)


def _record(recorder: _Recorder, options: ScreenOptions, arguments: Namespace, waiting: Waiting) -> int:
    """Record until it is time to end; return the exit status."""
    # The owner of what nobody holds is told by other sockets: listeners, and connections to the same end.
    everything = isinstance(options.filter, Everything) or names_owners(options.filter)
    looks = live_looks(
        recorder.chosen,
        read_user_labels(),
        options.interval_s,
        waiting.pause,
        owners=options.owners or names_owners(options.filter),
        owners_share=options.owners_budget / 100,
        wanted=None if everything else compile_filter(options.filter),
    )
    status = 0
    with closing(looks):
        recorder.begin(_output(arguments.output), next(looks), arguments.for_s)
        try:
            for look in looks:
                recorder.take(look)
        except EndedError as ended:
            status = ended.status
        finally:
            notify("STOPPING=1")
            recorder.finish()
    return status


def _output(text: str | None) -> Path:
    if text == "":
        # As a script has it that forgot to set a variable.
        raise UsageError("--output: expected a file or a folder, found ''")
    path = Path(text or ".")
    if text and text.endswith("/") and not path.is_dir():
        raise UsageError(f"there is no folder {printable(text)}")
    return path


class _Recorder:
    """Writes looks, and says what a user must know."""

    def __init__(self, options: ScreenOptions, chosen: Chosen, most_bytes: int | None) -> None:
        self.chosen: Final = chosen
        self._options = options
        self._most_bytes = most_bytes
        self._spool: Spool
        self._taper: Taper
        self._missing = ""
        """Why the last look failed; empty where it did not."""
        self._troubled_s: float | None = None
        """Since when nothing can be written, monotonic time."""
        self._told: dict[str, float] = {}

    def begin(self, path: Path, look: Look, for_s: float | None) -> None:
        """Make the file, and write the first look."""
        text = filter_text(self._options.filter)
        hostname = read_host().hostname
        self._spool = Spool(path, About(hostname, text), time.time(), self._most_bytes, remark)
        self._taper = Taper(self._spool)
        what = f"sockets that match {printable(text)}" if text else "all sockets"
        if self.chosen != OWN:
            what += (
                " of all namespaces" if self.chosen == ALL else f" of namespace {printable(self.chosen.name)}"
            )
        until = "until ctrl+c" if for_s is None else f"for {timedelta(seconds=round(for_s))}"
        most = "" if self._most_bytes is None else f", {self._most_bytes / (1 << 20):,.0f} MiB at most"
        remark(f"recording {what} every {self._options.interval_s:g} s {until}{most}: {self._shown}")
        self.take(look)
        notify("READY=1")

    @property
    def _shown(self) -> str:
        return printable(str(self._spool.path))

    def take(self, look: Look) -> None:
        """Write a look, or what went wrong; whatever does, it can go on."""
        if isinstance(look, Missed):
            if look.reason != self._missing:
                self._spool.mark(Mark(look.wall_s, "failure", 0, printable(look.reason)))
            self._missing = look.reason
            self._complain(look.reason)
            return
        self._missing = ""
        now_s = look.moment.snapshot.instant_s
        if self._spool.rests(now_s):
            return
        try:
            self._taper.add(self._kept(look), self.chosen)
        except RecordingError as error:
            self._troubled_s = now_s if self._troubled_s is None else self._troubled_s
            self._complain(f"{error}: nothing is recorded until that changes")
        else:
            if self._troubled_s is not None:
                gap = timedelta(seconds=round(now_s - self._troubled_s))
                remark(f"recording again, after {gap}: {self._shown}")
            self._troubled_s = None

    def _kept(self, looked: Looked) -> Looked:
        """Keep of a look what matches the filter, with the findings that are about that."""
        wanted = self._options.filter
        if isinstance(wanted, Everything):
            return looked
        findings = tuple(finding for finding in looked.findings if about(finding, wanted, looked))
        return sifted(looked, wanted, findings)

    def rotate(self) -> None:
        """End the file; the next look begins another."""
        try:
            self.finish()
        except RecordingError as error:
            remark(str(error))

    def finish(self) -> None:
        """End the file, if there is one."""
        finished = self._spool.finish(time.time())
        if finished is not None:
            remark(_summary(finished))

    def _complain(self, reason: str) -> None:
        now_s = time.monotonic()
        if now_s - self._told.get(reason, -_AGAIN_S) >= _AGAIN_S:
            # What was told long ago can be told again, and so need not be remembered.
            lately = {told: at_s for told, at_s in self._told.items() if now_s - at_s < _AGAIN_S}
            self._told = {**lately, reason: now_s}
            remark(reason)


def _summary(finished: Finished) -> str:
    size, looks, span_s = finished.written
    span = timedelta(seconds=round(span_s))
    much = f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
    return f"recorded {counted(looks, 'look')} in {span}, {much}: {printable(str(finished.path))}"
