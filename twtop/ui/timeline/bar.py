"""The line from the first look to the last one: how many sockets there were, and what happened when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.diagnosis.finding import Severity
from twtop.sources.replay.schedule import Schedule
from twtop.ui import styles
from twtop.ui.line_view import runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from rich.style import Style

    from twtop.core.signs import Signs
    from twtop.recording.tape import Index, Mark
    from twtop.ui.line_view import Part

_HERE: Final = "|"
_FAILURE: Final = ("x", styles.ALARM)
_FOUND: Final[dict[int, tuple[str, Style]]] = {
    Severity.CRITICAL: ("!", styles.ALARM),
    Severity.WARNING: ("w", styles.WARNING),
    Severity.NOTE: ("i", styles.NOTE),
}
_NAMED: Final = styles.TITLE
"""A and B."""


class Scale(NamedTuple):
    """Which column is which time."""

    start_s: float
    end_s: float
    columns: int

    def column(self, wall_s: float) -> int:
        """Return the column of a time; of one outside of the line the nearest."""
        return int(self.columns_of(np.array([wall_s]))[0])

    def columns_of(self, wall_s: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the columns of many times."""
        shares = (wall_s - self.start_s) / max(self.end_s - self.start_s, 1e-3)
        return np.clip((shares * self.columns).astype(np.intp), 0, self.columns - 1)

    def wall_s(self, column: int) -> float:
        """Return the middle of a column."""
        return self.start_s + (self.end_s - self.start_s) * (column + 0.5) / self.columns


def course(
    index: Index, marks: Sequence[Mark], scale: Scale, signs: Signs, *, levels: bool
) -> list[tuple[str, Style]]:
    """Draw all looks and what happened, a sign for each column; ``levels`` of sockets, else a plain line.

    It is blank where nobody looked. What was found stands above the sockets, the worst first.
    """
    schedule = Schedule.of(index)
    places = scale.columns_of(schedule.wall_s)
    line = _levels(places, index.sockets, scale.columns, signs) if levels else signs.line * scale.columns
    drawn = [(sign, styles.DIM) for sign in line]
    for begin in schedule.begins[1:].tolist():
        gap = range(places[begin - 1] + 1, places[begin])
        drawn[gap.start : gap.stop] = [(" ", styles.DIM)] * len(gap)
    shown = [mark for mark in marks if mark.kind != "over" and scale.start_s <= mark.wall_s <= scale.end_s]
    columns = scale.columns_of(np.array([mark.wall_s for mark in shown], np.float64)).tolist()
    worst: dict[int, Mark] = {}
    for column, mark in zip(columns, shown, strict=True):
        if column not in worst or weight(worst[column]) < weight(mark):
            worst[column] = mark
    for column, mark in worst.items():
        drawn[column] = sign_of(mark)
    return drawn


def bar(
    drawn: Sequence[tuple[str, Style]], scale: Scale, at_s: float, named: Iterable[tuple[str, float]]
) -> list[Part]:
    """Put A and B onto a course, and where the shown look is: a sign of its own where nothing else stands."""
    placed = list(drawn)
    for name, wall_s in named:
        if scale.start_s <= wall_s <= scale.end_s:
            placed[scale.column(wall_s)] = (name, _NAMED)
    at = scale.column(at_s)
    sign, look = placed[at]
    placed[at] = (_HERE if look is styles.DIM else sign, styles.PAST)
    return runs(placed)


def sign_of(mark: Mark) -> Part:
    """Return the sign of what happened, and its look."""
    return _FOUND.get(mark.severity, _FOUND[Severity.NOTE]) if mark.is_trouble else _FAILURE


def weight(mark: Mark) -> int:
    """Return how bad something is that happened, among others at the same time."""
    return mark.severity if mark.is_trouble else 0


def _levels(places: NDArray[np.intp], sockets: NDArray[np.int64], columns: int, signs: Signs) -> str:
    """Draw the most sockets in each column; in one without a look, those of the look before."""
    counts = np.zeros(columns, np.int64)
    np.maximum.at(counts, places, sockets)
    known = np.zeros(columns, np.bool_)
    known[places] = True
    latest = np.maximum.accumulate(np.where(known, np.arange(columns), 0))
    # Nothing at all would be a blank, as where nobody looked.
    return signs.sparkline(np.maximum(counts[latest], 1).tolist())
