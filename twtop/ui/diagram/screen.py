"""The view of the state diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from twtop.core.filter import States
from twtop.core.flow import NOWHERE
from twtop.core.states import IN_LIFE_ORDER, State
from twtop.knowledge.topics import find
from twtop.ui import styles
from twtop.ui.diagram.drawing import Current, count_of, draw, look_of, per_s, trend_of
from twtop.ui.diagram.shape import fitting, neighbour, next_in_list
from twtop.ui.diagram.words import explained, others, title, unseen
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.widget import Widget

    from twtop.core.signs import Signs
    from twtop.ui.diagram.shape import Grid
    from twtop.ui.picture import Picture

_ABOVE = 1
"""Lines above the diagram: the title."""
_BELOW = 2
"""Lines between diagram and explanation."""


def layout(current: Current, cursor: State, width: int, height: int, signs: Signs) -> list[list[Part]]:
    """Lay out the whole view; a room too small for the diagram gets a list of the states."""
    grid = fitting(width, height - _ABOVE - _BELOW)
    if grid is None:
        return _listed(current, cursor, width, height, signs)
    lines = [title(current, width, signs), *draw(current, cursor, grid, width, signs)]
    lines += [unseen(current.flow, width, signs), others(current.flow, width, signs)]
    return [*lines, *explained(current, cursor, width, height - len(lines), signs)]


def _listed(current: Current, cursor: State, width: int, height: int, signs: Signs) -> list[list[Part]]:
    """Lay out one line per state, those near the cursor where there is no room for all."""
    rows = []
    for state in IN_LIFE_ORDER:
        gone = per_s(current.flow.rate(state, NOWHERE))
        text = f"{state.label:10} {count_of(current, state):>9}"
        for more in (f" {trend_of(current, state, signs):7}", f" gone {gone}" if gone else ""):
            text += more if len(f"{text}{more}".rstrip()) <= width else ""
        look = styles.CURSOR if state is cursor else look_of(current, state)
        rows.append([(signs.clipped(text.rstrip(), width).ljust(width), look)])
    first = _first_listed(cursor, height)
    rest = [title(current, width, signs), unseen(current.flow, width, signs)]
    return [*rows[first : first + height], *rest][:height]


def _first_listed(cursor: State, height: int) -> int:
    """Return from which state on a list that is too long shows the cursor."""
    return max(0, IN_LIFE_ORDER.index(cursor) - height + 1)


class Diagram(LineView):
    """Boxes, arrows and words; the cursor is on one of the states."""

    DEFAULT_CSS = """
    Diagram { height: 1fr; overflow: hidden; scrollbar-size: 0 0; }
    """

    def __init__(self, signs: Signs) -> None:
        super().__init__(id="diagram")
        self._signs = signs
        self._current: Current | None = None
        self._lines: list[list[Part]] = []
        self.cursor = State.ESTAB

    def show(self, current: Current) -> None:
        """Show another moment."""
        self._current = current
        self.update_lines()

    def move(self, step_x: int, step_y: int) -> None:
        """Move the cursor to the next box in a direction."""
        if self._grid is None:
            self.cursor = next_in_list(self.cursor, step_x + step_y)
        else:
            self.cursor = neighbour(self.cursor, step_x, step_y)
        self.update_lines()

    def update_lines(self) -> None:
        """Lay everything out anew, and draw the lines that changed."""
        if self._current is not None and self.visible_size:
            self._lines = layout(self._current, self.cursor, *self.visible_size, self._signs)
        super().update_lines()

    def line(self, number: int, width: int) -> list[Part]:
        """Return the parts of a line."""
        return self._lines[number] if number < len(self._lines) else []

    @property
    def _grid(self) -> Grid | None:
        width, height = self.visible_size
        return fitting(width, height - _ABOVE - _BELOW)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the box under the mouse."""
        if self._grid is not None:
            state = self._grid.state_at(event.x, event.y - _ABOVE)
        else:
            at = event.y + _first_listed(self.cursor, self.visible_size.height)
            state = IN_LIFE_ORDER[at] if at < len(IN_LIFE_ORDER) else None
        if state is not None:
            self.cursor = state
            self.update_lines()


class DiagramScreen(FrameScreen[Current]):
    """How many sockets are in each state, and how many a second go from one to the next."""

    HEADING = "State diagram"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1, 0)", "move", tooltip="Go to the box on the left", show=False),
        Binding("down,j", "move(0, 1)", "move", tooltip="Go to the box below", show=False),
        Binding("up,k", "move(0, -1)", "move", tooltip="Go to the box above", show=False),
        Binding("right,l", "move(1, 0)", "move", tooltip="Go to the box on the right", show=False),
        Binding("enter", "filter", "sockets", tooltip="Show the sockets in this state in the table"),
        Binding("e", "explain", "explain", tooltip="Read all about this state"),
        Binding("v", "dismiss", "back", tooltip="Back to the table", show=False),
    ]

    def __init__(self, signs: Signs) -> None:
        super().__init__(signs)
        self._diagram = Diagram(signs)

    def content(self) -> Iterable[Widget]:
        """Return the diagram; it draws everything."""
        return (self._diagram,)

    def prepare(self, picture: Picture) -> Current:
        """Take what the frame counted."""
        frame = picture.frame
        snapshot = frame.moment.snapshot
        return Current(
            flow=frame.flow,
            unlisted=snapshot.unlisted is not None,
            life_ms=snapshot.life_ms,
            facts=frame.facts,
            wall_s=snapshot.wall_s,
        )

    def present(self, prepared: Current) -> None:
        """Show it."""
        self._diagram.show(prepared)

    def action_move(self, step_x: int, step_y: int) -> None:
        """Move the cursor."""
        self._diagram.move(step_x, step_y)

    def action_filter(self) -> None:
        """Show the sockets of the box in the table."""
        self.post_message(self.FilterChosen(States(self._diagram.cursor.bit)))

    def action_explain(self) -> None:
        """Explain the state of the box."""
        self.post_message(self.TopicChosen(find(self._diagram.cursor.label)))
