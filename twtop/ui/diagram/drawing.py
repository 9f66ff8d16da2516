"""Numbers in, lines out: the boxes and arrows of the diagram with what is counted in and on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twtop.core.flow import NOWHERE
from twtop.core.format import count_text, rate_text
from twtop.core.states import State
from twtop.ui import styles
from twtop.ui.diagram.shape import ARROWS, DRAWN, PLACES
from twtop.ui.diagram.sheet import Sheet, strokes

if TYPE_CHECKING:
    from rich.style import Style

    from twtop.core.flow_history import Flow
    from twtop.core.signs import Signs
    from twtop.knowledge.facts import HostFacts
    from twtop.ui.diagram.shape import Arrow, Grid
    from twtop.ui.diagram.sheet import Point
    from twtop.ui.line_view import Part

_WIDEST_RATE = len("12.3k/s")


@dataclass(frozen=True, slots=True, eq=False)
class Current:
    """What the screen shows of one moment."""

    flow: Flow
    unlisted: bool
    """Sockets in UNCONN cannot be listed here."""
    life_ms: int
    """The length of TIME-WAIT on this kernel."""
    facts: HostFacts
    wall_s: float


def per_s(rate: float) -> str:
    """Write a rate with its unit; nothing for none."""
    text = rate_text(rate)
    return f"{text}/s" if text else ""


def count_of(current: Current, state: State) -> str:
    """Write how many sockets are in a state."""
    if current.unlisted and state is State.UNCONN:
        return "-"
    return count_text(int(current.flow.counts[state]), 9)


def trend_of(current: Current, state: State, signs: Signs) -> str:
    """Write by how many the sockets in a state became more or fewer; nothing for no change."""
    change = int(current.flow.changes[state])
    if not change:
        return ""
    sign, plus = (signs.ascending, "+") if change > 0 else (signs.descending, "-")
    return f"{sign}{plus}{count_text(abs(change), 5)}"


def look_of(current: Current, state: State) -> Style:
    """Return the look of a state's name."""
    return styles.STATES.get(state, styles.PLAIN) if current.flow.counts[state] else styles.DIM


def draw(current: Current, cursor: State, grid: Grid, width: int, signs: Signs) -> list[list[Part]]:
    """Draw the diagram; the box under the cursor has other borders."""
    drawing = _Drawing(current, grid, width, signs)
    for state in PLACES:
        drawing.box(state, chosen=state is cursor)
    drawing.headings()
    for arrow in ARROWS:
        drawing.line(arrow)
    for arrow in ARROWS:
        drawing.label(arrow)
    return drawing.sheet.lines()


