"""A thread that takes snapshots at intervals and compares each with the one before."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twtop.core.changes import Moment, follow
from twtop.core.history import PortHistory
from twtop.core.ports import Ports, port_usage
from twtop.errors import KernelError
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.kernel.host import HostInfo


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What the collector hands over: one moment and what follows from it."""

    host: HostInfo
    moment: Moment
    ports: Ports
    history: PortHistory
    interval_s: float
    """Time until the next snapshot; longer than asked for where the CPU budget demands it."""
    cpu_s: float
    """CPU time that this frame cost, everything included."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A snapshot that could not be taken; the next one is tried all the same."""

    reason: str


_SHARE_OF_SCREEN: Final = 0.5
"""What grouping and drawing cost beside collecting, at most: the budget is for both."""


class Collector:
    """Calls ``deliver`` from its own thread with each Frame or Failure; the namespace is the starter's."""

    def __init__(
        self, deliver: Callable[[Frame | Failure], None], *, interval_s: float, cpu_budget: float
    ) -> None:
        self._deliver = deliver
        self._interval_s = interval_s
        self._cpu_budget = cpu_budget
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)

    def start(self) -> None:
        """Begin; the first frame comes as soon as it is there."""
        self._thread.start()

    def stop(self) -> None:
        """End; a dump under way is abandoned with the thread."""
        self._ended.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread to end, for a bounded time."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        history = PortHistory()
        before: Moment | None = None
        with LiveSource() as source:
            due = time.monotonic()
            while not self._ended.wait(max(0.0, due - time.monotonic())):
                started, cpu = time.monotonic(), time.thread_time()
                interval = self._interval_s
                try:
                    before = follow(before, source.take())
                    ports = port_usage(before.snapshot)
                    history.add(before.snapshot.instant_s, ports, before.snapshot.sockets)
                except KernelError as error:
                    self._deliver(Failure(str(error)))
                else:
                    cost = time.thread_time() - cpu
                    interval = max(interval, cost * (1 + _SHARE_OF_SCREEN) / self._cpu_budget)
                    self._deliver(Frame(source.host, before, ports, history, interval, cost))
                due = max(due + interval, started + interval)
