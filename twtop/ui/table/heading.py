"""The titles of the table's columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from twtop.core.table.fields import fields_for
from twtop.core.table.keys import KEYS
from twtop.ui import styles
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from textual import events

    from twtop.core.signs import Signs
    from twtop.core.table.view import Spec


class Heading(LineView):
    """The titles of the columns."""

    @dataclass
    class Clicked(Message):
        """A title was clicked."""

        field: str

    def __init__(self, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.signs = signs
        self._sort = ""
        self._descending = True
        self._cursor: str | None = None
        self._keys = ""
        self._columns: tuple[str, ...] = ()

    def show(self, spec: Spec, cursor: str | None) -> None:
        """Show how the table is sorted and grouped, and the cursor where it is on a title."""
        self._sort, self._descending, self._cursor = spec.sort, spec.descending, cursor
        titles = (KEYS[name].title.upper() for name in spec.keys)
        self._keys = f" {self.signs.arrow} ".join(titles)
        self._columns = spec.columns
        self.update_lines()

    def line(self, number: int, width: int) -> list[Part]:
        """Draw the titles; the one that sorts is marked."""
        parts: list[Part] = []
        for field in fields_for(width, self._columns):
            mark = self._mark if field.name == self._sort else ""
            title = f"{mark}{field.title}"[: field.width].rjust(field.width)
            parts.append((title, styles.CURSOR if field.name == self._cursor else styles.HEADING))
            parts.append((" ", styles.PLAIN))
        room = max(0, width - sum(len(text) for text, _ in parts))
        return [*parts, (self.signs.clipped(self._keys, room), styles.HEADING)]

    @property
    def _mark(self) -> str:
        return self.signs.descending if self._descending else self.signs.ascending

    def on_click(self, event: events.Click) -> None:
        """Sort by the title under the mouse."""
        right = 0
        for field in fields_for(self.visible_size.width, self._columns):
            right += field.width + 1
            if event.x < right:
                self.post_message(self.Clicked(field.name))
                return
