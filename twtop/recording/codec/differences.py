"""What became of the sockets of one table in the next one, without a step per socket."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twtop.core.changes import READING_MS
from twtop.core.states import State, Timer
from twtop.recording.codec.layout import TOLERANCE_MS
from twtop.recording.codec.timers import LONGEST_MS, Ends, ends_of, milliseconds, time_left_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from twtop.core.lookup import Cookies
    from twtop.core.sockets import U32, Mask, Rows, Sockets

    Columns = Mapping[str, NDArray[np.unsignedinteger[Any]]]


class Table(NamedTuple):
    """The sockets of one look."""

    sockets: Sockets
    cookies: Cookies
    columns: Columns
    """By name; owners by their numbers in the recording."""
    instant_s: float


class Survivors(NamedTuple):
    """The rows of two tables that have the same cookie, side by side."""

    before: Rows
    now: Rows

    def take(self, chosen: Rows | Mask) -> Survivors:
        """Return some of them."""
        return Survivors(self.before[chosen], self.now[chosen])


class Match(NamedTuple):
    """Where the sockets of two tables went."""

    both: Survivors
    gone: Rows
    """The other rows of the table before."""
    born: Rows
    """The other rows of the table now."""

    def without(self, others: Mask) -> Match:
        """Return it with some survivors as gone and born."""
        apart, both = self.both.take(others), self.both.take(~others)
        return Match(both, np.append(self.gone, apart.before), np.append(self.born, apart.now))


def matched(before: Table, now: Table) -> Match:
    """Find the sockets that are in both tables."""
    at, there = before.cookies.find(now.sockets.cookie)
    rows = np.flatnonzero(there)
    both = Survivors(at[rows], rows)
    gone = np.ones(len(before.sockets), np.bool_)
    gone[both.before] = False
    return Match(both, np.flatnonzero(gone), np.flatnonzero(~there))


class Comparison:
    """Compares the columns of survivors.

    Most of those are TIME-WAIT before and after, and zero in most columns: a column in which all of them are
    is compared for the others alone.
    """

    def __init__(self, before: Table, now: Table, match: Match) -> None:
        self._before = before.columns
        self._now = now.columns
        self._both = both = match.both
        idle = (before.sockets.state == State.TIME_WAIT)[both.before]
        idle &= (now.sockets.state == State.TIME_WAIT)[both.now]
        self._busy = np.flatnonzero(~idle)
        busy = both.take(self._busy)
        self._busy_before = np.append(match.gone, busy.before)
        self._busy_now = np.append(match.born, busy.now)

    def differing(self, name: str) -> Mask | None:
        """Tell which survivors differ in a column; None where none does."""
        before, now = self._before[name], self._now[name]
        if _is_zero(before) and _is_zero(now):
            return None
        if _is_zero_without(self._busy_before, before) and _is_zero_without(self._busy_now, now):
            some = self._both.take(self._busy)
            differing = np.zeros(len(self._both.now), np.bool_)
            differing[self._busy] = before[some.before] != now[some.now]
        else:
            differing = before[self._both.before] != now[self._both.now]
        return differing if differing.any() else None

    def differing_in(self, names: Iterable[str]) -> Mask | None:
        """Tell which survivors differ in any of some columns; None where none does."""
        found = [mask for mask in map(self.differing, names) if mask is not None]
        return reduce(np.logical_or, found) if found else None


def _is_zero(column: NDArray[np.unsignedinteger[Any]]) -> bool:
    # What is one zero all along (`twtop.core.sockets.zeros_column`) need not be looked through.
    return not len(column) or not (column[0] if not column.strides[0] else column.max())


def _is_zero_without(rows: Rows, column: NDArray[np.unsignedinteger[Any]]) -> bool:
    """Tell whether all rows but these are zero; not worth finding out where these are most."""
    return 2 * len(rows) < len(column) and np.count_nonzero(column) == np.count_nonzero(column[rows])


def followed(before: Table, ends: Ends, now: Table, match: Match) -> tuple[Ends, Mask]:
    """Return when the timers of ``now`` end, and which survivors have another end than before.

    One that is where it is expected, within the tolerance, keeps the end that it had: no error adds up. A
    new end may differ from what was read by as much, so that whoever compares two looks
    (`twtop.core.changes.follow`) sees a TIME-WAIT restarted where it was.
    """
    both, born, now_ms = match.both, match.born, milliseconds(now.instant_s)
    timer = now.sockets.timer[both.now]
    kept = ends[both.before]
    moved = timer != before.sockets.timer[both.before]
    moved |= timer == Timer.OFF
    off_by = now.sockets.expires_ms[both.now] - kept
    off_by += now_ms + TOLERANCE_MS
    # What is below zero is far above as a number without a sign.
    moved |= off_by.view(np.uint64) > 2 * TOLERANCE_MS
    _settle(moved, before, kept, now, both)
    new_ends = np.empty(len(now.sockets), np.int64)
    new_ends[both.now] = kept
    new_ends[born] = ends_of(now.sockets.timer[born], now.sockets.expires_ms[born], now_ms)
    moving = both.take(moved)
    new_ends[moving.now] = ends_of(now.sockets.timer[moving.now], now.sockets.expires_ms[moving.now], now_ms)
    _keep_restarts(new_ends, before, ends, now, moving)
    return new_ends, moved


def _settle(moved: Mask, before: Table, kept: Ends, now: Table, both: Survivors) -> None:
    """Let only what moved count as moved, of what may have: timers that are off, or should have rung."""
    which = np.flatnonzero(moved)
    rows = both.take(which)
    timer, expires_ms = now.sockets.timer[rows.now], now.sockets.expires_ms[rows.now]
    expected_ms = time_left_ms(timer, kept[which], milliseconds(now.instant_s))
    off_by = np.maximum(expected_ms, expires_ms) - np.minimum(expected_ms, expires_ms)
    moved[which] = off_by > np.where(timer == Timer.OFF, np.uint32(0), np.uint32(TOLERANCE_MS))
    moved[which] |= timer != before.sockets.timer[rows.before]


def _keep_restarts(new_ends: Ends, before: Table, ends: Ends, now: Table, moved: Survivors) -> None:
    """Let TIME-WAITs that moved seem restarted where they were, and nowhere else."""
    old, new = before.sockets, now.sockets
    was = (old.state[moved.before] == State.TIME_WAIT) & (new.timer[moved.now] != Timer.OFF)
    moved = moved.take(was & (new.state[moved.now] == State.TIME_WAIT))
    now_ms, passed_ms = milliseconds(now.instant_s), round(1000 * (now.instant_s - before.instant_s))
    passed_ms = min(max(0, passed_ms), LONGEST_MS)
    shown_ms = time_left_ms(old.timer[moved.before], ends[moved.before], milliseconds(before.instant_s))
    line_ms = _less(shown_ms, passed_ms)
    read_ms = new.expires_ms[moved.now]
    rose = _less(read_ms, READING_MS) > _less(old.expires_ms[moved.before], passed_ms)
    limit_ms = line_ms.astype(np.int64) + READING_MS
    told_ms = np.where(rose, np.maximum(read_ms, limit_ms + 1), np.minimum(read_ms, limit_ms))
    new_ends[moved.now] = np.minimum(told_ms, LONGEST_MS) + now_ms


def _less(times_ms: U32, passed_ms: int) -> U32:
    passed = np.uint32(passed_ms)
    return np.maximum(times_ms, passed) - passed
