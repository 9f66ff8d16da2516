"""When the looks of a recording were, and where there were none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.recording.tape import Index

_GAP_S: Final = 15.0
_GAP: Final = 5.0
"""So many times the usual time between two looks, and at least `_GAP_S`: nobody looked in between."""


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The looks of a tape by row, the oldest first; there is at least one."""

    index: Index
    wall_s: NDArray[np.float64]
    """Unix times; where the clock was set back they stand still."""
    begins: NDArray[np.intp]
    """The first row, and those after a time in which nobody looked."""
    keys: NDArray[np.intp]
    """The rows of key looks."""

    @classmethod
    def of(cls, index: Index) -> Schedule:
        """Work it out."""
        wall_s = np.maximum.accumulate(index.wall_s)
        between = np.diff(wall_s)
        gap_s = max(_GAP_S, _GAP * float(np.median(between))) if between.size else _GAP_S
        begins = np.concatenate([np.zeros(1, np.intp), np.flatnonzero(between > gap_s) + 1])
        return cls(index, wall_s, begins, np.flatnonzero(index.is_key))

    def __len__(self) -> int:
        return len(self.wall_s)

    def is_of(self, index: Index) -> bool:
        """Tell whether a newer index has the same looks."""
        mine = self.index.number
        return len(mine) == len(index) and mine[0] == index.number[0] and mine[-1] == index.number[-1]

    def number(self, row: int) -> int:
        """Return by what the tape knows a look."""
        return int(self.index.number[row])

    def row_of(self, number: int) -> int:
        """Return the row of a look; of one that is not there any more, that of the next one."""
        return min(int(np.searchsorted(self.index.number, number)), len(self) - 1)

    def row_at(self, wall_s: float) -> int:
        """Return the row of the last look that is not later than a time, or the first one."""
        return max(int(np.searchsorted(self.wall_s, wall_s, "right")) - 1, 0)

    def begin(self, row: int) -> int:
        """Return the first row from which on there was nobody missing up to this one."""
        return int(self.begins[np.searchsorted(self.begins, row, "right") - 1])

    def next_begin(self, row: int) -> int:
        """Return the row after the next time without looks; without one, one more than there are."""
        at = int(np.searchsorted(self.begins, row, "right"))
        return int(self.begins[at]) if at < len(self.begins) else len(self)

    def key(self, row: int) -> int | None:
        """Return the row of the last key look that is not later; None where the recording begins without."""
        at = int(np.searchsorted(self.keys, row, "right")) - 1
        return int(self.keys[at]) if at >= 0 else None

    def next_key(self, row: int) -> int | None:
        """Return the row of the next key look, None where there is none."""
        at = int(np.searchsorted(self.keys, row, "right"))
        return int(self.keys[at]) if at < len(self.keys) else None

    def since_last_s(self, row: int) -> float:
        """Return the time since the look before; 0 for the first one."""
        return float(self.wall_s[row] - self.wall_s[row - 1]) if row else 0.0

    def gap_s(self, row: int) -> float:
        """Return for how long nobody looked before this row; 0 where that was not long."""
        return self.since_last_s(row) if row and self.begin(row) == row else 0.0
