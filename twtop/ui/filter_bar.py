"""The line in which a filter is typed: it works as it is typed, and a mistake is shown where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input, Static

from twtop.core.filter import Everything, Expr, FilterError, parse
from twtop.kernel.services import service_port
from twtop.ui.privacy.filters import Typed
from twtop.ui.text_entry import EntryLine, TextEntry

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

_EXAMPLES = "state time-wait and dport = :443   10.0.0.0/8   port:8000-8999"
_MOST_REMEMBERED = 100


class _Entry(TextEntry, Typed):
    """Takes the filter."""


class _Complaint(Static, Typed):
    """Repeats parts of what was typed."""


class FilterBar(EntryLine):
    """An input with its error line; hidden until opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,tab,shift+tab", "keep", "Keep the filter"),
        Binding("escape", "cancel", "Leave the filter as it was"),
        Binding("up", "recall(-1)", "Earlier filter"),
        Binding("down", "recall(1)", "Later filter"),
    ]
    DEFAULT_CSS = """
    FilterBar { height: auto; display: none; }
    FilterBar.-open { display: block; }
    FilterBar Input { border: none; height: 1; padding: 0; background: transparent; }
    FilterBar Input:focus { border: none; }
    FilterBar #filter-error { height: auto; min-height: 1; color: ansi_red; }
    """

    @dataclass
    class Changed(Message):
        """A filter that can be understood was typed."""

        filter: Expr

    @dataclass
    class Opened(Message):
        """Typing begins."""

    @dataclass
    class Closed(Message):
        """Typing is over."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._remembered: list[str] = []
        self._at = 0
        self._before = ""
        self.text = ""
        """The filter in force, as it was typed."""

    def compose(self) -> ComposeResult:
        """Put the input above the error."""
        yield _Entry(self.action_keep, placeholder=_EXAMPLES, id="filter-input")
        yield _Complaint(id="filter-error", markup=False)

    def open(self) -> None:
        """Begin to type, with the filter in force."""
        self._before = self.text
        self._at = len(self._remembered)
        self.begin(self.text)
        self._report(None)
        self.post_message(self.Opened())

    def clear_filter(self) -> None:
        """Let everything through."""
        self._apply("")

    def apply(self, expression: Expr) -> None:
        """Put a filter in force that nobody typed."""
        self._apply(str(expression))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Apply what can be understood, point at what cannot."""
        event.stop()
        if self.is_open:
            self._apply(event.value)

    def action_keep(self) -> None:
        """Keep the filter; a mistake keeps the input open."""
        text = self.entry.value
        if self._apply(text):
            self._remember(text)
            self._close()

    def leave_for(self, focused: Widget) -> None:
        """Stop typing where another panel of the screen got the focus; what could be understood stays."""
        if self.is_open and focused.screen is self.screen and self not in focused.ancestors:
            self._remember(self.text)
            self._close()

    def action_cancel(self) -> None:
        """Put back the filter that was in force before."""
        self._apply(self._before)
        self._close()

    def action_recall(self, step: int) -> None:
        """Put an earlier or later filter into the input."""
        self._at = max(0, min(len(self._remembered), self._at + step))
        self.begin(self._remembered[self._at] if self._at < len(self._remembered) else "")

    def _apply(self, text: str) -> bool:
        try:
            expression = parse(text, service_port)
        except FilterError as error:
            self._report(error)
            return False
        self._report(None)
        self.text = "" if isinstance(expression, Everything) else text.strip()
        self.post_message(self.Changed(expression))
        return True

    def _report(self, error: FilterError | None) -> None:
        message = self.query_one("#filter-error", Static)
        if error is None:
            message.update("")
            return
        column = max(0, error.position - int(self.entry.scroll_offset.x))
        pointer = "^" * min(error.length, max(1, self.size.width - column))
        right = f"{' ' * column}{pointer} {error.message}"
        if len(right) <= self.size.width:
            message.update(right)
        elif len(error.message) < column:
            message.update(f"{error.message} {pointer}".rjust(column + len(pointer)))
        else:
            message.update(f"{' ' * column}{pointer}\n{error.message}")

    def _remember(self, text: str) -> None:
        if text.strip():
            self._remembered = [kept for kept in self._remembered if kept != text][-_MOST_REMEMBERED + 1 :]
            self._remembered.append(text)

    def _close(self) -> None:
        self.end()
        self.post_message(self.Closed())
