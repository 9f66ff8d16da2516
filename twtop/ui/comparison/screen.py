"""The view of what happened between two moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from textual.binding import Binding, BindingType

from twtop.core.filter import filter_text
from twtop.errors import UsageError
from twtop.export.comparison.sections import Row, moments_text, sections, summary
from twtop.knowledge.topics import Topic
from twtop.sources.comparison.comparing import compare
from twtop.sources.comparison.kept import ONLY, kept
from twtop.sources.panorama import Panorama
from twtop.ui import styles
from twtop.ui.comparison.lines import heading_line, row_line
from twtop.ui.comparison.marks import Marks
from twtop.ui.explanation.wrapping import broken
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.sectioned_list import Between, ListActions, SectionedList, list_keys
from twtop.ui.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.style import Style
    from textual import events
    from textual.widget import Widget

    from twtop.core.signs import Signs
    from twtop.core.table.view import Spec
    from twtop.sources.comparison.kept import Kept
    from twtop.ui.help_screen import Section
    from twtop.ui.line_view import Part
    from twtop.ui.picture import Picture

_LOW: Final = 16
"""Screens with fewer lines show the list and little else."""
_HIGH: Final = 30
"""Screens with as many have room for more of the text."""
_LEAST_TEXT: Final = 8
SHOWN: Final = "shown"
"""What the moment that is shown is called where it is compared with the only mark."""
_HOW: Final = (
    "No moment is marked yet.",
    "A marks the moment that is shown, be it now, in the past or in a recording; B marks another one.",
    "With one mark alone, that moment is compared with what is shown: mark A now, and see what grows.",
)

_COLUMNS_HELP: Final = (
    ("NEW  GONE", "sockets of the later moment that the earlier one has not, and the other way round"),
    ("IN  OUT", "sockets of both moments that came from another group, and that went to another one"),
    ("renewed", "as many sockets as before, but others"),
    ("LIMIT  FULL", "ports that can be in use towards a destination, and how much of them is"),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """What the view shows."""

    title: tuple[tuple[str, Style], ...]
    """Sentences, each with its look."""
    entries: tuple[Row | Between, ...] = ()


class Wanted(NamedTuple):
    """What is to be compared: while it is the same, so is what the view shows."""

    names: tuple[str, str]
    before: Kept
    after: Kept
    spec: Spec
    alone: int | None
    about: int


def wanted(marks: Marks, picture: Picture) -> Wanted | None:
    """Return both marks, or the only one and what a picture shows; None where there is no mark."""
    moments = [(str(name), look) for name, look in marks.kept.items()]
    if not moments:
        return None
    if len(moments) == 1:
        moments.append((SHOWN, kept(picture.looked)))
    moments.sort(key=lambda named: named[1].wall_s)
    (first, before), (second, after) = moments
    return Wanted((first, second), before, after, picture.view.spec, picture.alone, _number(picture))


def compared(wanted: Wanted) -> Compared:
    """Compare two moments; pure, and slow enough not to be done twice."""
    try:
        found = compare(wanted.before, wanted.after, wanted.spec, alone=wanted.alone, about=wanted.about)
    except UsageError as error:
        return Compared(((str(error), styles.WARNING),))
    title = [(moments_text(found, wanted.names), styles.TITLE), (summary(found), styles.BOLD)]
    if chosen := filter_text(found.spec.filter):
        title.append((f"filter: {chosen}", styles.WARNING))
    title += [(remark, styles.WARNING) for remark in found.remarks]
    entries: list[Row | Between] = []
    for section in sections(found, wanted.names):
        entries += [Between(section.title, styles.HEADING, section.columns), *section.rows]
    return Compared(tuple(title), tuple(entries))


def _number(picture: Picture) -> int:
    """Return the number of the namespace that the panels tell of."""
    if not isinstance(picture.looked, Panorama):
        return ONLY
    places = picture.looked.places
    return next((place.namespace.number for place in places if place.frame is picture.frame), ONLY)


_NO_MARKS: Final = Compared(tuple((text, styles.PLAIN) for text in _HOW))


class ComparisonTitle(TextView):
    """Which moments are compared, and the sums."""

    def __init__(self) -> None:
        super().__init__(id="comparison-title")
        self._title: tuple[tuple[str, Style], ...] = ()

    def show(self, title: tuple[tuple[str, Style], ...]) -> None:
        """Show these, as far as they leave room for the list."""
        self._title = title
        self.fit()

    def fit(self) -> None:
        """Take as many lines as there are, up to a third of the screen."""
        self.update_lines()
        self.styles.height = max(1, min(self.line_count, self.screen.size.height // 3))

    def made_lines(self, width: int) -> list[list[Part]]:
        """Break the sentences."""
        return broken(self._title, max(width, _LEAST_TEXT))


class ChangeList(SectionedList[Row]):
    """One line per change, section by section."""

    def __init__(self, signs: Signs) -> None:
        super().__init__(id="comparison-list")
        self._signs = signs

    def identity(self, item: Row) -> tuple[str, ...]:
        """Return what stays the same while numbers change."""
        return item.identity

    def item_line(self, item: Row, width: int) -> list[Part]:
        """Write a change."""
        return row_line(item, width, self._signs)

    def between_line(self, between: Between, width: int) -> list[Part]:
        """Write a heading."""
        return heading_line(between, width, self._signs)


class ChangeDetail(TextView):
    """The change under the cursor in full."""

    def __init__(self) -> None:
        super().__init__(id="comparison-detail")
        self._item: Row | None = None

    def show(self, item: Row | None) -> None:
        """Show another one, or none."""
        self._item = item
        self.update_lines()

    def made_lines(self, width: int) -> list[list[Part]]:
        """Break what there is to say."""
        if self._item is None:
            return []
        first, *others = self._item.about()
        texts = [(first, styles.BOLD), *((text, styles.PLAIN) for text in others)]
        return broken(texts, max(width, _LEAST_TEXT))


class ComparisonScreen(ListActions, FrameScreen[Compared]):
    """The sums above, the changes, and the one under the cursor below."""

    DEFAULT_CSS = """
    ComparisonScreen #comparison-title { overflow: hidden; scrollbar-size: 0 0; padding: 0 1; }
    ComparisonScreen #comparison-list { height: 1fr; scrollbar-gutter: stable; }
    ComparisonScreen #comparison-detail {
        overflow: hidden; scrollbar-size: 0 0; padding: 0 1; border-top: solid ansi_bright_black;
    }
    """

    HEADING = "Comparison of two moments"
    IS_OF_ALL = True

    BINDINGS: ClassVar[list[BindingType]] = [
        *list_keys("change", show=False),
        Binding("tab", "section(1)", "section", tooltip="Go to the next section"),
        Binding("shift+tab", "section(-1)", "section", tooltip="Go to the section before", show=False),
        Binding("enter", "open", "open", tooltip="Show the sockets in the table, or explain the value"),
        Binding("A", "app.mark('A')", "mark A", tooltip="Set mark A at the moment that is shown"),
        Binding("B", "app.mark('B')", "mark B", tooltip="Set mark B at the moment that is shown"),
        Binding("D", "dismiss", "back", tooltip="Back to the table", show=False),
    ]

    def __init__(self, signs: Signs) -> None:
        super().__init__(signs)
        self._marks = Marks()
        self._last: tuple[Wanted | None, Compared] = None, _NO_MARKS
        self._title = ComparisonTitle()
        self._list: ChangeList = ChangeList(signs)
        self._detail = ChangeDetail()

    def keep_to(self, marks: Marks) -> None:
        """Compare these."""
        self._marks = marks

    def help_sections(self) -> list[Section]:
        """Add what the columns say."""
        keys, *others = super().help_sections()
        return [keys, ("Where a change comes from", _COLUMNS_HELP), *others]

    def content(self) -> Iterable[Widget]:
        """The title, the list and the detail."""
        return self._title, self._list, self._detail

    def on_resize(self, event: events.Resize) -> None:
        """Leave a low screen to the list."""
        self._detail.styles.height = 9 if event.size.height >= _HIGH else 5
        self._title.fit()
        self._show_detail()

    def prepare(self, picture: Picture) -> Compared:
        """Compare, unless the same was compared last."""
        now = wanted(self._marks, picture)
        last, found = self._last
        if now != last:
            found = _NO_MARKS if now is None else compared(now)
            # Both at once: another thread may be at the same.
            self._last = now, found
        return found

    def present(self, prepared: Compared) -> None:
        """Show what was found."""
        self._title.show(prepared.title)
        self._list.put(list(prepared.entries))
        self._show_detail()

    def on_sectioned_list_selected(self, event: ChangeList.Selected) -> None:
        """Follow the cursor; a second click opens."""
        self._show_detail()
        if event.again:
            self.action_open()

    def action_open(self) -> None:
        """Show the sockets of what is under the cursor, or explain it."""
        target = None if self._list.current is None else self._list.current.leads_to()
        match target:
            case None:
                self.notify("There is nothing more to say about it.", timeout=3)
            case Topic():
                self.post_message(self.TopicChosen(target))
            case _:
                self.post_message(self.FilterChosen(target))

    def _show_detail(self) -> None:
        item = self._list.current
        self._detail.display = item is not None and self.size.height >= _LOW
        self._detail.show(item)
