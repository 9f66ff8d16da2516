"""Which looks to go through, so that a jump shows what was to be seen there and does not take long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.sources.replay.schedule import Schedule

NEAR_S: Final = 66.0
"""What happened so long before is to be seen, too: the doctor remembers a minute."""
_NEAR: Final = 10
"""So many looks before are seen even where they are rare: findings must be seen several times."""
FAR_S: Final = 660.0
"""Key looks of this time before are seen: histories of ports reach ten minutes back."""
_WORTHY_S: Final = (10.2, 5.1, 20.0, 30.0, 60.0)
"""Where all would cost too much: rates are of the last 10 s, other windows longer."""
_SMALL: Final = 10_000
"""A look costs as much as so many sockets, and those that there are."""
_INERTIA: Final = 0.7


class Step(NamedTuple):
    """A look to be decoded."""

    number: int
    seen: bool
    """What follows from it is to be known, too."""
    row: int
    """In the schedule that the course was made with."""


@dataclass(slots=True)
class Pace:
    """What going through looks costs here, in seconds of CPU time per socket, as far as is known."""

    seen: float = 8e-7
    passed: float = 1e-7

    def cost_s(self, sockets: int, *, seen: bool) -> float:
        """Return what a look will probably cost."""
        return (self.seen if seen else self.passed) * (sockets + _SMALL)

    def learn(self, sockets: int, cpu_s: float, *, seen: bool) -> None:
        """Take into account what a look did cost."""
        per_socket = cpu_s / (sockets + _SMALL)
        if seen:
            self.seen += (1 - _INERTIA) * (per_socket - self.seen)
        else:
            self.passed += (1 - _INERTIA) * (per_socket - self.passed)


@dataclass(frozen=True, slots=True)
class Budget:
    """What going to a look may cost."""

    cpu_s: float
    """CPU time; what must be decoded may take more."""
    least: int = 0
    """How many looks right before are seen at any cost."""
    before_s: float = NEAR_S
    """So much time before is seen look by look, if that is cheap."""


def course(schedule: Schedule, row: int, since: int | None, pace: Pace, budget: Budget) -> list[Step]:
    """Return the looks to go through to a row, which is the last of them.

    Args:
        schedule: the looks there are.
        row: where to.
        since: the row that was gone through last, to go on from; None to begin anew.
        pace: what it costs.
        budget: what it may cost.

    Raises:
        RecordingError: nothing of this time can be decoded, for want of a key look.
    """
    key = schedule.key(row)
    if key is None:
        raise RecordingError("this moment cannot be shown: the recording begins in the middle of a minute")
    begin = schedule.begin(row)
    first = begin if since is None else since + 1
    near = max(min(schedule.row_at(float(schedule.wall_s[row]) - budget.before_s), row - _NEAR), begin)
    near_key = schedule.key(near)
    passed = _decoded(key if near_key is None else near_key, since, row)
    if _cost_s(schedule, pace, passed, seen=False) > budget.cpu_s / 2:
        passed = _decoded(key, since, row)
    far = _far(schedule, row, first, passed.start)
    spent_s = _cost_s(schedule, pace, passed, seen=False)
    seen = {row}
    for at, each in enumerate(_by_worth(schedule, row, max(first, near, passed.start), far)):
        if each not in seen:
            sockets = int(schedule.index.sockets[each])
            spent_s += pace.cost_s(sockets, seen=True)
            if spent_s > budget.cpu_s and at >= budget.least:
                break
            seen.add(each)
    return [
        Step(schedule.number(each), each in seen, each)
        for each in (*far, *passed)
        if each >= passed.start or each in seen
    ]


def _decoded(key: int, since: int | None, row: int) -> range:
    """Return the rows from a key look to another one, without those that were gone through already."""
    return range(key if since is None or since < key else since + 1, row + 1)


def _far(schedule: Schedule, row: int, first: int, before: int) -> list[int]:
    """Return the key looks of the last minutes, each of which can be seen by itself."""
    oldest = max(first, schedule.row_at(float(schedule.wall_s[row]) - FAR_S))
    keys: list[int] = schedule.keys[(schedule.keys >= oldest) & (schedule.keys < before)].tolist()
    return keys


def _by_worth(schedule: Schedule, row: int, first: int, far: list[int]) -> Iterator[int]:
    """Yield the rows before one, those first that matter most for what is to be seen there."""
    yield from range(row - 1, max(row - 3, first) - 1, -1)
    for ago_s in _WORTHY_S:
        at = schedule.row_at(float(schedule.wall_s[row]) - ago_s)
        if first <= at < row:
            yield at
    yield from reversed(far)
    yield from range(row - 1, first - 1, -1)


def _cost_s(schedule: Schedule, pace: Pace, rows: range, *, seen: bool) -> float:
    sockets = schedule.index.sockets[rows.start : rows.stop].tolist()
    return sum(pace.cost_s(number, seen=seen) for number in sockets)
