"""Which socket came into which state, and when: for the history of any one of them."""

from __future__ import annotations

from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.lookup import Cookies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.changes import Moment
    from twtop.core.sockets import U8, Rows

_ROOM: Final = 300_000
"""Births that are remembered; each takes 13 bytes."""
_STATE_BITS: Final = 4
_STATE: Final = 0xF
_ROUNDING_S: Final = 0.05
"""A float32 of seconds is as exact as that for nine days."""


class Birth(NamedTuple):
    """A socket was found in a state for the first time."""

    state: int
    before: int
    """The state it was in at the snapshot before, 0 where it was not there."""
    wall_s: float


class Seen(NamedTuple):
    """A state that a socket was found in."""

    state: int
    wall_s: float
    """Unix time at which that was found for the first time."""


class StateLog:
    """The latest births of a namespace's sockets, the oldest forgotten first; for several threads.

    A state that came and went between two snapshots was never seen.
    """

    def __init__(self, room: int = _ROOM) -> None:
        self._lock = Lock()
        # Zeros take no memory before they are written.
        self._cookie = np.zeros(room, np.uint64)
        self._states = np.zeros(room, np.uint8)
        self._after_s = np.zeros(room, np.float32)
        self._count = 0
        self._start_s: float | None = None

    @property
    def start_s(self) -> float:
        """Unix time of the first snapshot, 0 before there is one."""
        return self._start_s or 0.0

    @property
    def reaches_s(self) -> float:
        """Unix time from which on every birth is remembered."""
        with self._lock:
            room = len(self._cookie)
            forgotten = self._count > room
            return self.start_s + (float(self._after_s[self._count % room]) if forgotten else 0.0)

    def add(self, moment: Moment) -> None:
        """Remember who was born."""
        wall_s = moment.snapshot.wall_s
        if self._start_s is None:
            self._start_s = wall_s
        rows = np.flatnonzero(moment.born)[-len(self._cookie) :]
        if not rows.size:
            return
        cookie, states = moment.snapshot.sockets.cookie[rows], _states(moment, rows)
        with self._lock:
            at = (self._count + np.arange(rows.size)) % len(self._cookie)
            self._cookie[at], self._states[at] = cookie, states
            self._after_s[at] = wall_s - self._start_s
            self._count += rows.size

    def of(self, cookie: int, until_s: float = inf) -> list[Birth]:
        """Return the births of one socket up to a Unix time, the first one first."""
        with self._lock:
            used = min(self._count, len(self._cookie))
            at = np.flatnonzero(self._cookie[:used] == np.uint64(cookie))
            # From the place that is overwritten next on, entries are older than those before it.
            oldest = self._count % len(self._cookie) if self._count > used else 0
            at = np.concatenate([at[at >= oldest], at[at < oldest]])
            states, after_s = self._states[at].tolist(), self._after_s[at].tolist()
        return [
            Birth(both & _STATE, both >> _STATE_BITS, self.start_s + after)
            for both, after in zip(states, after_s, strict=True)
            if self.start_s + after <= until_s + _ROUNDING_S
        ]


def merged(log: Sequence[Seen], looks: Sequence[Seen]) -> list[Seen]:
    """Put two records of one socket's states together, each of which may have missed some.

    A state in both has the time of the log. The clock orders only what no common state does: either record
    is written a little after what it tells of.
    """
    first, second = list(log), list(looks)
    course: list[Seen] = []
    while first and second:
        mine, other = first[0], second[0]
        if mine.state == other.state:
            course.append(mine)
            del first[0], second[0]
        elif any(seen.state == mine.state for seen in second):
            course.append(second.pop(0))
        elif any(seen.state == other.state for seen in first):
            course.append(first.pop(0))
        else:
            course.append((first if mine.wall_s <= other.wall_s else second).pop(0))
    return [*course, *first, *second]


def _states(moment: Moment, rows: Rows) -> U8:
    """Return the states of sockets, and those they came from in the bits above."""
    sockets, gone = moment.snapshot.sockets, moment.gone
    states = sockets.state[rows] & np.uint8(_STATE)
    at, was_there = Cookies.of(gone.cookie).find(sockets.cookie[rows])
    changed = np.flatnonzero(was_there)
    states[changed] |= (gone.state[at[changed]] & np.uint8(_STATE)) << np.uint8(_STATE_BITS)
    return states
