"""Lays a drain out: words, the clocks second by second, and an earlier forecast above what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.format import count_text
from twtop.ui import styles
from twtop.ui.drain import text as words
from twtop.ui.drain.bars import Scale, bars
from twtop.ui.ports.text import clipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style

    from twtop.core.drain import Drain, Outcome
    from twtop.core.signs import Signs
    from twtop.ui.line_view import Part

Lines = list[list["Part"]]

_LABELS: Final = len("forecast ")
_LEAST_COLUMNS: Final = 20
_LEAST_PICTURE: Final = 4
_ROOMY: Final = 12
"""From so many lines on there is one for what is always true."""


class GroupDrain(NamedTuple):
    """What the panel shows."""

    names: Sequence[str]
    """The texts of the group's keys, outermost first."""
    drain: Drain


def layout(shown: GroupDrain, width: int, height: int, signs: Signs) -> Lines:
    """Return at most ``height`` lines of at most ``width`` columns."""
    return [clipped(parts, signs, width) for parts in _lines(shown, width, height, signs)[:height]]


def _lines(shown: GroupDrain, width: int, height: int, signs: Signs) -> Lines:
    drain, outcome = shown.drain, shown.drain.outcome
    clocks = drain.sockets > drain.endless
    above = [words.title(shown.names, drain, signs, width)]
    if not drain.sockets and not outcome.sockets:
        return above
    if drain.endless and not clocks:
        above.append([(words.NO_CLOCK, styles.DIM)])
    below = [words.verdict(outcome, width), words.deviation(outcome, width)]
    if height >= _ROOMY and clocks:
        below.append([(words.LATE, styles.DIM)])
    room = height - len(above) - len(below)
    if room < _LEAST_PICTURE or width - _LABELS < _LEAST_COLUMNS:
        return [*above, *below]
    return [*above, *_picture(drain, width - _LABELS, room, signs), *below]


def _picture(drain: Drain, columns: int, height: int, signs: Signs) -> Lines:
    """Return exactly ``height`` lines: the clocks, their seconds, and the forecast above what happened."""
    scale = Scale.fitting(drain.span_s, columns)
    due = f"{count_text(drain.due, 4)} due" if drain.due else ""
    axis: Lines = [[(f"{due:>{_LABELS - 1}} {scale.axis(drain.span_s, columns)}", styles.DIM)]]
    if drain.sockets == drain.endless:
        rows = (height - 1) // 2
        strips = _strips(drain.outcome, scale, columns, rows, signs)
        return [*strips, *axis, *([] for _ in range(height - 1 - len(strips)))]
    rows = max(1, height // 4)
    strips = _strips(drain.outcome, scale, columns, rows, signs)
    counts = scale.summed(drain.ends)
    drawn = bars(counts, height - 1 - len(strips), signs.levels, max(counts))
    per = "/s" if scale.step_s == 1 else f"/{scale.step_s}s"
    most = f"{count_text(max(counts), _LABELS - 1 - len(per))}{per}"
    clocks = _labelled(most.rjust(_LABELS - 1), drawn, styles.PLAIN)
    return [*clocks, *axis, *strips]


def _strips(outcome: Outcome, scale: Scale, columns: int, rows: int, signs: Signs) -> Lines:
    """Draw how many were to be left, and below it how many were; the left end is when that was forecast."""
    forecast = scale.sampled(outcome.curve.tolist())[:columns]
    left = scale.measured(outcome.measured)[: len(forecast)]
    drawn = (bars(counts, rows, signs.levels, outcome.sockets) for counts in (forecast, left))
    looks = zip(("forecast", "left"), drawn, (styles.NOTE, styles.PLAIN), strict=True)
    return [line for name, lines, look in looks for line in _labelled(name, lines, look)]


def _labelled(label: str, drawn: Sequence[str], look: Style) -> Lines:
    return [
        [((label if number == 0 else "").ljust(_LABELS), styles.DIM), (line, look)]
        for number, line in enumerate(drawn)
    ]
