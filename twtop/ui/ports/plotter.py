"""The only place that knows plotext: it draws curves in characters and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from twtop.ui import styles
from twtop.ui.line_view import runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style

    from twtop.ui.line_view import Part

_BRAILLE_DOTS: Final = 4
_FIRST_BRAILLE, _LAST_BRAILLE = "\u2800", "\u28ff"


class Curve(NamedTuple):
    """Values by column, joined or as single dots."""

    columns: Sequence[int]
    values: Sequence[float]
    style: Style
    sign: str
    """What it is drawn with where there is no braille."""
    joined: bool


class Plotter:
    """Draws with plotext; make it in a thread, for importing plotext takes a quarter of a second.

    Raises ImportError or OSError where plotext's compiled part does not run on this machine.
    """

    def __init__(self, *, braille: bool) -> None:
        import plotext

        # What it draws belongs in a part of the screen: it shall not look at the terminal's size.
        plotext.terminal.limit(width=False, height=False)
        self._figure: Any = plotext.figure
        self._figure.axes(False)
        for axis in "x", "y":
            for side in self._rulers(axis):
                side.frequency(0).alignment(lim="edge")
        self._braille = braille

    def draw(self, curves: Sequence[Curve], width: int, height: int, top: float) -> list[list[Part]]:
        """Draw curves over each other, the first one on top, from 0 to ``top``; return the lines' parts."""
        cells = [[(" ", styles.PLAIN)] * width for _ in range(height)]
        for curve in reversed(curves):
            for row, text in zip(cells, self._lines(curve, width, height, top), strict=True):
                for column, sign in enumerate(text):
                    if sign != " ":
                        row[column] = (_united(row[column][0], sign), curve.style)
        return [runs(row) for row in cells]

    def _rulers(self, axis: str) -> list[Any]:
        sides = ("lower", "upper") if axis == "x" else ("left", "right")
        return [self._figure.ruler(axis, side) for side in sides]

    def _lines(self, curve: Curve, width: int, height: int, top: float) -> list[str]:
        dots = height * (_BRAILLE_DOTS if self._braille else 1)
        margin = top / max(1, dots - 1) / 2
        figure = self._figure
        figure.clear.data()
        figure.plot_size(width, height)
        figure.ruler("x", "lower").lim(0, width)
        figure.ruler("y", "left").lim(-margin, top + margin)
        # A quarter from the left is the middle of a braille character's left column.
        places = [column + 0.25 for column in curve.columns]
        signal = figure.signal(places, list(curve.values), marker="braille" if self._braille else curve.sign)
        figure.draw(signal.lines(curve.joined))
        lines: list[str] = figure.build().string(colorless=True).split("\n")
        return lines[:height]


def _united(below: str, above: str) -> str:
    """Return the dots of two braille characters in one; of any others the upper one."""
    if _FIRST_BRAILLE <= below <= _LAST_BRAILLE and _FIRST_BRAILLE <= above <= _LAST_BRAILLE:
        return chr(ord(below) | ord(above))
    return above
