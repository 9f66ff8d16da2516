"""A list with lines between its items; the cursor goes from item to item and stays with its own."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from twtop.ui import styles
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from collections.abc import Hashable

    from rich.style import Style
    from textual import events

Item = TypeVar("Item")


class Between(NamedTuple):
    """A line between items; ``columns`` name the numbers below it, if they are others than above."""

    text: str
    look: Style = styles.TITLE
    columns: tuple[str, ...] | None = None


class SectionedList(LineView, Generic[Item]):
    """One line per item; once moved, the cursor stays with its item while others change places."""

    @dataclass
    class Selected(Message):
        """Another item is under the cursor, or the same was clicked again."""

        again: bool = False

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._entries: list[Item | Between] = []
        self._at = 0
        self._held: Hashable = None

    @abstractmethod
    def identity(self, item: Item) -> Hashable:
        """Return what stays the same while an item changes."""

    @abstractmethod
    def item_line(self, item: Item, width: int) -> list[Part]:
        """Draw an item."""

    @abstractmethod
    def between_line(self, between: Between, width: int) -> list[Part]:
        """Draw a line between items."""

    @property
    def current(self) -> Item | None:
        """The item under the cursor."""
        entry = self._entries[self._at] if self._at < len(self._entries) else None
        return None if isinstance(entry, Between) else entry

    @property
    def line_count(self) -> int:
        """All lines."""
        return len(self._entries)

    def put(self, entries: list[Item | Between]) -> None:
        """Show these; the item under the cursor stays at its height of the screen."""
        self._entries = entries
        above = self._at - self.scroll_offset.y
        places = [at for at, entry in enumerate(entries) if self._is_held(entry)]
        moved = bool(places) and places[0] != self._at
        self._at = places[0] if places else self._nearest(self._at if self._held else 0, 1)
        self.update_lines()
        if moved:
            self.scroll_to(y=self._at - above, animate=False, immediate=True)

    def line(self, number: int, width: int) -> list[Part]:
        """Draw one line."""
        entry = self._entries[number]
        if isinstance(entry, Between):
            return self.between_line(entry, width)
        parts = self.item_line(entry, width)
        if number != self._at:
            return parts
        return [("".join(text for text, _ in parts).ljust(width), styles.CURSOR)]

    def move(self, step: int) -> None:
        """Move the cursor by items, by screenfuls where ``step`` is larger than all of them."""
        self.go_to(self._at + step, step)

    def to_section(self, direction: int) -> None:
        """Go to the first item of the next section, or of the one before; from the last to the first."""
        firsts = [at + 1 for at, entry in enumerate(self._entries) if isinstance(entry, Between)]
        own = max((at for at in firsts if at <= self._at), default=0)
        others = [at for at in firsts if (at - own) * direction > 0]
        if firsts:
            nearest, wrapped = (min, firsts[0]) if direction > 0 else (max, firsts[-1])
            self.go_to(nearest(others, default=wrapped), 1)

    @property
    def page(self) -> int:
        """How many lines a screenful goes on."""
        return max(1, self.visible_size.height - 1)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        at = event.y + self.scroll_offset.y
        if at < len(self._entries) and not isinstance(self._entries[at], Between):
            again = at == self._at
            self.go_to(at, 1)
            self.post_message(self.Selected(again))

    def go_to(self, at: int, direction: int) -> None:
        """Put the cursor on the item at, or else beyond, or else before a line."""
        self._at = self._nearest(at, direction)
        item = self.current
        self._held = None if item is None else self.identity(item)
        # From the first item on, the lines above it can be seen too.
        first = self._at == self._nearest(0, 1)
        self.scroll_to_region(Region(0, 0 if first else self._at, 1, 1), animate=False, immediate=True)
        self.update_lines()
        self.post_message(self.Selected())

    def _is_held(self, entry: Item | Between) -> bool:
        return not isinstance(entry, Between) and self.identity(entry) == self._held

    def _nearest(self, at: int, direction: int) -> int:
        places = [place for place, entry in enumerate(self._entries) if not isinstance(entry, Between)]
        beyond = [place for place in places if (place - at) * direction >= 0]
        if not places:
            return 0
        if direction > 0:
            return beyond[0] if beyond else places[-1]
        return beyond[-1] if beyond else places[0]


def list_keys(noun: str, *, show: bool = True) -> list[BindingType]:
    """Return the keys of `ListActions`, without those of sections; ``show`` one of them in the footer."""
    return [
        Binding("up,k", "move(-1)", "select", tooltip=f"Select the {noun} above", show=False),
        Binding("down,j", "move(1)", "select", tooltip=f"Select the {noun} below", show=show),
        Binding("pageup,ctrl+b", "page(-1)", "page", tooltip="Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "page", tooltip="Page down", show=False),
        Binding("home", "edge(-1)", "first", tooltip=f"Select the first {noun}", show=False),
        Binding("end,G", "edge(1)", "last", tooltip=f"Select the last {noun}", show=False),
    ]


class ListActions:
    """Of a view with a list: what its keys do to the cursor."""

    _list: SectionedList[Any]

    def action_move(self, step: int) -> None:
        """Select another item."""
        self._list.move(step)

    def action_page(self, direction: int) -> None:
        """Go a screenful on."""
        self._list.move(direction * self._list.page)

    def action_edge(self, direction: int) -> None:
        """Go to the first or the last item."""
        self._list.move(direction * self._list.line_count)

    def action_section(self, direction: int) -> None:
        """Go to another section."""
        self._list.to_section(direction)
