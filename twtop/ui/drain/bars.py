"""Bars of characters, several lines high, and the seconds that their columns stand for."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twtop.core.drain import Measurement

_WIDEST: Final = 4
"""Columns of a second where lives are short."""
_GAPS_S: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300)
_LEAST_GAP: Final = 8
"""Columns between the beginnings of two labels."""


def bars(counts: Sequence[int], rows: int, levels: str, most: int) -> list[str]:
    """Draw a bar per count, ``most`` as high as all rows; what is more than nothing can be seen."""
    size = len(levels)
    heights = [-(-min(count, most) * rows * size // max(1, most)) for count in counts]
    signs = f" {levels}"
    return [
        "".join(signs[max(0, min(size, height - below * size))] for height in heights).rstrip()
        for below in range(rows - 1, -1, -1)
    ]


class Scale(NamedTuple):
    """How many seconds a column stands for, or how many columns for a second."""

    step_s: int
    repeat: int

    @classmethod
    def fitting(cls, span_s: int, columns: int) -> Scale:
        """Make room for all of a span, in whole seconds or whole columns."""
        if columns < span_s:
            return cls(-(-span_s // max(1, columns)), 1)
        return cls(1, min(_WIDEST, columns // span_s))

    def columns(self, seconds: float) -> int:
        """Return how many columns so many seconds take."""
        return int(seconds * self.repeat // self.step_s)

    def summed(self, counts: Sequence[int]) -> list[int]:
        """Return a count per column of what is counted by second."""
        steps = range(0, len(counts), self.step_s)
        return self._repeated(sum(counts[at : at + self.step_s]) for at in steps)

    def sampled(self, values: Sequence[int]) -> list[int]:
        """Return a value per column of what has one after 0, 1, ... s."""
        return self._repeated(values[:: self.step_s])

    def measured(self, measurements: Sequence[Measurement]) -> list[int]:
        """Return the latest value in each column, up to the last one measured."""
        ages = [age_s + self.step_s / 2 for age_s, _ in measurements]
        steps = int(ages[-1] // self.step_s) + 1
        at = (bisect_left(ages, (step + 1) * self.step_s) - 1 for step in range(steps))
        return self._repeated(measurements[max(0, index)].left for index in at)

    def axis(self, span_s: int, width: int) -> str:
        """Write the seconds under the columns where they begin."""
        gap_s = next(gap for gap in _GAPS_S if self.columns(gap) >= _LEAST_GAP or gap == _GAPS_S[-1])
        end = f"{span_s} s"
        room = min(self.columns(span_s), width - len(end))
        text = ""
        for second in range(0, span_s, gap_s):
            label = f"{text.ljust(self.columns(second))}{second}"
            text = label if len(label) < room else text
        return text.ljust(room) + end

    def _repeated(self, values: Iterable[int]) -> list[int]:
        return [value for value in values for _ in range(self.repeat)]