class _Drawing:
    def __init__(self, current: Current, grid: Grid, width: int, signs: Signs) -> None:
        self.sheet = Sheet(width, grid.height)
        self._current = current
        self._grid = grid
        self._signs = signs
        self._strokes = strokes(signs)

    def box(self, state: State, *, chosen: bool) -> None:
        """Draw a box: its name in the border above, who vanished in the one below."""
        (x, y), grid, look = self._grid.corner(state), self._grid, look_of(self._current, state)
        across, down, *corners = tuple(self._strokes.chosen if chosen else self._strokes.line)
        border = styles.BOLD if chosen else look
        inside, bottom = grid.box_width - 2, y + grid.box_height - 1
        self.sheet.write(x, y, corners[0] + across * inside + corners[1], border)
        self.sheet.write(x, bottom, corners[2] + across * inside + corners[3], border)
        for line in range(y + 1, bottom):
            self.sheet.write(x, line, down + " " * inside + down, border)
        name = f" {state.label} "
        self.sheet.write(
            x + (grid.box_width - len(name)) // 2, y, name, styles.CURSOR if chosen else look + styles.BOLD
        )
        self._numbers(state, x + 1, y + 1, inside)
        gone = per_s(self._current.flow.rate(state, NOWHERE))
        if gone and (state, NOWHERE) not in DRAWN:
            text = f" gone {gone} "
            self.sheet.write(x + grid.box_width - 3 - len(text), bottom, text, styles.NOTE)

    def _numbers(self, state: State, x: int, y: int, room: int) -> None:
        count = count_of(self._current, state)
        has_some = bool(self._current.flow.counts[state])
        self.sheet.write(x + 1, y, count.rjust(9), styles.BOLD if has_some else styles.DIM)
        self.sheet.write(x + 11, y, trend_of(self._current, state, self._signs), styles.NOTE)
        if self._grid.box_height > 3:
            rates = self._current.flow.rates
            into, out = (float(rates.sum(axis=axis)[state]) for axis in (0, 1))
            if into or out:
                said = f"in {per_s(into) or '0'}  out {per_s(out) or '0'}"
                self.sheet.write(x + 1, y + 1, said[: room - 1])

    def line(self, arrow: Arrow) -> None:
        """Draw an arrow."""
        style = self._look(self._rate(arrow))
        points = self._path(arrow)
        (x, y), (to_x, to_y) = points[0], points[-1]
        way = _way(points[-2], points[-1])
        if arrow.start is not None:
            self.sheet.write(x, y, self._strokes.leave(_way(points[0], points[1])), style)
        self.sheet.trace(points, self._strokes, style)
        # A head from above stands in the border; one from the side, where the border is one line, before it.
        self.sheet.write(to_x - way[0], to_y, self._strokes.head(way), style)

    def label(self, arrow: Arrow) -> None:
        """Write what causes an arrow and its rate; all lines are drawn before."""
        rate, points = self._rate(arrow), self._path(arrow)
        (x, y), (to_x, to_y) = points[0], points[-1]
        left, right = sorted((x, to_x))
        if y == to_y:
            self._label_across(arrow, rate, left + 1, right - left - 1, y)
        elif x == to_x:
            self._label_beside(arrow, rate, x + 2, to_y if arrow.end is None else (y + to_y) // 2)
        else:
            self._label_within(arrow, rate, left + 1, right - left - 1, points[-2][1])

    def _rate(self, arrow: Arrow) -> float:
        return sum(self._current.flow.rate(*move) for move in arrow.moves)

    def _path(self, arrow: Arrow) -> list[Point]:
        """Return start, bends and end."""
        if arrow.start is None:
            assert arrow.end is not None  # noqa: S101 - for mypy
            x, y = self._grid.point(arrow.end)
            return [(x, -1), (x, y)]
        start = self._grid.point(arrow.start)
        if arrow.end is None:
            return [start, (start[0], start[1] + 1)]
        end = self._grid.point(arrow.end)
        if start[0] == end[0] or start[1] == end[1]:
            return [start, end]
        if arrow.end.side == "left":
            return [start, (start[0], end[1]), end]
        middle = start[1] + (self._grid.gap_y + 1) // 2
        return [start, (start[0], middle), (end[0], middle), end]

    def _label_across(self, arrow: Arrow, rate: float, x: int, room: int, y: int) -> None:
        """Write the words above a short arrow and the rate below."""
        words = self._words(arrow, room)
        self.sheet.write(x, y - 1, words.center(room), self._look(rate))
        self.sheet.write(x, y + 1, per_s(rate).center(room), styles.BOLD)

    def _label_beside(self, arrow: Arrow, rate: float, x: int, y: int) -> None:
        """Write both to the right of an arrow down."""
        room = self.sheet.free(x, y)
        words = self._words(arrow, room - _WIDEST_RATE - 1)
        self.sheet.write(x, y, words, self._look(rate))
        self.sheet.write(x + len(words) + bool(words), y, per_s(rate), styles.BOLD)

    def _label_within(self, arrow: Arrow, rate: float, x: int, room: int, y: int) -> None:
        """Write both into the line of an arrow, which stays visible at both ends."""
        words = self._words(arrow, room - _WIDEST_RATE - 5)
        said = per_s(rate)
        start = x + (room - len(" ".join(text for text in (words, said) if text))) // 2
        if words:
            self.sheet.write(start - 1, y, f" {words} ", self._look(rate))
            start += len(words) + 1
        if said:
            self.sheet.write(start - 1, y, f" {said} ", styles.BOLD)

    def _words(self, arrow: Arrow, room: int) -> str:
        life = f"{self._current.life_ms / 1000:.0f} s"
        fitting = (words.format(life=life) for words in arrow.words)
        return next((words for words in fitting if len(words) <= room), "")

    def _look(self, rate: float) -> Style:
        return styles.PLAIN if rate > 0 else styles.DIM

    def headings(self) -> None:
        """Name the two sides."""
        x, _ = self._grid.corner(State.SYN_SENT)
        self.sheet.write(x, 0, "active opener", styles.TITLE)
        x, _ = self._grid.corner(State.LISTEN)
        self.sheet.write(x, 0, "passive opener", styles.TITLE)


def _way(before: Point, after: Point) -> Point:
    (x, y), (to_x, to_y) = before, after
    return (to_x > x) - (to_x < x), (to_y > y) - (to_y < y)
