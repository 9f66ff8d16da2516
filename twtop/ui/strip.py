"""The strip of all states: how many sockets are in each, and how that changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.message import Message

from twtop.core.format import count_text, delta_text
from twtop.core.states import IN_LIFE_ORDER, State
from twtop.ui import styles
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from twtop.core.signs import Signs

_NARROWEST: Final = 20
_BLANKS: Final = 3
"""Between label, count, change and the next label."""
_LARGE: Final = 10_000
_ROOM_FOR_CHANGE: Final = len("+999")


def lines_needed(width: int) -> int:
    """Return how many lines the states take in a window this wide."""
    return -(-len(IN_LIFE_ORDER) // max(1, width // _NARROWEST))


class StateStrip(LineView):
    """A cell for each state, zeros too, always at the same place."""

    @dataclass
    class Clicked(Message):
        """A state was clicked."""

        state: State

    def __init__(self, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._signs = signs
        self._unlisted = False
        self._counts: Sequence[int] = (0,) * 16
        self._deltas: Sequence[int] = (0,) * 16

    def show(self, counts: Sequence[int], deltas: Sequence[int], *, unlisted: bool = False) -> None:
        """Show counts and changes by state number; ``-`` for UNCONN where that is unlisted."""
        self._counts, self._deltas, self._unlisted = counts, deltas, unlisted
        self._fit()
        self.update_lines()

    @property
    def line_count(self) -> int:
        """As many lines as the states need in this width."""
        return lines_needed(self.size.width)

    @property
    def _per_line(self) -> int:
        return -(-len(IN_LIFE_ORDER) // self.line_count)

    def _columns(self) -> list[tuple[int, int]]:
        """Return per column the width of its labels, and the width of what follows them."""
        per_line = self._per_line
        labels = [
            max(len(state.label) for state in IN_LIFE_ORDER[column::per_line]) for column in range(per_line)
        ]
        rest, extra = divmod(max(0, self.content_size.width - sum(labels)), per_line)
        return [(label, rest + (column < extra)) for column, label in enumerate(labels)]

    def _fit(self) -> None:
        if self.size.width and (self.styles.height is None or self.styles.height.value != self.line_count):
            self.styles.height = self.line_count

    def on_resize(self) -> None:
        """Take as many lines as the new width asks for."""
        self._fit()
        super().on_resize()

    def line(self, number: int, width: int) -> list[Part]:
        """Draw the cells of one line."""
        first = number * self._per_line
        states = IN_LIFE_ORDER[first : first + self._per_line]
        parts: list[Part] = []
        for column, (state, (label, rest)) in enumerate(zip(states, self._columns(), strict=False)):
            # Nothing stands to the right of the last column.
            room = rest - _BLANKS + (column == self._per_line - 1)
            parts += self._cell(state, label, rest, room)
        return parts

    def _cell(self, state: State, label: int, rest: int, room: int) -> list[Part]:
        """Draw a state: a label, and the ``rest`` with ``room`` for two numbers."""
        count = self._counts[state]
        number = "-" if self._unlisted and state is State.UNCONN else _count(count, room)
        change = self._change(self._deltas[state], room - len(number))
        look = styles.STATES.get(state, styles.PLAIN) if count else styles.DIM
        return [
            (state.label.ljust(label + 1), look),
            (number, styles.BOLD if count else styles.DIM),
            (f" {change}".ljust(rest - 1 - len(number)), styles.NOTE),
        ]

    def _change(self, change: int, room: int) -> str:
        """Write a change, shorter where there is little room; only up or down where there is hardly any.

        A lone + or - would look as if the number had been cut off.
        """
        exact = delta_text(change)
        if len(exact) <= room:
            return exact
        short = exact[:1] + count_text(abs(change), 4)
        direction = self._signs.ascending if change > 0 else self._signs.descending
        return short if len(short) <= room else direction[: max(0, room)]

    def on_click(self, event: events.Click) -> None:
        """Tell which state was clicked."""
        right = 0
        for column, widths in enumerate(self._columns()):
            right += sum(widths)
            index = event.y * self._per_line + column
            if event.x < right and index < len(IN_LIFE_ORDER):
                self.post_message(self.Clicked(IN_LIFE_ORDER[index]))
                return


def _count(count: int, room: int) -> str:
    """Write a count; a large one shorter where its change would have no room beside all digits of it."""
    exact = count_text(count, 7)
    is_wide = len(exact) + _ROOM_FOR_CHANGE > room
    return count_text(count, 4) if is_wide and count >= _LARGE else exact
