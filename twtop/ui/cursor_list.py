"""A list of things with a cursor, one line each, in a view that says more about the one under the cursor."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual.message import Message

from twtop.ui import styles
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from textual import events

Item = TypeVar("Item")


class CursorList(LineView, Generic[Item]):
    """Titles, and a line per item; the cursor stays with its item while others come, go and change places.

    Subclasses say what an item's lasting ``identity`` is and how titles and items are drawn.
    """

    TITLES: ClassVar[int] = 1

    @dataclass
    class Selected(Message):
        """The mouse put the cursor on an item."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.items: Sequence[Item] = ()
        self._at = 0

    @abstractmethod
    def identity(self, item: Item) -> Hashable:
        """Return what stays the same while an item changes."""

    @abstractmethod
    def title_line(self, number: int, width: int) -> list[Part]:
        """Draw one of the titles."""

    @abstractmethod
    def item_line(self, item: Item, width: int) -> list[Part]:
        """Draw an item."""

    @abstractmethod
    def nothing_line(self) -> list[Part]:
        """Say that there are no items."""

    @property
    def most_lines(self) -> int:
        """How high it may be."""
        return self.line_count

    @property
    def current(self) -> Item | None:
        """The item under the cursor."""
        return self.items[self._at] if self.items else None

    def put(self, items: Sequence[Item]) -> None:
        """Show these, the cursor on the same item as before while that is there."""
        known = None if self.current is None else self.identity(self.current)
        places = (at for at, item in enumerate(items) if self.identity(item) == known)
        self._at = next(places, max(0, min(self._at, len(items) - 1)))
        self.items = items
        self.redraw()

    def move(self, step: int) -> None:
        """Move the cursor."""
        if self.items:
            self._at = (self._at + step) % len(self.items)
            self.redraw()

    @property
    def line_count(self) -> int:
        """Titles and items, or that there are none."""
        return self.TITLES + max(1, len(self.items))

    def line(self, number: int, width: int) -> list[Part]:
        """Draw a title or an item."""
        if number < self.TITLES:
            return self.title_line(number, width)
        if not self.items:
            return self.nothing_line()
        parts = self.item_line(self.items[number - self.TITLES], width)
        if number - self.TITLES != self._at:
            return parts
        return [("".join(text for text, _ in parts).ljust(width), styles.CURSOR)]

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        at = event.y + self.scroll_offset.y - self.TITLES
        if 0 <= at < len(self.items):
            self._at = at
            self.redraw()
            self.post_message(self.Selected())

    def redraw(self) -> None:
        """Draw what changed, as high as there are lines and room, with the cursor in sight."""
        self.styles.height = min(self.line_count, self.most_lines)
        self.update_lines()
        last = self._at + self.TITLES + 1
        self.scroll_to(y=max(0, last - self.visible_size.height), animate=False, force=True)
