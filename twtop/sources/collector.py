"""A thread that takes snapshots at intervals and makes frames of them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from twtop.core.names.labels import NO_LABELS
from twtop.errors import KernelError, RecordingError
from twtop.kernel.allocator import give_back
from twtop.recording.ring import Ring
from twtop.sources.observer import Frame
from twtop.sources.owners.finder import OwnerFinder
from twtop.sources.panorama import Panorama
from twtop.sources.taping import Taper
from twtop.sources.watch import OWN, Chosen, Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.core.options import ScreenOptions
    from twtop.sources.panorama import Looked


@dataclass(frozen=True, slots=True)
class Failure:
    """A snapshot that could not be taken; the next one is tried all the same."""

    reason: str


@dataclass(frozen=True, slots=True)
class Crash:
    """An error that should not exist; nothing comes after it."""

    error: Exception


Result: TypeAlias = Frame | Panorama | Failure | Crash

_WITH_SCREEN: Final = 1.5
"""Grouping and drawing cost half as much as collecting, at most: the budget is for all of it."""


class Collector:
    """Takes snapshots in its own thread, which belongs to the network namespace of the thread that starts it.

    They come at the interval asked for, or further apart where they would use more than the CPU budget.
    """

    def __init__(self, options: ScreenOptions, chosen: Chosen = OWN) -> None:
        self._interval_s = options.interval_s
        self._cpu_share = options.cpu_budget / 100
        self._chosen: Chosen = chosen
        self._labels = options.labels or NO_LABELS
        self._finder = OwnerFinder(options.owners_budget / 100) if options.owners else None
        self.ring: Final = Ring()
        """What was collected in the last minutes."""
        self._ended = False
        self._woken = threading.Event()
        """Set to end, or to look at something else at once."""
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)
        self._lock = threading.Lock()
        self._listener: Callable[[Result], None] | None = None
        self._unheard: Result | None = None

    @property
    def chosen(self) -> Chosen:
        """Which network namespaces it looks at."""
        return self._chosen

    def look_at(self, chosen: Chosen) -> None:
        """Look at another network namespace from now on, or at all."""
        self._chosen = chosen
        self._woken.set()

    def start(self) -> None:
        """Begin, unless begun already; the first result comes as soon as it is there."""
        if not self._thread.ident:
            self._thread.start()

    def listen(self, listener: Callable[[Result], None]) -> None:
        """Call ``listener`` with every result, from the collector's thread; at once with one that waits."""
        with self._lock:
            self._listener = listener
            if self._unheard is not None:
                listener(self._unheard)
                self._unheard = None

    def stop(self) -> None:
        """End; a dump under way is abandoned with the thread."""
        self._ended = True
        self._woken.set()
        if self._finder is not None:
            self._finder.stop()

    def _deliver(self, result: Result) -> None:
        with self._lock:
            if self._listener is None:
                self._unheard = result
            else:
                self._listener(result)

    def _run(self) -> None:
        try:
            with Watch(self._chosen, self._labels) as watch:
                self._collect(watch)
        except Exception as error:
            self._deliver(Crash(error))

    def _record(self, taper: Taper, looked: Looked) -> None:
        try:
            taper.add(looked, self._chosen)
        except RecordingError as error:
            taper.fail(str(error), time.time())

    def _collect(self, watch: Watch) -> None:
        due = time.monotonic()
        taper = Taper(self.ring)
        while True:
            if self._woken.wait(max(0.0, due - time.monotonic())):
                self._woken.clear()
                due = time.monotonic()
            if self._ended:
                return
            started, cpu = time.monotonic(), time.thread_time()
            interval = self._interval_s
            watch.choose(self._chosen)
            try:
                looked = watch.look(self._finder)
            except KernelError as error:
                taper.fail(str(error), time.time())
                self._deliver(Failure(str(error)))
            else:
                cost = time.thread_time() - cpu
                interval = max(interval, cost * _WITH_SCREEN / self._cpu_share)
                self._deliver(looked.at_cost(interval, cost))
                self._record(taper, looked)
                give_back()
                if self._finder is not None:
                    # Not before there is something to see: that comes first.
                    self._finder.start()
            due = max(due + interval, started + interval)
