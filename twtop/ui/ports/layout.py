"""Lays port usage out on a part of the screen: words above, the picture below, its times under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.drain import MINUTE_S
from twtop.ui import styles
from twtop.ui.ports import text as words
from twtop.ui.ports.plotter import Curve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.style import Style

    from twtop.core.ports.plot_data import DestinationPlot, PlotData, Point
    from twtop.core.signs import Signs
    from twtop.ui.line_view import Part
    from twtop.ui.ports.plotter import Plotter

Lines = list[list["Part"]]

_SIDE_BY_SIDE: Final = 110
_BETWEEN: Final = 2
_LABELS: Final = len("limit 65,535 ")
_LEAST_COLUMNS: Final = 20
_LEAST_ROWS: Final = 3
_LEAST_BLOCK: Final = 2 + _LEAST_ROWS + 1
_LEAST_STEP_S: Final = 2
_SMALL: Final = 0.1
"""Below this share of the capacity the picture shows the lower part only."""


class Look(NamedTuple):
    """How to draw; without a plotter there are only words."""

    signs: Signs
    plotter: Plotter | None
    present: str = "now"
    """What the present instant is called."""
    note: str = ""
    """Why there is no plotter."""


class Times(NamedTuple):
    """Which column is which time: whole steps of the clock, so that a picture moves by whole columns."""

    now_s: float
    step_s: int
    now_column: int
    columns: int

    @classmethod
    def fitting(cls, now_s: float, columns: int) -> Times:
        """Make room for the next minute and the last, or more of the past."""
        step_s = max(_LEAST_STEP_S, -(-2 * MINUTE_S // (columns - 1)))
        return cls(now_s, step_s, columns - 1 - MINUTE_S // step_s, columns)

    def by_column(self, points: Iterable[Point]) -> dict[int, int]:
        """Return the last value in each column."""
        first = int(self.now_s // self.step_s) - self.now_column
        placed = ((int(instant_s // self.step_s) - first, value) for instant_s, value in points)
        return {column: value for column, value in placed if column >= 0}

    def ahead_s(self) -> dict[int, float]:
        """Return how far ahead the columns after the present one begin."""
        since_step_s = self.now_s % self.step_s
        return {
            column: (column - self.now_column) * self.step_s - since_step_s
            for column in range(self.now_column + 1, self.columns)
        }


def layout(data: PlotData, width: int, height: int, look: Look) -> Lines:
    """Return at most ``height`` lines of at most ``width`` columns."""
    common = words.common(data, look.signs, width)
    if not data.plots:
        return [*words.nothing_used(data.ports, look.signs, width), common][:height]
    if height > _LEAST_BLOCK:
        return [*_blocks(data, width, height - 1, look), common]
    return [*_blocks(data, width, height, look), common][:height]


def _blocks(data: PlotData, width: int, height: int, look: Look) -> Lines:
    busiest, chosen = data.plots[0], data.plots[-1]
    if busiest is chosen:
        return _block(data, chosen, width, height, look)
    if width >= _SIDE_BY_SIDE:
        half = (width - _BETWEEN) // 2
        left, right = (_block(data, plot, half, height, look) for plot in data.plots)
        return _beside(left, right, half + _BETWEEN)
    if height >= 2 * _LEAST_BLOCK:
        upper = _block(data, busiest, width, height - height // 2, look)
        return [*upper, *_block(data, chosen, width, height // 2, look)]
    return [
        *_block(data, chosen, width, height - 1, look),
        words.title(busiest, look.signs, width),
    ]


def _beside(left: Lines, right: Lines, offset: int) -> Lines:
    lines = []
    for ours, theirs in zip(left, right, strict=True):
        used = sum(len(text) for text, _ in ours)
        lines.append([*ours, (" " * (offset - used), styles.PLAIN), *theirs])
    return lines


def _block(data: PlotData, plot: DestinationPlot, width: int, height: int, look: Look) -> Lines:
    """Return exactly ``height`` lines about one destination."""
    lines: Lines = [
        words.title(plot, look.signs, width),
        words.course(plot, look.signs, width),
    ]
    columns = width - _LABELS
    if height >= _LEAST_BLOCK and columns >= _LEAST_COLUMNS and look.plotter is not None:
        times = Times.fitting(data.instant_s, columns)
        lines += _picture(plot, times, height - len(lines) - 1, look.plotter)
        lines.append(_axis(plot, times, look))
    elif look.note:
        lines.append(words.clipped([(look.note, styles.WARNING)], look.signs, width))
    return [*lines, *([] for _ in range(height - len(lines)))][:height]


def _picture(plot: DestinationPlot, times: Times, rows: int, plotter: Plotter) -> Lines:
    top = _top(plot, times)
    labels = {0: f"{top:,}", rows - 1: "0"}
    if top == plot.capacity:
        labels = {0: f"limit {top:,}", rows // 2: f"half {plot.half:,}", rows - 1: "0"}
    drawn = plotter.draw(_curves(plot, times, top), times.columns, rows, top)
    return [
        [(labels.get(row, "").rjust(_LABELS - 1) + " ", styles.PLAIN), *parts]
        for row, parts in enumerate(drawn)
    ]


def _top(plot: DestinationPlot, times: Times) -> int:
    """Return the upper end of the picture: the limit, or a round number where usage is far below it."""
    values = [*times.by_column(plot.estimated).values(), *times.by_column(plot.measured).values()]
    most = max([plot.used, int(plot.trend.expected.max()), *values])
    if most >= plot.capacity * _SMALL:
        return max(1, plot.capacity)
    size = int("1".ljust(len(str(most)), "0"))
    return next(size * factor for factor in (1, 2, 5, 10) if size * factor > most)


def _curves(plot: DestinationPlot, times: Times, top: int) -> list[Curve]:
    measured = times.by_column(plot.measured)
    measured[times.now_column] = plot.used
    begin = min(measured)
    estimated = {at: value for at, value in times.by_column(plot.estimated).items() if at < begin}
    ahead = times.ahead_s()
    seconds = np.arange(MINUTE_S + 1)
    drained = np.interp(list(ahead.values()), seconds, plot.drain)
    expected = np.interp(list(ahead.values()), seconds, plot.trend.expected)
    usage = words.look(plot)
    curves = [
        _curve(measured.keys(), measured.values(), top, usage, "#", joined=True),
        _curve(estimated.keys(), estimated.values(), top, usage, ".", joined=False),
        _curve(ahead.keys(), expected.tolist(), top, usage, "+", joined=False),
        _curve(ahead.keys(), drained.tolist(), top, styles.NOTE, "o", joined=False),
    ]
    if top == plot.capacity:
        across = (0, times.columns - 1)
        curves.append(_curve(across, (top, top), top, styles.ALARM, "=", joined=True))
        curves.append(_curve(across, (plot.half, plot.half), top, styles.PLAIN, "-", joined=True))
    return curves


def _curve(
    columns: Iterable[int], values: Iterable[float], top: int, style: Style, sign: str, *, joined: bool
) -> Curve:
    return Curve(list(columns), [min(value, top) for value in values], style, sign, joined)


def _axis(plot: DestinationPlot, times: Times, look: Look) -> list[Part]:
    """Label each minute and the present, and name what is drawn between them."""
    now, minute = times.now_column, MINUTE_S // times.step_s
    line = [" "] * times.columns
    _write(line, times.columns - 1, f"+{minute * times.step_s}s")
    for column in range(now - minute, -1, -minute):
        _write(line, column, f"-{(now - column) * times.step_s}s")
    _write(line, now, look.present)
    if min(times.by_column(plot.measured), default=now) > now - minute // 2:
        _write(line, now - minute // 2, "estimated")
    both = f"{look.signs.ascending} same rate {look.signs.descending} none new"
    if not _write(line, now + minute // 2, both):
        _write(line, now + minute // 2, "forecast")
    return [(" " * _LABELS + "".join(line).rstrip(), styles.DIM)]


def _write(line: list[str], middle: int, text: str) -> bool:
    """Write a text around a column if there is room for it."""
    start = max(0, min(middle - len(text) // 2, len(line) - len(text)))
    if "".join(line[max(0, start - 1) : start + len(text) + 1]).strip():
        return False
    line[start : start + len(text)] = text
    return True
