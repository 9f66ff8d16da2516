"""The pane that explains what is under the cursor, and lets its reader follow what it mentions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.message import Message

from twtop.ui import styles
from twtop.ui.explanation.layout import Link, Page, lay_out
from twtop.ui.explanation.trail import Step, Trail
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from textual import events

    from twtop.core.signs import Signs
    from twtop.knowledge.explanation import Explanation
    from twtop.knowledge.facts import HostFacts


READING_KEYS: Final = (("enter", "open link"), ("up/down", "links"), ("pgdn", "more"))
"""What a footer names while the pane has the focus."""


class ExplainPane(LineView, can_focus=True):
    """An Explanation under a heading that stays, paged or scrolled, with links to sysctls and states.

    The application calls `explain` at every refresh, displayed or not, and `page` for its own keys. While the
    pane has the focus its keys are: up and down (k, j) to the next link, or a line on where none is near;
    pgup, pgdn, home, end; enter or right opens the selected link in place and posts `Opened`; esc, left or
    backspace goes back to where it was opened. Where there is nothing to go back to, those keys are left to
    the application, and so is every key while the pane is not focused. The wheel scrolls, a click opens.
    """

    DEFAULT_CSS = """
    ExplainPane { overflow-y: auto; scrollbar-size: 0 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", tooltip="Select the link before, or scroll up"),
        Binding("down,j", "move(1)", "down", tooltip="Select the next link, or scroll down"),
        Binding("pageup", "page_up", "page up", tooltip="Page back"),
        Binding("pagedown", "page_down", "page down", tooltip="Page on"),
        Binding("home", "scroll_home", "top", tooltip="Go to the top"),
        Binding("end", "scroll_end", "end", tooltip="Go to the end"),
        Binding("enter,right", "open", "open", tooltip="Explain the selected sysctl or state"),
        Binding("escape,left,backspace", "back", "back", tooltip="Go back to what was explained before"),
    ]

    @dataclass
    class Opened(Message):
        """The reader followed a link."""

        topic: str

    def __init__(
        self,
        signs: Signs,
        trail: Trail | None = None,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self.signs = signs
        self.trail = Trail() if trail is None else trail
        self._shown = self.trail.shown()
        self._namespace = ""
        self._selected: Link | None = None
        self._page: Page | None = None

    def explain(self, explanation: Explanation, host: HostFacts) -> None:
        """Show an explanation; one of the same topic as before stays where its reader is.

        What the reader opened stays open, too, with the numbers of ``host``.
        """
        if self.trail.restart(explanation, host):
            self._selected = None
            self._scroll(0)
        self._update()

    def clear(self) -> None:
        """Show nothing, unless the reader opened something."""
        if not self.trail.steps:
            self.trail = Trail()
            self._selected = None
            self._update()

    def page(self, step: int) -> None:
        """Scroll by pages, down if ``step`` is positive."""
        self._scroll(self.scroll_offset.y + step * self._page_height)

    @property
    def line_count(self) -> int:
        """The heading and the laid out lines."""
        page = self._laid_out()
        return 0 if page is None else 1 + len(page.lines)

    def line(self, number: int, width: int) -> list[Part]:
        """Draw one line; the topmost that can be seen is always the heading, and covers nothing."""
        page = self._laid_out()
        if page is None:
            return []
        if number == self.scroll_offset.y:
            return self._heading(width, len(page.lines))
        selected = self._selected if self.has_focus else None
        return [
            (piece.text, styles.CURSOR if piece.link and piece.link == selected else piece.style)
            for piece in page.lines[number - 1]
        ]

    def action_move(self, step: int) -> None:
        """Select the link before or after, if it is near; otherwise scroll by a line towards it."""
        link = self._neighbour(step)
        if not self._in_sight(link):
            self._scroll(self.scroll_offset.y + step)
        if self._in_sight(link):
            self._selected = link
        self.update_lines()

    def action_page_up(self) -> None:
        """Page back."""
        self.page(-1)

    def action_page_down(self) -> None:
        """Page on."""
        self.page(1)

    def action_scroll_home(self) -> None:
        """Go to the top."""
        self._scroll(0)

    def action_scroll_end(self) -> None:
        """Go to the end."""
        self._scroll(self.line_count)

    def action_open(self) -> None:
        """Explain what the selected link names, if it can be seen."""
        if self._selected is not None and self._in_sight(self._selected):
            self._open(self._selected)

    def action_back(self) -> None:
        """Show again what was explained before the last link was opened."""
        step = self.trail.steps.pop()
        self._update()
        self._selected = step.link
        self._scroll(step.top)
        self.update_lines()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys that go back to the application where there is nothing to go back to."""
        if action == "back" and not self.trail.steps:
            return False
        return super().check_action(action, parameters)

    def on_click(self, event: events.Click) -> None:
        """Open the link under the mouse."""
        offset = event.get_content_offset(self)
        link = None if offset is None else self._link_at(offset.x, offset.y)
        if link is not None:
            event.stop()
            self._open(link)

    def watch_has_focus(self, focused: bool) -> None:
        """Show or hide the selection."""
        super().watch_has_focus(focused)
        self.update_lines()

    def _open(self, link: Link) -> None:
        self.trail.steps.append(Step(link, self.scroll_offset.y))
        self._selected = None
        self._scroll(0)
        self._update()
        self.post_message(self.Opened(link.topic.name))

    def _update(self) -> None:
        """Lay out anew what is to be shown, if it is not what is shown already."""
        shown, host = self.trail.shown(), self.trail.host
        namespace = "" if host is None else host.namespace
        if shown == self._shown and namespace == self._namespace:
            return
        self._shown, self._namespace, self._page = shown, namespace, None
        self.update_lines()
        self._scroll(self.scroll_offset.y)

    def _laid_out(self) -> Page | None:
        """Return the page for the present width; None while there is none to be seen."""
        width = self.content_size.width
        if self._shown is None or not width:
            return None
        if self._page is None or self._page.width != width:
            self._page = lay_out(self._shown, width, self.signs)
            if self._selected not in self._page.links:
                self._selected = None
        return self._page

    def _heading(self, width: int, lines: int) -> list[Part]:
        """Draw the title, with the way back to what the cursor is on, and how far down the page is."""
        title = "" if self._shown is None else self._shown.title
        if self.trail.steps and self.trail.start is not None:
            title = f"{self.trail.start.topic} {self.signs.arrow} {title}"
        if self._namespace:
            title += f" (ns {self._namespace})"
        position = self._position(lines)
        room = max(0, width - cell_len(position))
        look = styles.CURSOR if self.has_focus else styles.TITLE
        shown = self.signs.clipped(title, max(0, room - 1))
        return [(shown, look), (" " * (room - cell_len(shown)), styles.PLAIN), (position, styles.DIM)]

    def _position(self, lines: int) -> str:
        height = self._page_height
        if lines <= height:
            return ""
        top, pages = self.scroll_offset.y, -(-lines // height)
        at_end = top >= lines - height
        number = pages if at_end else top // height + 1
        return f"{number}/{pages} {self.signs.ascending if at_end else self.signs.descending}"

    @property
    def _page_height(self) -> int:
        """Lines below the heading."""
        return max(1, self.content_size.height - 1)

    def _scroll(self, top: int) -> None:
        if not self.is_attached:
            return
        last = max(0, self.line_count - 1 - self._page_height)
        self.scroll_to(y=max(0, min(top, last)), animate=False, force=True)

    def _in_sight(self, link: Link | None) -> bool:
        page = self._laid_out()
        if page is None or link is None or link not in page.links:
            return False
        return 0 <= page.links[link] - self.scroll_offset.y < self._page_height

    def _neighbour(self, step: int) -> Link | None:
        """Return the link after (before) the selected one, or after (before) the edge of what can be seen."""
        page = self._laid_out()
        if page is None:
            return None
        links = list(page.links)
        if self._selected is not None and self._in_sight(self._selected):
            position = links.index(self._selected) + step
            return links[position] if 0 <= position < len(links) else None
        top = self.scroll_offset.y
        if step > 0:
            return next((link for link in links if page.links[link] >= top), None)
        return next((link for link in reversed(links) if page.links[link] < top + self._page_height), None)

    def _link_at(self, x: int, y: int) -> Link | None:
        page = self._laid_out()
        number = y + self.scroll_offset.y - 1
        if page is None or y == 0 or number >= len(page.lines):
            return None
        for piece in page.lines[number]:
            x -= cell_len(piece.text)
            if x < 0:
                return piece.link
        return None
