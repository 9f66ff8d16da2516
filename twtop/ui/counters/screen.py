"""The view of the kernel's counters: rates, those that moved first, and what each means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, TypeAlias

from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from twtop.knowledge.explain import explain_counter
from twtop.knowledge.topics import find
from twtop.ui import styles
from twtop.ui.counters.lines import GAUGES, Between, between_line, counter_line, detail_lines, titles
from twtop.ui.counters.listing import Listing, Row, listing
from twtop.ui.explanation.wrapping import wrap
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.widget import Widget

    from twtop.core.signs import Signs
    from twtop.knowledge.facts import HostFacts
    from twtop.ui.picture import Picture

_LOW: Final = 16
"""Screens with fewer lines show counters and nothing else."""
_HIGH: Final = 30
"""Screens with as many have room for all that is to be said about one."""

Entry: TypeAlias = Row | Between


class Counted(NamedTuple):
    """What the view shows."""

    counters: Listing
    facts: HostFacts


class CounterTitles(LineView):
    """What the columns are."""

    def line(self, number: int, width: int) -> list[Part]:
        """Write the only line."""
        return titles(width) if number == 0 else []


class CounterList(LineView):
    """One line per counter; once moved, the cursor stays with its counter while others change places."""

    @dataclass
    class Selected(Message):
        """Another counter is under the cursor, or the same was clicked again."""

        again: bool = False

    def __init__(self, signs: Signs) -> None:
        super().__init__(id="counter-list")
        self.with_unmoved = True
        self._signs = signs
        self._counters: Listing | None = None
        self._entries: list[Entry] = []
        self._at = 0
        self._held: str | None = None

    @property
    def current(self) -> Row | None:
        """The counter under the cursor."""
        entry = self._entries[self._at] if self._at < len(self._entries) else None
        return entry if isinstance(entry, Row) else None

    @property
    def line_count(self) -> int:
        """All lines."""
        return len(self._entries)

    def show(self, counters: Listing) -> None:
        """Show these; the counter under the cursor stays at its height of the screen."""
        self._counters = counters
        self._entries = list(self._lines(counters))
        above = self._at - self.scroll_offset.y
        places = [at for at, entry in enumerate(self._entries) if _is(entry, self._held)]
        moved = bool(places) and places[0] != self._at
        self._at = places[0] if places else self._nearest(self._at if self._held else 0, 1)
        self.update_lines()
        if moved:
            self.scroll_to(y=self._at - above, animate=False, immediate=True)

    def fold_unmoved(self) -> None:
        """Hide what did not move, or show it again."""
        self.with_unmoved = not self.with_unmoved
        if self._counters is not None:
            self.show(self._counters)
            self._to(self._at, 1)

    def line(self, number: int, width: int) -> list[Part]:
        """Write one line."""
        entry = self._entries[number]
        if not isinstance(entry, Row):
            return between_line(entry, width)
        parts = counter_line(entry, width, self._signs)
        if number != self._at:
            return parts
        return [("".join(text for text, _ in parts).ljust(width), styles.CURSOR)]

    def move(self, step: int) -> None:
        """Move the cursor by counters, by screenfuls where ``step`` is larger than all of them."""
        self._to(self._at + step, step)

    @property
    def page(self) -> int:
        """How many lines a screenful goes on."""
        return max(1, self.visible_size.height - 1)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        at = event.y + self.scroll_offset.y
        if at < len(self._entries) and isinstance(self._entries[at], Row):
            again = at == self._at
            self._to(at, 1)
            self.post_message(self.Selected(again))

    def _lines(self, counters: Listing) -> Iterable[Entry]:
        for problem in counters.unreadable:
            yield Between(f"Not readable: {problem}", styles.WARNING)
        if not counters.moved and (counters.gauges or counters.unmoved):
            yield Between("None has moved since twtop started.", styles.PLAIN)
        yield from counters.moved
        if counters.gauges:
            yield GAUGES
            yield from counters.gauges
        if counters.unmoved:
            state = "" if self.with_unmoved else ", hidden"
            yield Between(f"Not moved since twtop started: {len(counters.unmoved)}{state}")
        if self.with_unmoved:
            yield from counters.unmoved

    def _to(self, at: int, direction: int) -> None:
        self._at = self._nearest(at, direction)
        row = self.current
        self._held = None if row is None else row.name
        # From the first counter on, the lines above it can be seen too.
        first = self._at == self._nearest(0, 1)
        self.scroll_to_region(Region(0, 0 if first else self._at, 1, 1), animate=False, immediate=True)
        self.update_lines()
        self.post_message(self.Selected())

    def _nearest(self, at: int, direction: int) -> int:
        """Return the place of the counter at, or else beyond, or else before a line."""
        places = [place for place, entry in enumerate(self._entries) if isinstance(entry, Row)]
        beyond = [place for place in places if (place - at) * direction >= 0]
        if not places:
            return 0
        if direction > 0:
            return beyond[0] if beyond else places[-1]
        return beyond[-1] if beyond else places[0]


class CounterDetail(LineView):
    """The counter under the cursor in full: what it means, who uses it, how it is read."""

    def __init__(self, signs: Signs) -> None:
        super().__init__(id="counter-detail")
        self._signs = signs
        self._row: Row | None = None
        self._read_as = ""

    def show(self, row: Row | None, facts: HostFacts) -> None:
        """Show a counter, or none."""
        self._row = row
        self._read_as = "" if row is None else " ".join(explain_counter(row.name, facts).sections[0].lines)
        self.update_lines()

    def line(self, number: int, width: int) -> list[Part]:
        """Write one line; only the last text has several, as many as there is room for."""
        if self._row is None:
            return []
        *above, (last, look) = detail_lines(self._row, self._read_as)
        if number < len(above):
            text, look = above[number]
            return [(self._signs.clipped(text, width), look)]
        broken = [last[part] for part in wrap(last, width)]
        number -= len(above)
        if number >= len(broken):
            return []
        is_last = number + len(above) == self.line_count - 1
        rest = " ".join(broken[number:]) if is_last else broken[number]
        return [(self._signs.clipped(rest, width), look)]


class CountersScreen(FrameScreen[Counted]):
    """The list above, the counter under the cursor below."""

    DEFAULT_CSS = """
    CountersScreen CounterTitles { height: 1; overflow: hidden; scrollbar-size: 0 0; padding: 0 1 0 0; }
    CountersScreen CounterList { height: 1fr; scrollbar-gutter: stable; }
    CountersScreen CounterDetail {
        overflow: hidden; scrollbar-size: 0 0; padding: 0 1; border-top: solid ansi_bright_black;
    }
    """

    HEADING = "Counters"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "select", tooltip="Select the counter above", show=False),
        Binding("down,j", "move(1)", "select", tooltip="Select the counter below"),
        Binding("pageup,ctrl+b", "page(-1)", "page", tooltip="Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "page", tooltip="Page down", show=False),
        Binding("home", "edge(-1)", "first", tooltip="Select the first counter", show=False),
        Binding("end,G", "edge(1)", "last", tooltip="Select the last counter", show=False),
        Binding("enter", "explain", "explain", tooltip="Explain the counter"),
        Binding("u", "fold_unmoved", "unmoved", tooltip="Show or hide what did not move"),
        Binding("m", "dismiss", "back", tooltip="Back to the table", show=False),
    ]

    def __init__(self, signs: Signs) -> None:
        super().__init__(signs)
        self._list = CounterList(signs)
        self._detail = CounterDetail(signs)
        self._facts: HostFacts | None = None

    def content(self) -> Iterable[Widget]:
        """The titles, the list and the detail."""
        return CounterTitles(), self._list, self._detail

    def on_resize(self, event: events.Resize) -> None:
        """Leave a low screen to the list, and use a high one."""
        self._detail.display = event.size.height >= _LOW
        self._detail.styles.height = 7 if event.size.height >= _HIGH else 5

    def prepare(self, picture: Picture) -> Counted:
        """Put the counters in order."""
        return Counted(listing(picture.frame.counters), picture.frame.facts)

    def present(self, prepared: Counted) -> None:
        """Show them."""
        self._facts = prepared.facts
        self._list.show(prepared.counters)
        self._show_detail()

    def on_counter_list_selected(self, event: CounterList.Selected) -> None:
        """Follow the cursor; a second click explains."""
        self._show_detail()
        if event.again:
            self.action_explain()

    def action_move(self, step: int) -> None:
        """Select another counter."""
        self._list.move(step)

    def action_page(self, direction: int) -> None:
        """Go a screenful on."""
        self._list.move(direction * self._list.page)

    def action_edge(self, direction: int) -> None:
        """Go to the first or the last counter."""
        self._list.move(direction * self._list.line_count)

    def action_explain(self) -> None:
        """Explain the counter under the cursor."""
        if (row := self._list.current) is not None:
            self.post_message(self.TopicChosen(find(row.name)))

    def action_fold_unmoved(self) -> None:
        """Show or hide what did not move."""
        self._list.fold_unmoved()

    def _show_detail(self) -> None:
        if self._facts is not None:
            self._detail.show(self._list.current, self._facts)


def _is(entry: Entry, name: str | None) -> bool:
    return isinstance(entry, Row) and entry.name == name
