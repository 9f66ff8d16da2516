"""The diagram as data: where the boxes stand, which arrows join them, and how both fit a window.

Left opens actively and closes first, right opens passively and is closed on: RFC 9293 figure 5 without what
nobody does, and with UNCONN, the descriptor that only holds a port, in the place of CLOSED.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from twtop.core.flow import NOWHERE
from twtop.core.states import IN_LIFE_ORDER, State

PLACES: Final[dict[State, tuple[int, int]]] = {
    State.SYN_SENT: (0, 0), State.UNCONN: (1, 0), State.LISTEN: (2, 0),
    State.ESTAB: (1, 1), State.SYN_RECV: (2, 1),
    State.FIN_WAIT_1: (0, 2), State.CLOSING: (1, 2), State.CLOSE_WAIT: (2, 2),
    State.FIN_WAIT_2: (0, 3), State.TIME_WAIT: (1, 3), State.LAST_ACK: (2, 3),
}  # fmt: skip
"""Column and row of each box."""

_COLUMNS, _ROWS = 3, 4

Side: TypeAlias = Literal["left", "right", "top 1", "top 2", "bottom 1", "bottom 2"]
"""Where an arrow meets a box; 1 is near the left corner, 2 near the right one."""


class End(NamedTuple):
    """One end of an arrow."""

    state: State
    side: Side


@dataclass(frozen=True, slots=True)
class Arrow:
    """Transitions that are drawn as one."""

    moves: tuple[tuple[int, int], ...]
    start: End | None
    """None: it comes from above the diagram."""
    end: End | None
    """None: it leads out below."""
    words: tuple[str, ...]
    """What causes it, the longest first."""


def _arrow(start: tuple[State, Side], end: tuple[State, Side], *words: str) -> Arrow:
    return Arrow(((start[0], end[0]),), End(*start), End(*end), words)


ARROWS: Final = (
    Arrow(((NOWHERE, State.UNCONN),), None, End(State.UNCONN, "top 1"), ("bind()",)),
    Arrow(
        ((NOWHERE, State.SYN_SENT), (State.UNCONN, State.SYN_SENT)),
        End(State.UNCONN, "left"), End(State.SYN_SENT, "right"), ("connect()",),
    ),
    Arrow(
        ((NOWHERE, State.LISTEN), (State.UNCONN, State.LISTEN)),
        End(State.UNCONN, "right"), End(State.LISTEN, "left"), ("listen()",),
    ),
    Arrow(
        ((NOWHERE, State.SYN_RECV),),
        End(State.LISTEN, "bottom 1"), End(State.SYN_RECV, "top 1"), ("recv SYN",),
    ),
    _arrow((State.SYN_SENT, "bottom 1"), (State.ESTAB, "left"), "recv SYN+ACK"),
    _arrow((State.SYN_RECV, "left"), (State.ESTAB, "right"), "recv ACK"),
    _arrow((State.ESTAB, "bottom 1"), (State.FIN_WAIT_1, "top 1"), "active close: close()", "close()"),
    _arrow((State.ESTAB, "bottom 2"), (State.CLOSE_WAIT, "top 2"), "passive close: recv FIN", "recv FIN"),
    _arrow((State.FIN_WAIT_1, "bottom 1"), (State.FIN_WAIT_2, "top 1"), "recv ACK", "ACK"),
    _arrow((State.FIN_WAIT_1, "right"), (State.CLOSING, "left"), "recv FIN"),
    _arrow((State.FIN_WAIT_1, "bottom 2"), (State.TIME_WAIT, "top 1"), "recv ACK and FIN", "ACK+FIN"),
    _arrow((State.FIN_WAIT_2, "right"), (State.TIME_WAIT, "left"), "recv FIN"),
    _arrow((State.CLOSING, "bottom 2"), (State.TIME_WAIT, "top 2"), "recv ACK", "ACK"),
    _arrow((State.CLOSE_WAIT, "bottom 1"), (State.LAST_ACK, "top 1"), "close()"),
    Arrow(
        ((State.TIME_WAIT, NOWHERE),),
        End(State.TIME_WAIT, "bottom 1"), None, ("{life} over, or reused", "{life} over"),
    ),
    Arrow(((State.LAST_ACK, NOWHERE),), End(State.LAST_ACK, "bottom 1"), None, ("recv ACK",)),
)  # fmt: skip

DRAWN: Final = frozenset(move for arrow in ARROWS for move in arrow.moves)
"""All transitions that have an arrow."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Sizes in characters; two boxes of a column are ``gap_y`` lines apart, of a row ``gap_x`` columns."""

    left: int
    box_width: int
    box_height: int
    gap_x: int
    gap_y: int

    @property
    def height(self) -> int:
        """Lines of the whole diagram: one above the boxes and one below."""
        return 2 + _ROWS * self.box_height + (_ROWS - 1) * self.gap_y

    def corner(self, state: State) -> tuple[int, int]:
        """Return the upper left corner of a box."""
        column, row = PLACES[state]
        x = self.left + column * (self.box_width + self.gap_x)
        return x, 1 + row * (self.box_height + self.gap_y)

    def state_at(self, x: int, y: int) -> State | None:
        """Return whose box is drawn there."""
        for state in PLACES:
            left, top = self.corner(state)
            if left <= x < left + self.box_width and top <= y < top + self.box_height:
                return state
        return None

    def point(self, end: End) -> tuple[int, int]:
        """Return where on its border an arrow meets a box."""
        x, y = self.corner(end.state)
        side, _, number = end.side.partition(" ")
        right, bottom = x + self.box_width - 1, y + self.box_height - 1
        if not number:
            return (x if side == "left" else right), y + 1
        return (x + 2 if number == "1" else right - 2), (y if side == "top" else bottom)


_NARROWEST_BOX, _NARROWEST_GAP = 20, 9
_ROOMY_WIDTH, _ROOMY_BOX, _WIDEST_GAP = 116, 26, 30
_LEAST_BELOW: Final = 6


def fitting(width: int, height: int) -> Grid | None:
    """Return the largest diagram that leaves some lines below it; None where not even the smallest fits."""
    box_width = _NARROWEST_BOX if width < _ROOMY_WIDTH else _ROOMY_BOX
    gap_x = min((width - _COLUMNS * box_width) // (_COLUMNS - 1), _WIDEST_GAP)
    left = (width - _COLUMNS * box_width - (_COLUMNS - 1) * gap_x) // 2
    grids = [Grid(left, box_width, lines, gap_x, gap) for lines, gap in ((4, 3), (4, 2), (4, 1), (3, 1))]
    if gap_x < _NARROWEST_GAP or height < grids[-1].height:
        return None
    return next((grid for grid in grids if grid.height + _LEAST_BELOW <= height), grids[-1])


def neighbour(state: State, step_x: int, step_y: int) -> State:
    """Return the next box in a direction, one in the same line first; the same one where there is none."""
    column, row = PLACES[state]
    best: tuple[tuple[int, int], State] | None = None
    for other, (at_column, at_row) in PLACES.items():
        ahead = (at_column - column) * step_x + (at_row - row) * step_y
        aside = abs((at_column - column) * step_y) + abs((at_row - row) * step_x)
        if ahead > 0 and (best is None or (aside, ahead) < best[0]):
            best = (aside, ahead), other
    return state if best is None else best[1]


def next_in_list(state: State, step: int) -> State:
    """Return the next state in the order of a life; the same one at its end."""
    at = IN_LIFE_ORDER.index(state) + step
    return IN_LIFE_ORDER[max(0, min(at, len(IN_LIFE_ORDER) - 1))]
