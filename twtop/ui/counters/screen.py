"""The view of the kernel's counters: rates, those that moved first, and what each means."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from textual.binding import Binding, BindingType

from twtop.knowledge.explain import explain_counter
from twtop.knowledge.topics import find
from twtop.ui import styles
from twtop.ui.counters.lines import GAUGES, between_line, counter_line, detail_lines, titles
from twtop.ui.counters.listing import Listing, Row, listing
from twtop.ui.explanation.wrapping import wrap
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.line_view import LineView, Part
from twtop.ui.sectioned_list import Between, ListActions, SectionedList, list_keys

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


class Counted(NamedTuple):
    """What the view shows."""

    counters: Listing
    facts: HostFacts


class CounterTitles(LineView):
    """What the columns are."""

    def line(self, number: int, width: int) -> list[Part]:
        """Write the only line."""
        return titles(width) if number == 0 else []


class CounterList(SectionedList[Row]):
    """One line per counter."""

    def __init__(self, signs: Signs) -> None:
        super().__init__(id="counter-list")
        self.with_unmoved = True
        self._signs = signs
        self._counters: Listing | None = None

    def show(self, counters: Listing) -> None:
        """Show these."""
        self._counters = counters
        self.put(list(self._lines(counters)))

    def fold_unmoved(self) -> None:
        """Hide what did not move, or show it again."""
        self.with_unmoved = not self.with_unmoved
        if self._counters is not None:
            self.show(self._counters)
            self.go_to(self._at, 1)

    def identity(self, item: Row) -> str:
        """Return the name."""
        return item.name

    def item_line(self, item: Row, width: int) -> list[Part]:
        """Write a counter."""
        return counter_line(item, width, self._signs)

    def between_line(self, between: Between, width: int) -> list[Part]:
        """Write a line between counters."""
        return between_line(between, width)

    def _lines(self, counters: Listing) -> Iterable[Row | Between]:
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


class CountersScreen(ListActions, FrameScreen[Counted]):
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
        *list_keys("counter"),
        Binding("enter", "explain", "explain", tooltip="Explain the counter"),
        Binding("u", "fold_unmoved", "unmoved", tooltip="Show or hide what did not move"),
        Binding("m", "dismiss", "back", tooltip="Back to the table", show=False),
    ]

    def __init__(self, signs: Signs) -> None:
        super().__init__(signs)
        self._list: CounterList = CounterList(signs)
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

    def on_sectioned_list_selected(self, event: CounterList.Selected) -> None:
        """Follow the cursor; a second click explains."""
        self._show_detail()
        if event.again:
            self.action_explain()

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
