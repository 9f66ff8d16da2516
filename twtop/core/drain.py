"""How a group of sockets empties by itself: what its clocks say, and what became of what they said before.

A clock that shows 0 has not rung yet: the kernel's timer wheel rounds up, by seconds for timers of a minute,
and then takes many sockets at once. So counts fall in steps, a little later than forecast, and never earlier
unless something else ends a socket. A TIME-WAIT that receives one more FIN or old segment begins anew.

Sources: kernel/time/timer.c (the wheel), net/ipv4/tcp_minisocks.c (``tcp_timewait_state_process``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.changes import READING_MS
from twtop.core.lifetimes import fin_wait_2_life
from twtop.core.states import State
from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from numpy.typing import NDArray

    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U32, U64, Mask, Rows

MINUTE_S: Final = 60
_LONGEST_S: Final = 600
"""What ends later is in no second of its own."""
_SHORTEST_WATCH_S: Final = 10
"""Clocks may ring 4 s late: a forecast is watched for longer than that, however short the lives."""
_PART: Final = 1 << 13
"""Sockets that are looked at in one go: what that takes is small enough to be used again at once."""
_ROUNDED_UP_MS: Final = 4096
"""A step of the timer wheel for timers from half a minute to four minutes (HZ = 1000)."""


def drain(snapshot: Snapshot, rows: Rows, seconds: int = MINUTE_S) -> NDArray[np.int64]:
    """Return how many of the sockets are left after 0, 1, ... ``seconds`` s if none is added.

    A clock that shows 0 has not rung yet: such a socket counts until after 1 s.
    """
    return left_after(snapshot.left_ms[rows], seconds)


def left_after(left_ms: U32, seconds: int) -> NDArray[np.int64]:
    """Return how many of the clocks, which have this time left, run after 0, 1, ... ``seconds`` s."""
    counts = _by_second(left_ms, seconds)
    counts[1] += counts[0]
    counts[0] = 0
    return len(left_ms) - np.cumsum(counts[:-1])


def _by_second(left_ms: U32, seconds: int) -> NDArray[np.int64]:
    """Count those at 0, those that end in the first second, in the second, ..., and last those after them."""
    counts = np.zeros(seconds + 2, np.int64)
    for part in _parts(len(left_ms)):
        second = (np.minimum(left_ms[part], np.uint32(1000 * seconds + 1)) + np.uint32(999)) // np.uint32(
            1000
        )
        counts += np.bincount(second, minlength=seconds + 2)
    return counts


def _parts(count: int) -> Iterator[slice]:
    return (slice(start, min(start + _PART, count)) for start in range(0, count, _PART))


class Measurement(NamedTuple):
    """How many of the sockets of a forecast were left so many seconds after it."""

    age_s: float
    left: int


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """An earlier forecast of a group, and what happened to the sockets it was about, told by their cookies.

    ``left`` is ``expected`` with the ``due`` and ``restarted`` ones added and the ``early`` and ``closed``
    ones taken away.
    """

    age_s: float
    """How long ago the forecast was made."""
    curve: NDArray[np.int64]
    """How many were to be left after 0, 1, ... s, for as long as the forecast is watched."""
    measured: tuple[Measurement, ...]
    expected: int
    """How many were to be left by now; what went half a second before its time went in time."""
    left: int
    """How many are."""
    due: int
    """Those whose time is up and that the kernel has not removed yet."""
    restarted: int
    """Those whose time was up if TIME-WAIT had not begun anew."""
    early: int
    """Those that went before their time."""
    closed: int
    """Those that went although no clock ends them."""
    new: int
    """Sockets of the group that the forecast knew nothing of."""

    @property
    def sockets(self) -> int:
        """How many sockets the forecast was about."""
        return int(self.curve[0])


@dataclass(frozen=True, slots=True, eq=False)
class Drain:
    """A group of sockets at one instant, by the time they have left."""

    sockets: int
    endless: int
    """Those that no clock ends."""
    due: int
    """Those whose clock shows 0."""
    span_s: int
    """The longest life of such sockets: a minute for TIME-WAIT, for FIN-WAIT-2 its own; 60 without clocks."""
    ends: tuple[int, ...]
    """How many end in the first second, in the second, ..., and in the last of the span or later.

    Those due are not among them: at any time some seconds' worth is late, and would tower above the rest.
    """
    outcome: Outcome

    def back_within(self, seconds: int) -> int:
        """Return how many end within so many seconds."""
        return self.due + sum(self.ends[:seconds])


def _span_s(snapshot: Snapshot, rows: Rows, left_ms: U32) -> int:
    """Return the longest life of those sockets that have a clock, in whole seconds."""
    longest_ms, life_ms = -1, 0
    for part in _parts(len(rows)):
        clocked = left_ms[part] != NO_END
        longest_ms = max(
            longest_ms, int(left_ms[part].max(initial=0, where=clocked)) if clocked.any() else -1
        )
        states = snapshot.sockets.state[rows[part]][clocked]
        if (states == State.TIME_WAIT).any():
            life_ms = max(life_ms, snapshot.life_ms)
        if (states == State.FIN_WAIT_2).any():
            life_ms = max(life_ms, round(1000 * fin_wait_2_life(snapshot.sysctls)))
    if longest_ms < 0:
        return MINUTE_S
    # A sysctl that was changed does not change the clocks that run already.
    span_ms = longest_ms if longest_ms > life_ms + _ROUNDED_UP_MS else life_ms
    return min(_LONGEST_S, max(1, -(-span_ms // 1000)))


class _Group(NamedTuple):
    """The sockets of a group in one snapshot."""

    snapshot: Snapshot
    members: Mask
    """Per row: it is one of them."""

    @classmethod
    def of(cls, snapshot: Snapshot, rows: Rows) -> _Group:
        members = np.zeros(len(snapshot.sockets), np.bool_)
        members[rows] = True
        return cls(snapshot, members)

    def find(self, cookies: U64) -> tuple[Rows, Mask]:
        """Return the rows of cookies, and whether they are in the group, whatever their state is by now."""
        rows, there = self.snapshot.cookies.find(cookies)
        there[there] = self.members[rows[there]]
        return rows, there


@dataclass(slots=True)
class _Forecast:
    """What was forecast of the sockets of a group at one instant, and which of them are left."""

    instant_s: float
    reading_ms: int
    curve: NDArray[np.int64]
    """How many were to be left after 0, 1, ... 60 s."""
    cookies: U64
    """Those left; what has gone once does not come back."""
    left_ms: U32
    """The time that these had left."""
    gone_ms: U32
    """The time that those had left that went before it was up."""
    measured: list[Measurement] = field(default_factory=list)

    @classmethod
    def of(cls, group: _Group) -> _Forecast:
        snapshot = group.snapshot
        rows = np.flatnonzero(group.members)
        left_ms = snapshot.left_ms[rows]
        return cls(
            instant_s=snapshot.instant_s,
            reading_ms=snapshot.reading_ms,
            curve=left_after(left_ms, MINUTE_S),
            cookies=snapshot.sockets.cookie[rows],
            left_ms=left_ms,
            gone_ms=np.zeros(0, np.uint32),
        )

    def measure(self, group: _Group) -> None:
        """Drop those that have left the group, in place, and count the others."""
        age_s = group.snapshot.instant_s - self.instant_s
        gone_ms, kept = [self.gone_ms], 0
        for part in _parts(len(self.cookies)):
            cookies, left_ms = self.cookies[part], self.left_ms[part]
            _, there = group.find(cookies)
            gone_ms.append(left_ms[~there])
            before, kept = kept, kept + int(np.count_nonzero(there))
            self.cookies[before:kept], self.left_ms[before:kept] = cookies[there], left_ms[there]
        self.cookies, self.left_ms = self.cookies[:kept], self.left_ms[:kept]
        gone = np.concatenate(gone_ms)
        self.gone_ms = gone[gone > round(1000 * age_s)]
        self.measured.append(Measurement(age_s, kept))

    def outcome(self, group: _Group, size: int, watched_s: int) -> Outcome:
        """Say what became of the sockets that were measured last; ``size`` is the size of the group now."""
        snapshot = group.snapshot
        age_s, left = self.measured[-1]
        age_ms = round(1000 * age_s)
        late, _ = group.find(self.cookies[self.left_ms <= age_ms] if age_ms else self.cookies[:0])
        most_ms = READING_MS + snapshot.reading_ms
        anew = (snapshot.sockets.state[late] == State.TIME_WAIT) & (snapshot.left_ms[late] > most_ms)
        restarted = int(np.count_nonzero(anew))
        due = len(late) - restarted
        closed = int(np.count_nonzero(self.gone_ms == NO_END))
        early = int(np.count_nonzero(self.gone_ms > age_ms + READING_MS + self.reading_ms)) - closed
        return Outcome(
            age_s=age_s,
            curve=self.curve[: watched_s + 1],
            measured=tuple(self.measured),
            expected=left - due - restarted + early + closed,
            left=left,
            due=due,
            restarted=restarted,
            early=early,
            closed=closed,
            new=size - left,
        )


class DrainTrack:
    """Remembers what was forecast of one group, to compare it with what happens.

    Forecasts overlap: the one that is told of is between half a watch and a whole one old as soon as the
    group has been followed for so long. For one thread at a time.
    """

    def __init__(self) -> None:
        self._group: Hashable = None
        self._forecasts: list[_Forecast] = []
        self._told: list[tuple[float, Drain]] = []

    def forget(self) -> None:
        """Begin anew, whatever the next group is."""
        self._group, self._forecasts, self._told = None, [], []

    def follow(self, group: Hashable, snapshot: Snapshot, rows: Rows) -> Drain:
        """Describe a group, and compare it with what was forecast of it.

        ``group`` is what tells it from all others; ``rows`` are its sockets in the snapshot. Of each of the
        latest two snapshots the same is told again: a screen frozen meanwhile goes back by one.
        """
        now_s = snapshot.instant_s
        if group != self._group:
            self.forget()
            self._group = group
        known = next((drain for instant_s, drain in self._told if instant_s == now_s), None)
        if known is None:
            known = self._describe(snapshot, rows)
            self._told = [*self._told[-1:], (now_s, known)]
        return known

    def _describe(self, snapshot: Snapshot, rows: Rows) -> Drain:
        left_ms = snapshot.left_ms[rows]
        span_s = _span_s(snapshot, rows, left_ms)
        watched_s = min(MINUTE_S, max(_SHORTEST_WATCH_S, span_s))
        group = _Group.of(snapshot, rows)
        self._renew(group, watched_s)
        for forecast in self._forecasts:
            forecast.measure(group)
        endless = int(np.count_nonzero(left_ms == NO_END))
        due, *ends, later = _by_second(left_ms, span_s).tolist()
        ends[-1] += later - endless
        return Drain(
            sockets=len(rows),
            endless=endless,
            due=due,
            span_s=span_s,
            ends=tuple(ends),
            outcome=self._forecasts[0].outcome(group, len(rows), watched_s),
        )

    def _renew(self, group: _Group, watched_s: int) -> None:
        """Drop the forecast that has been watched for long enough; make one where it is time for the next."""
        ages_s = [group.snapshot.instant_s - forecast.instant_s for forecast in self._forecasts]
        if len(ages_s) > 1 and ages_s[0] > watched_s:
            del self._forecasts[0]
        if not ages_s or ages_s[-1] >= watched_s / 2:
            self._forecasts.append(_Forecast.of(group))
