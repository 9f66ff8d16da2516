"""What is measured of a group of sockets; columns with one entry per group."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from twtop.core.changes import Moment
    from twtop.core.runs import Runs
    from twtop.core.sockets import U32, Mask, Rows

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
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return Measures(**{name: _taken(column, index) for name, column in columns.items()})

    def merged(self, starts: Rows) -> Measures:
        """Merge runs of neighbouring groups; ``starts`` are the first of each run."""
        if len(starts) == len(self):
            return self
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return Measures(
            **{name: _MERGE.get(name, np.add).reduceat(column, starts) for name, column in columns.items()}
        )


def _taken(column: Counts, index: Rows) -> Counts:
    # Most columns are zero for most groups, and picking here and there is what takes time.
    return column[index] if column.any() else np.zeros((len(index), *column.shape[1:]), np.int64)


_MERGE: Final[dict[str, np.ufunc]] = {"shortest_ms": np.minimum, "longest_ms": np.maximum}


def measure(moment: Moment, runs: Runs) -> Measures:
    """Measure runs of sockets.

    ``gone`` is left at zero: what is gone has no row any more.
    """
    snapshot = moment.snapshot
    left, starts = snapshot.left_ms[runs.rows], runs.starts
    return Measures(
        sockets=runs.sizes,
        born=runs.sums(moment.born),
        gone=np.zeros(len(runs), np.int64),
        soon=_count(left < SOON_MS, starts).astype(np.int64),
        shortest_ms=np.minimum.reduceat(left, starts).astype(np.int64),
        # One more than NO_END is 0: what has no end is less than what has one.
        longest_ms=np.maximum.reduceat(left + np.uint32(1), starts).astype(np.int64) - 1,
        rqueue=runs.sums(snapshot.sockets.rqueue),
        wqueue=runs.sums(snapshot.sockets.wqueue),
        restarted=runs.sums(moment.restarted),
        histogram=_histogram(left, runs, snapshot.life_ms),
    )


def _histogram(left: U32, runs: Runs, life_ms: int) -> Counts:
    """Count the times left, run by run, in equal parts of a life; what has no end is in none."""
    part = left // np.uint32(max(1, life_ms // HISTOGRAM_BINS))
    np.minimum(part, HISTOGRAM_BINS - 1, out=part)
    part += left == NO_END
    parts = HISTOGRAM_BINS + 1
    place = np.repeat(np.arange(0, len(runs) * parts, parts), runs.sizes)
    place += part
    counts = np.bincount(place, minlength=len(runs) * parts).reshape(-1, parts)
    return np.ascontiguousarray(counts[:, :HISTOGRAM_BINS])


def _count(truths: Mask, starts: Rows) -> U32:
    """Count what is true in each run; in 32 bits, which takes a third of the time."""
    return np.add.reduceat(truths, starts, dtype=np.uint32)
