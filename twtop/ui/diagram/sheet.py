"""A sheet of characters to draw on, and the strokes for Unicode and plain ASCII."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twtop.ui import styles
from twtop.ui.line_view import runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style

    from twtop.core.signs import Signs
    from twtop.ui.line_view import Part

Point = tuple[int, int]

_UP, _DOWN, _LEFT, _RIGHT = (0, -1), (0, 1), (-1, 0), (1, 0)
_BENDS: Final = (
    frozenset({_LEFT, _RIGHT}), frozenset({_UP, _DOWN}), frozenset({_DOWN, _RIGHT}),
    frozenset({_DOWN, _LEFT}), frozenset({_UP, _RIGHT}), frozenset({_UP, _LEFT}),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Strokes:
    """Characters for lines: across, down, and the four corners of a box from the upper left one on."""

    line: str
    chosen: str
    """The same for the box under the cursor."""
    heads: str
    """Of arrows to the left, to the right and down."""
    leaving: str
    """Where an arrow leaves a box to the left, to the right and down."""

    def bend(self, ways: frozenset[Point]) -> str:
        """Return the character that leads into these directions."""
        return self.line[_BENDS.index(ways)]

    def head(self, way: Point) -> str:
        """Return the head of an arrow."""
        return self.heads[(_LEFT, _RIGHT, _DOWN).index(way)]

    def leave(self, way: Point) -> str:
        """Return the character of a border that an arrow leaves."""
        return self.leaving[(_LEFT, _RIGHT, _DOWN).index(way)]


_UNICODE: Final = Strokes("─│┌┐└┘", "═║╔╗╚╝", "◄►▼", "┤├┬")
_ASCII: Final = Strokes("-|++++", "=#####", "<>v", "+++")


def strokes(signs: Signs) -> Strokes:
    """Return what a terminal that shows these signs can draw with."""
    return _ASCII if signs.line.isascii() else _UNICODE


class Sheet:
    """Characters and their looks; what is written beyond the edge is lost."""

    def __init__(self, width: int, height: int) -> None:
        self._width = width
        self._rows = [[(" ", styles.PLAIN)] * width for _ in range(height)]

    def write(self, x: int, y: int, text: str, style: Style = styles.PLAIN) -> None:
        """Write a text from a place on."""
        for column, sign in enumerate(text, x):
            if 0 <= column < self._width and 0 <= y < len(self._rows):
                self._rows[y][column] = (sign, style)

    def free(self, x: int, y: int) -> int:
        """Return how many blanks there are from a place on."""
        row = self._rows[y][x:]
        return next((count for count, (sign, _) in enumerate(row) if sign != " "), len(row))

    def trace(self, points: Sequence[Point], pen: Strokes, style: Style) -> None:
        """Draw a line through points, each straight above, below or beside the next, without its two ends."""
        cells = _cells(points)
        for before, (x, y), after in zip(cells, cells[1:], cells[2:], strict=False):
            ways = frozenset({(before[0] - x, before[1] - y), (after[0] - x, after[1] - y)})
            self.write(x, y, pen.bend(ways), style)

    def lines(self) -> list[list[Part]]:
        """Return the parts of all lines."""
        return [runs(row) for row in self._rows]


def _cells(points: Sequence[Point]) -> list[Point]:
    cells = [points[0]]
    for x, y in points[1:]:
        while cells[-1] != (x, y):
            at_x, at_y = cells[-1]
            cells.append((at_x + (x > at_x) - (x < at_x), at_y + (y > at_y) - (y < at_y)))
    return cells
