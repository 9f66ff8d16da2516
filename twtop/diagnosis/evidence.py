"""What rules look at: one moment, and a little of what was before it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.states import State
from twtop.core.tcp_info import silent_s
from twtop.diagnosis.budgets import needed_budgets
from twtop.diagnosis.close_waits import CloseWaits, close_waits
from twtop.diagnosis.listeners import Listeners, listeners, most_waiting
from twtop.diagnosis.shut_windows import ShutWindows, shut_windows
from twtop.knowledge.counter_pages import short_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.changes import Moment, Seconds
    from twtop.core.counter_history import CounterCourse
    from twtop.core.counters import Counters
    from twtop.core.ports.budget import Budget
    from twtop.core.ports.history import PortHistory
    from twtop.core.ports.usage import Ports
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U32, Mask, Rows, Sockets
    from twtop.core.sysctls import Sysctls
    from twtop.knowledge.facts import HostFacts


@dataclass(frozen=True, slots=True)
class Digest:
    """The little of a snapshot that is remembered for a minute."""

    instant_s: float
    listeners: Listeners
    close_wait: tuple[tuple[str, int], ...]
    """(service, sockets that linger in CLOSE-WAIT)."""
    shut_windows: ShutWindows


class Evidence:
    """What the rules of one examination look at; `past` is the last minute, oldest first, without now."""

    def __init__(
        self,
        moment: Moment,
        ports: Ports,
        history: PortHistory,
        course: CounterCourse,
        host: HostFacts,
        past: Sequence[Digest] = (),
    ) -> None:
        self.moment: Final = moment
        self.ports: Final = ports
        self.history: Final = history
        self.course: Final = course
        self.host: Final = host
        self.past: Final = past

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        return self.moment.snapshot

    @property
    def sockets(self) -> Sockets:
        """The newest sockets."""
        return self.moment.snapshot.sockets

    @property
    def sysctls(self) -> Sysctls:
        """The newest sysctls."""
        return self.moment.snapshot.sysctls

    @property
    def counters(self) -> Counters:
        """The newest counters, as they are since boot."""
        return self.moment.snapshot.counters

    def rate(self, counter: str) -> float:
        """Return how a counter grows per second over the last 10 s; 0 as long as that is not known."""
        return self._rate(counter) or 0.0

    def growth(self, counter: str) -> tuple[str, ...]:
        """Say how a counter grows, in no line as long as that is not known."""
        per_s = self._rate(counter)
        return () if per_s is None else (f"{short_name(counter)} grows by {per_s:,.1f}/s",)

    def _rate(self, counter: str) -> float | None:
        movement = self.course.movement(counter)
        return movement.smoothed if movement else None

    @cached_property
    def _by_state(self) -> dict[int, Rows]:
        state = self.sockets.state
        present = np.flatnonzero(self.snapshot.state_counts())
        return {int(number): np.flatnonzero(state == number) for number in present}

    def rows(self, *states: State) -> Rows:
        """Return the rows of the sockets in these states."""
        nothing = np.zeros(0, np.intp)
        found = [self._by_state.get(state, nothing) for state in states]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def to_same_address(self, rows: Rows, row: int) -> Rows:
        """Return those rows whose remote address is that of one socket."""
        sockets = self.sockets
        same: Mask = sockets.remote_lo[rows] == sockets.remote_lo[row]
        there: Rows = rows[same & (sockets.remote_hi[rows] == sockets.remote_hi[row])]
        return there

    @cached_property
    def served(self) -> dict[int, int]:
        """TIME-WAITs on the server side by local port, the most first."""
        there = (self.sockets.state == State.TIME_WAIT) & self.snapshot.server
        by_port = np.bincount(self.sockets.local_port[there])
        ports = np.flatnonzero(by_port)
        ports = ports[np.argsort(-by_port[ports], kind="stable")]
        return dict(zip(ports.tolist(), by_port[ports].tolist(), strict=True))

    @cached_property
    def budgets(self) -> tuple[Budget, ...]:
        """Port budgets of the destinations that need one."""
        return needed_budgets(self.snapshot, self.ports, self.history)

    @cached_property
    def shut_windows(self) -> ShutWindows:
        """Open connections, and those that we have closed, whose peer's window is zero."""
        rows = self.rows(State.ESTAB, State.FIN_WAIT_1)
        before = self.past[-1] if self.past else None
        if before is None:
            return shut_windows(self.sockets, rows)
        seconds = self.snapshot.instant_s - before.instant_s
        return shut_windows(self.sockets, rows, before.shut_windows, seconds)

    @cached_property
    def listeners(self) -> Listeners:
        """The listening sockets."""
        before = self.past[-1].listeners if self.past else None
        return listeners(self.moment, self.rows(State.LISTEN), before)

    @cached_property
    def most_waiting(self) -> U32:
        """The longest accept queue of each of the `listeners` in the last minute, or at the look before."""
        return most_waiting(self.listeners, [old.listeners for old in self.past])

    def silent_s(self, rows: Rows) -> Seconds:
        """Return for how long sockets had received nothing when tcp_info was read last, NaN if unknown."""
        return self._silent_s[rows]

    @cached_property
    def _silent_s(self) -> Seconds:
        return silent_s(self.snapshot)

    def lasted_s(self, rows: Rows) -> Seconds:
        """Return for how long at least sockets have been in their state: as seen, or as tcp_info tells.

        Something received is what brings them into ESTAB, CLOSE-WAIT and FIN-WAIT-2.
        """
        since_s = np.float32(self.snapshot.instant_s - self.snapshot.tcp_info.instant_s)
        lasted: Seconds = np.fmax(self.moment.known_s[rows], self.silent_s(rows) + since_s)
        return lasted

    @cached_property
    def close_waits(self) -> tuple[CloseWaits, ...]:
        """Sockets in CLOSE-WAIT with nothing left to send, by service."""
        return close_waits(self)


def digest(evidence: Evidence) -> Digest:
    """Return what is to be remembered of a moment."""
    return Digest(
        instant_s=evidence.snapshot.instant_s,
        listeners=evidence.listeners,
        close_wait=tuple((found.service.name, found.lingering) for found in evidence.close_waits),
        shut_windows=evidence.shut_windows,
    )
