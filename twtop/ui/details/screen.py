"""All that is known of one socket, asked for again every second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.containers import Container

from twtop.core.states import state_label
from twtop.errors import UsageError
from twtop.knowledge.topics import named
from twtop.ui import styles
from twtop.ui.details.listing import Entry, entries, heading, whole_text
from twtop.ui.details.plots import PlotView
from twtop.ui.explanation.wrapping import broken
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.line_view import LineView, Part
from twtop.ui.sectioned_list import Between, ListActions, SectionedList, list_keys
from twtop.ui.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.widget import Widget

    from twtop.core.signs import Signs
    from twtop.ui.details.watch import Look, SocketWatch
    from twtop.ui.picture import Picture

_TITLE: Final = 24
_NARROW: Final = 60
_WIDE: Final = 150
_LOW: Final = 14
"""Screens with fewer lines show heading and values alone, ..."""
_LOWER: Final = 20
"""... with fewer than these no plots."""
_LEAST_TEXT: Final = 4
"""Columns; with fewer there is no text."""
_EVERY_S: Final = 1.0


class DetailsHeading(LineView):
    """Which socket, in which state, whose."""

    def __init__(self, signs: Signs) -> None:
        super().__init__(id="details-heading")
        self._signs = signs
        self._look: Look | None = None

    def show(self, look: Look) -> None:
        """Show it."""
        self._look = look
        self.update_lines()

    def line(self, number: int, width: int) -> list[Part]:
        """Draw the first or the second line."""
        if self._look is None:
            return []
        ends, state, whose = heading(self._look, self._signs)
        if number:
            return [(self._signs.clipped(whose, width), styles.PLAIN)]
        gone = self._look.gone_s is not None
        look = styles.ALARM if gone else styles.STATES.get(self._look.told.number("state"), styles.PLAIN)
        room = max(0, width - len(state) - 2)
        shown = self._signs.clipped(ends, room)
        return [(f"{shown}  ", styles.BOLD), (self._signs.clipped(state, width - len(shown) - 2), look)]


class FieldList(SectionedList[Entry]):
    """One line per value."""

    def __init__(self, signs: Signs) -> None:
        super().__init__(id="details-list")
        self._signs = signs

    def show(self, shown: Iterable[Entry]) -> None:
        """Show these under the names of their groups."""
        lines: list[Entry | Between] = []
        group = ""
        for entry in shown:
            if entry.group != group:
                group = entry.group
                lines.append(Between(group))
            lines.append(entry)
        self.put(lines)

    def identity(self, item: Entry) -> tuple[str, str]:
        """Return group and key."""
        return item.group, item.key

    def item_line(self, item: Entry, width: int) -> list[Part]:
        """Write title and value."""
        if not item.title:
            return [(f"  {self._signs.clipped(item.text, max(0, width - 2))}", styles.WARNING)]
        columns = _TITLE if width >= _NARROW else _TITLE // 2
        title = f"  {self._signs.clipped(item.title, columns - 1):<{columns}}"
        return [
            (title, styles.DIM),
            (self._signs.clipped(item.text, max(0, width - len(title))), styles.PLAIN),
        ]

    def between_line(self, between: Between, width: int) -> list[Part]:
        """Write the name of a group."""
        return [(between.text, between.look)]


class FieldText(TextView):
    """The value under the cursor in full: what it is, what it means, and when it is bad."""

    def __init__(self) -> None:
        super().__init__(id="details-text")
        self._entry: Entry | None = None

    def show(self, entry: Entry | None) -> None:
        """Show another one."""
        if entry is None or self._entry is None or entry.key != self._entry.key:
            self.scroll_to(y=0, animate=False, force=True)
        self._entry = entry
        self.update_lines()

    def made_lines(self, width: int) -> list[list[Part]]:
        """Break what there is to say."""
        entry = self._entry
        if entry is None or width < _LEAST_TEXT:
            return []
        texts = [(f"{entry.title}: {entry.text}", styles.TITLE)] if entry.title else []
        texts.append((entry.means, styles.PLAIN))
        if entry.bad:
            texts.append((f"Bad: {entry.bad}", styles.WARNING))
        return broken(texts, width)


class DetailsScreen(ListActions, FrameScreen["Look | None"]):
    """The values at the left or above, plots and explanation beside or around them."""

    DEFAULT_CSS = """
    DetailsScreen #details-heading { height: 2; overflow: hidden; scrollbar-size: 0 0; padding: 0 1; }
    DetailsScreen #details-body { height: 1fr; layout: vertical; }
    DetailsScreen #details-plots { height: 4; overflow: hidden; scrollbar-size: 0 0; padding: 0 1; }
    DetailsScreen #details-list { height: 1fr; padding: 0 1; scrollbar-gutter: stable; }
    DetailsScreen #details-side { height: auto; layout: vertical; }
    DetailsScreen #details-text { height: 6; padding: 0 1; border-top: solid ansi_bright_black; }
    DetailsScreen.-lower #details-plots, DetailsScreen.-low #details-text { display: none; }
    DetailsScreen.-wide #details-body { layout: horizontal; }
    DetailsScreen.-wide #details-list { width: 1fr; height: 100%; }
    DetailsScreen.-wide #details-side { width: 46%; height: 100%; border-left: solid ansi_bright_black; }
    DetailsScreen.-wide #details-plots { height: 1fr; }
    DetailsScreen.-wide #details-text { height: 14; }
    """

    HEADING = "Details of a socket"
    IS_OF_ALL = True
    """Its heading names the socket's own namespace."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *list_keys("value"),
        Binding("tab", "section(1)", "group", tooltip="Go to the next group of values"),
        Binding("shift+tab", "section(-1)", "group", tooltip="Go to the group before", show=False),
        Binding("right_square_bracket", "page_text(1)", "text", tooltip="Page the text on", show=False),
        Binding("left_square_bracket", "page_text(-1)", "text", tooltip="Page the text back", show=False),
        Binding("e,enter", "explain", "explain", tooltip="Explain the state of the socket"),
        Binding("c", "copy", "copy", tooltip="Copy everything as text"),
    ]

    def __init__(self, signs: Signs) -> None:
        super().__init__(signs)
        self._heading = DetailsHeading(signs)
        self._plots = PlotView(signs)
        self._list: FieldList = FieldList(signs)
        self._text = FieldText()
        self._watch: SocketWatch | None = None
        self._picture: Picture | None = None
        self._look: Look | None = None
        self._asked_s = 0.0

    def keep_to(self, watch: SocketWatch) -> None:
        """Say which socket it is about; before it is shown."""
        self._watch = watch

    def content(self) -> Iterable[Widget]:
        """Heading, values, and what is beside them."""
        side = Container(self._plots, self._text, id="details-side")
        return self._heading, Container(self._list, side, id="details-body")

    def on_mount(self) -> None:
        """Look again where frames come seldom."""
        super().on_mount()
        self.set_interval(_EVERY_S, self._look_again)

    def on_resize(self, event: events.Resize) -> None:
        """Choose the arrangement."""
        self.set_class(event.size.width >= _WIDE, "-wide")
        self.set_class(event.size.height < _LOW, "-low")
        self.set_class(event.size.height < _LOWER, "-lower")

    def _look_again(self) -> None:
        picture = self._picture
        if picture is None or picture.past or self._frozen:
            return
        if time.monotonic() - self._asked_s > _EVERY_S:
            self.run_worker(self.follow(picture), group="look", exclusive=True)

    def prepare(self, picture: Picture) -> Look | None:
        """Ask the kernel."""
        if self._watch is None:
            raise UsageError("details of no socket")
        self._picture = picture
        self._asked_s = time.monotonic()
        return self._watch.look(picture.frame_of(self._watch.namespace), past=picture.past)

    def present(self, prepared: Look | None) -> None:
        """Show the answer, unless the view was frozen while it was on its way."""
        if prepared is None or (self._frozen and self._look is not None):
            return
        self._look = prepared
        self._heading.show(prepared)
        self._plots.show(prepared)
        self._list.show(entries(prepared))
        self._text.show(self._list.current)

    def on_sectioned_list_selected(self) -> None:
        """Follow the cursor."""
        self._text.show(self._list.current)

    def action_page_text(self, direction: int) -> None:
        """Page what does not fit below."""
        text = self._text
        text.scroll_to(
            y=text.scroll_offset.y + direction * text.visible_size.height, animate=False, force=True
        )

    def action_explain(self) -> None:
        """Explain the state."""
        if self._look is not None and (topic := named(state_label(self._look.told.number("state")))):
            self.post_message(self.TopicChosen(topic))

    def action_copy(self) -> None:
        """Copy everything."""
        if self._look is not None:
            self.app.copy_to_clipboard(whole_text(self._look, self.signs))
            self.notify("Copied all that is known of the socket.", timeout=3)
