"""What is measured of a group of sockets; columns with one entry per group."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from twtop.core.changes import Moment
    from twtop.core.sockets import Rows

Counts: TypeAlias = NDArray[np.int64]

HISTOGRAM_BINS: Final = 8
SOON_MS: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """Aggregates of the same length, one entry per group."""

    sockets: Counts
    born: Counts
    """Sockets that came into the group since the snapshot before."""
    gone: Counts
    """Sockets that left the group since the snapshot before."""
    soon: Counts
    """Sockets that a clock ends within 10 s."""
    shortest_ms: Counts
    """Least time left; NO_END where no clock ends any of them."""
    longest_ms: Counts
    """Greatest time left of those that a clock ends; -1 where there are none."""
    rqueue: Counts
    wqueue: Counts
    restarted: Counts
    histogram: Counts
    """Sockets by time left: (groups, HISTOGRAM_BINS) equal parts of 0 to the longest life."""

    def __len__(self) -> int:
        return len(self.sockets)

    def take(self, index: Rows) -> Measures:
        """Return the chosen groups, in the order given."""
        return Measures(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def merged(self, starts: Rows) -> Measures:
        """Merge runs of neighbouring groups; ``starts`` are the first of each run."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        if not len(starts):
            return self
        return Measures(
            **{name: _MERGE.get(name, np.add).reduceat(column, starts) for name, column in columns.items()}
        )


_MERGE: Final[dict[str, np.ufunc]] = {"shortest_ms": np.minimum, "longest_ms": np.maximum}


def measure(moment: Moment, rows: Rows, starts: Rows) -> Measures:
    """Measure groups of sockets.

    ``rows`` are the sockets' rows, group by group; ``starts`` the first position of each group in it.
    ``gone`` is left at zero: what is gone has no row any more.
    """
    snapshot = moment.snapshot
    sockets = snapshot.sockets
    count = np.diff(np.append(starts, len(rows)))
    left = snapshot.left_ms[rows]
    mortal = left != NO_END
    group = np.repeat(np.arange(len(starts)), count)
    width = max(1, snapshot.life_ms // HISTOGRAM_BINS)
    bins = np.minimum(left[mortal] // width, HISTOGRAM_BINS - 1)
    histogram = np.bincount(
        group[mortal] * HISTOGRAM_BINS + bins, minlength=len(starts) * HISTOGRAM_BINS
    ).reshape(-1, HISTOGRAM_BINS)

    def total(column: NDArray[np.generic]) -> Counts:
        return _reduce(np.add, column, starts)

    return Measures(
        sockets=count,
        born=total(moment.born[rows]),
        gone=np.zeros(len(starts), np.int64),
        soon=total(left < SOON_MS),
        shortest_ms=_reduce(np.minimum, left, starts),
        longest_ms=_reduce(np.maximum, np.where(mortal, left.astype(np.int64), -1), starts),
        rqueue=total(sockets.rqueue[rows]),
        wqueue=total(sockets.wqueue[rows]),
        restarted=total(moment.restarted[rows]),
        histogram=histogram,
    )


def _reduce(operation: np.ufunc, column: NDArray[np.generic], starts: Rows) -> Counts:
    if not len(starts):
        return np.zeros(0, np.int64)
    return operation.reduceat(column.astype(np.int64, copy=False), starts)
