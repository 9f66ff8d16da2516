"""A widget made of lines: draws those that can be seen, and again only those that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Iterable

Part = tuple[str, Style]
"""Some text and its look."""


def runs(parts: Iterable[Part]) -> list[Part]:
    """Join neighbours of one look."""
    joined: list[Part] = []
    for text, style in parts:
        if joined and joined[-1][1] is style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return joined


class LineView(ScrollView, can_focus=False):
    """Lines by number, drawn on demand, so that half a million of them cost what a screenful does.

    Subclasses say how many there are (`line_count`) and what is in one (`line`), and call `update_lines` when
    that changes.
    """

    DEFAULT_CSS = """
    LineView { scrollbar-size-vertical: 1; overflow-x: hidden; overflow-y: auto; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._drawn: dict[int, Strip] = {}

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return self.visible_size.height

    @property
    def visible_size(self) -> Size:
        """The room for lines: without a border, and without a scroll bar where there is one."""
        return self.scrollable_content_region.size

    def line(self, number: int, width: int) -> list[Part]:
        """Return the parts of a line, at most ``width`` columns of them meaningful."""
        return []

    def update_lines(self) -> None:
        """Draw the visible lines anew where they changed."""
        if not self.is_attached:
            return
        width, height = self.visible_size
        count = self.line_count
        if self.virtual_size.height != count or self.virtual_size.width != width:
            self.virtual_size = Size(width, count)
        top = self.scroll_offset.y
        fresh: dict[int, Strip] = {}
        for number in range(top, min(count, top + height)):
            fresh[number] = self._strip(number, width)
            if self._drawn.get(number) != fresh[number]:
                self.refresh_line(number - top)
        if len(fresh) < height and len(fresh) != len(self._drawn):
            self.refresh(Region(0, len(fresh), width, height - len(fresh)))
        self._drawn = fresh

    def refresh_line(self, y: int) -> None:
        """Mark one visible line as changed."""
        self.refresh(Region(0, y, self.visible_size.width, 1))

    def render_line(self, y: int) -> Strip:
        """Draw the line at a height of the widget, as Textual asks for it."""
        width = self.visible_size.width
        number = y + self.scroll_offset.y
        if number >= self.line_count:
            return Strip.blank(width)
        strip = self._drawn.get(number)
        if strip is None or strip.cell_length != width:
            strip = self._drawn[number] = self._strip(number, width)
        return strip

    def on_resize(self) -> None:
        """Forget what was drawn for another size."""
        self._drawn = {}
        self.update_lines()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw the lines that came into sight."""
        super().watch_scroll_y(old_value, new_value)
        self._drawn = {}
        self.refresh()

    def _strip(self, number: int, width: int) -> Strip:
        segments = [Segment(text, style) for text, style in self.line(number, width) if text]
        return Strip(segments).adjust_cell_length(width)
