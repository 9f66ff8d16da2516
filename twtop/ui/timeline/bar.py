"""The line from the first look to the last one: how many sockets there were, and what happened when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.diagnosis.finding import Severity
from twtop.ui import styles
from twtop.ui.line_view import runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from rich.style import Style

    from twtop.core.signs import Signs
    from twtop.recording.tape import Index, Mark
    from twtop.sources.replay.player import Playback
    from twtop.ui.line_view import Part

_GAP: Final = 3.0
"""So many times the usual time between two looks: in between something was not recorded."""
_FAILURE: Final = ("x", styles.ALARM)
_FOUND: Final[dict[int, tuple[str, Style]]] = {
    Severity.CRITICAL: ("!", styles.ALARM),
    Severity.WARNING: ("*", styles.WARNING),
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
        share = (wall_s - self.start_s) / max(self.end_s - self.start_s, 1e-3)
        return min(max(int(share * self.columns), 0), self.columns - 1)

    def wall_s(self, column: int) -> float:
        """Return the middle of a column."""
        return self.start_s + (self.end_s - self.start_s) * (column + 0.5) / self.columns


def bar(
    playback: Playback,
    named: Iterable[tuple[str, float]],
    columns: int,
    signs: Signs,
    *,
    levels: bool,
) -> list[Part]:
    """Draw ``columns`` columns: with ``levels`` of sockets, else a plain line; ``named``: A and B, and when.

    What was found stands above that, the worst first, then A and B. The shown look is reversed.
    """
    scale = Scale(playback.start_s, playback.end_s, columns)
    drawn: list[Part] = [(sign, styles.DIM) for sign in _course(playback.index, scale, signs, levels=levels)]
    for mark in sorted(playback.marks, key=_weight):
        if mark.kind != "over" and playback.start_s <= mark.wall_s <= playback.end_s:
            drawn[scale.column(mark.wall_s)] = sign_of(mark)
    for name, wall_s in named:
        if playback.start_s <= wall_s <= playback.end_s:
            drawn[scale.column(wall_s)] = (name, _NAMED)
    at = scale.column(playback.at_s)
    sign, look = drawn[at]
    drawn[at] = (sign, look + styles.CURSOR)
    return runs(drawn)


def sign_of(mark: Mark) -> Part:
    """Return the sign of what happened, and its look."""
    return _FOUND.get(mark.severity, _FOUND[Severity.NOTE]) if mark.kind in {"found", "worse"} else _FAILURE


def _weight(mark: Mark) -> int:
    return mark.severity if mark.kind in {"found", "worse"} else 0


def _course(index: Index, scale: Scale, signs: Signs, *, levels: bool) -> Sequence[str]:
    """Draw the time itself: blank where nothing was recorded."""
    seen = _recorded(index, scale)
    if not levels:
        return ["".join(signs.line if there else " ") for there in seen]
    counts = np.zeros(scale.columns, np.int64)
    places = [scale.column(wall_s) for wall_s in index.wall_s.tolist()]
    np.maximum.at(counts, places, index.sockets)
    # Where columns are narrower than the time between two looks, the one before counts.
    known = np.zeros(scale.columns, np.bool_)
    known[places] = True
    latest = np.maximum.accumulate(np.where(known, np.arange(scale.columns), 0))
    drawn = signs.sparkline(np.maximum(counts[latest], 1).tolist())
    return [sign if there else " " for sign, there in zip(drawn, seen, strict=True)]


def _recorded(index: Index, scale: Scale) -> NDArray[np.bool_]:
    """Tell of each column whether there were looks, or would have been had they been more frequent."""
    seen = np.ones(scale.columns, np.bool_)
    between = np.diff(index.wall_s)
    if not len(between):
        return seen
    for at in np.flatnonzero(between > _GAP * np.median(between)).tolist():
        last, next_ = (scale.column(float(wall_s)) for wall_s in index.wall_s[at : at + 2])
        seen[last + 1 : next_] = False
    return seen
