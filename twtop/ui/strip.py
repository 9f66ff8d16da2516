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

_CELL: Final = 20
_LABEL: Final = 10


class StateStrip(LineView):
    """A cell for each state, zeros too, always at the same place."""

    @dataclass
    class Clicked(Message):
        """A state was clicked."""

        state: State

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._counts: Sequence[int] = (0,) * 16
        self._deltas: Sequence[int] = (0,) * 16

    def show(self, counts: Sequence[int], deltas: Sequence[int]) -> None:
        """Show counts and changes by state number."""
        self._counts, self._deltas = counts, deltas
        self._fit()
        self.update_lines()

    @property
    def line_count(self) -> int:
        """As many lines as the states need in this width."""
        return -(-len(IN_LIFE_ORDER) // self._per_line)

    @property
    def _per_line(self) -> int:
        return max(1, min(len(IN_LIFE_ORDER), self.size.width // _CELL))

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
        cell = width // self._per_line
        parts: list[Part] = []
        for state in IN_LIFE_ORDER[first : first + self._per_line]:
            parts += self._cell(state, cell)
        return parts

    def _cell(self, state: State, width: int) -> list[Part]:
        count, delta = self._counts[state], self._deltas[state]
        number = count_text(count, 7)
        room = width - _LABEL - len(number) - 3
        change = delta_text(delta)
        if len(change) > room:
            change = change[:1] if room > 0 else ""
        look = styles.STATES.get(state, styles.PLAIN) if count else styles.DIM
        return [
            (state.label.ljust(_LABEL + 1), look),
            (number, styles.BOLD if count else styles.DIM),
            (f" {change}".ljust(width - _LABEL - 1 - len(number)), styles.NOTE),
        ]

    def on_click(self, event: events.Click) -> None:
        """Tell which state was clicked."""
        column = event.x // max(1, self.content_size.width // self._per_line)
        index = event.y * self._per_line + column
        if 0 <= index < len(IN_LIFE_ORDER):
            self.post_message(self.Clicked(IN_LIFE_ORDER[index]))
