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
    reading_ms: int


class Match(NamedTuple):
    """Where the sockets of two tables went; all others but the gone and the born survived."""

    at: Rows
    """For each row of the table now: in which row it was before; of the born it means nothing."""
    gone: Rows
    """Of the table before."""
    born: Rows
    """Of the table now."""

    def without(self, others: Rows) -> Match:
        """Return it with some survivors as gone and born."""
        return Match(self.at, np.append(self.gone, self.at[others]), np.append(self.born, others))


def matched(before: Table, now: Table) -> Match:
    """Find the sockets that are in both tables."""
    at, there = before.cookies.find(now.sockets.cookie)
    gone = np.ones(len(before.sockets), np.bool_)
    gone[at[there]] = False
    return Match(at, np.flatnonzero(gone), np.flatnonzero(~there))


class Comparison:
    """Compares the columns of survivors.

    Most of those are TIME-WAIT before and after, and zero in most columns: a column in which all of them are
    is compared for the others alone.
    """

    def __init__(self, before: Table, now: Table, match: Match) -> None:
        self._before = before.columns
        self._now = now.columns
        self._at, self._born = match.at, match.born
        self._has_survivors = len(match.born) < len(match.at)
        if self._has_survivors:
            busy = (before.sockets.state != State.TIME_WAIT)[match.at]
            busy |= now.sockets.state != State.TIME_WAIT
            busy[match.born] = False
            self._busy = np.flatnonzero(busy)
            self._busy_before = np.append(match.gone, match.at[self._busy])
            self._busy_now = np.append(match.born, self._busy)

    def differing(self, name: str) -> Mask | None:
        """Tell which rows now are survivors that differ in a column; None where none does."""
        before, now = self._before[name], self._now[name]
        if not self._has_survivors or (_is_zero(before) and _is_zero(now)):
            return None
        if _is_zero_without(self._busy_before, before) and _is_zero_without(self._busy_now, now):
            differing = np.zeros(len(now), np.bool_)
            differing[self._busy] = before[self._at[self._busy]] != now[self._busy]
        else:
            differing = before[self._at] != now
            differing[self._born] = False
        return differing if differing.any() else None

    def differing_in(self, names: Iterable[str]) -> Rows:
        """Return the rows now that are survivors and differ in any of some columns."""
        found = [mask for mask in map(self.differing, names) if mask is not None]
        return np.flatnonzero(reduce(np.logical_or, found)) if found else np.zeros(0, np.intp)


def _is_zero(column: NDArray[np.unsignedinteger[Any]]) -> bool:
    # What is one zero all along (`twtop.core.sockets.zeros_column`) need not be looked through.
    return not len(column) or not (column[0] if not column.strides[0] else column.max())


def _is_zero_without(rows: Rows, column: NDArray[np.unsignedinteger[Any]]) -> bool:
    """Tell whether all rows but these are zero; not worth finding out where these are most."""
    return 2 * len(rows) < len(column) and np.count_nonzero(column) == np.count_nonzero(column[rows])


def followed(before: Table, ends: Ends, now: Table, match: Match) -> tuple[Ends, Mask]:
    """Return when the timers of ``now`` end, and which of its rows are survivors that end at another time.

    One that is where it is expected, within the tolerance, keeps the end that it had: no error adds up. A
    new end may differ from what was read by as much, so that whoever compares two looks
    (`twtop.core.changes.follow`) sees a TIME-WAIT restarted where it was.
    """
    timer, expires_ms, now_ms = now.sockets.timer, now.sockets.expires_ms, milliseconds(now.instant_s)
    if len(match.born) == len(timer):
        return ends_of(timer, expires_ms, now_ms), np.zeros(len(timer), np.bool_)
    new_ends = ends[match.at]
    moved = timer != before.sockets.timer[match.at]
    moved |= timer == Timer.OFF
    off_by = expires_ms - new_ends
    off_by += now_ms + TOLERANCE_MS
    # What is below zero is far above as a number without a sign.
    moved |= off_by.view(np.uint64) > 2 * TOLERANCE_MS
    moved[match.born] = False
    rows = np.flatnonzero(moved)
    really = _really_moved(rows, before, new_ends, now, match)
    moved[rows[~really]] = False
    rows = rows[really]
    for those in (rows, match.born):
        new_ends[those] = ends_of(timer[those], expires_ms[those], now_ms)
    _keep_restarts(rows, new_ends, before, ends, now, match)
    return new_ends, moved


def _really_moved(rows: Rows, before: Table, kept: Ends, now: Table, match: Match) -> Mask:
    """Tell which did of rows that may have: their timers are off, or others, or should have rung."""
    timer, expires_ms = now.sockets.timer[rows], now.sockets.expires_ms[rows]
    expected_ms = time_left_ms(timer, kept[rows], milliseconds(now.instant_s))
    off_by = np.maximum(expected_ms, expires_ms) - np.minimum(expected_ms, expires_ms)
    moved: Mask = off_by > np.where(timer == Timer.OFF, np.uint32(0), np.uint32(TOLERANCE_MS))
    moved |= timer != before.sockets.timer[match.at[rows]]
    return moved


def _keep_restarts(rows: Rows, new_ends: Ends, before: Table, ends: Ends, now: Table, match: Match) -> None:
    """Let TIME-WAITs that moved seem restarted where they were, and nowhere else."""
    old, new = before.sockets, now.sockets
    waits = (new.state[rows] == State.TIME_WAIT) & (new.timer[rows] != Timer.OFF)
    rows = rows[waits & (old.state[match.at[rows]] == State.TIME_WAIT)]
    old_rows = match.at[rows]
    now_ms, passed_ms = milliseconds(now.instant_s), round(1000 * (now.instant_s - before.instant_s))
    passed_ms = min(max(0, passed_ms), LONGEST_MS)
    shown_ms = time_left_ms(old.timer[old_rows], ends[old_rows], milliseconds(before.instant_s))
    most_ms = READING_MS + now.reading_ms
    limit_ms = _less(shown_ms, passed_ms).astype(np.int64) + most_ms
    read_ms = new.expires_ms[rows]
    rose = _less(read_ms, most_ms) > _less(old.expires_ms[old_rows], passed_ms)
    told_ms = np.where(rose, np.maximum(read_ms, limit_ms + 1), np.minimum(read_ms, limit_ms))
    new_ends[rows] = np.minimum(told_ms, LONGEST_MS) + now_ms


def _less(times_ms: U32, passed_ms: int) -> U32:
    passed = np.uint32(passed_ms)
    return np.maximum(times_ms, passed) - passed
