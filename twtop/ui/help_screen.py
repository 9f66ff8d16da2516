"""The screen that lists every key, made from the bindings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from twtop.ui import styles
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

_KEY_COLUMNS = 18
_HOW = "esc or q: close   up, down, pgup, pgdn: scroll"
_COLUMNS_HELP = (
    ("SOCKETS", "sockets in the group; a socket shows `new` in the next column when it just came"),
    ("+/s  -/s", "sockets that came into and left the group a second"),
    ("<10s", "how many of them a clock ends within 10 s"),
    ("LEFT", "shortest to longest time left; in brackets: next try of a retransmission or probe"),
    ("0..life", "the times left, from 0 (left) to a whole life (right); for a socket: its timer"),
    ("RQ/SQ", "bytes in the receive and send queue; LISTEN: accept queue and backlog"),
)

Section = tuple[str, "Sequence[tuple[str, str]]"]


class HelpText(LineView, can_focus=True):
    """Sections of keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up"),
        Binding("down,j", "scroll_down", "Down"),
        Binding("pageup,b", "page_up", "Page up"),
        Binding("pagedown,space", "page_down", "Page down"),
        Binding("home", "scroll_home", "Top"),
        Binding("end,G", "scroll_end", "End"),
    ]

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__(id="help-text")
        self._lines: list[list[Part]] = [[(_HOW, styles.DIM)], []]
        for title, rows in (*sections, ("Columns", _COLUMNS_HELP)):
            self._lines.append([(title, styles.TITLE)])
            for keys, meaning in rows:
                self._lines.append([(f"  {keys:<{_KEY_COLUMNS}} ", styles.BOLD), (meaning, styles.PLAIN)])
            self._lines.append([])

    @property
    def line_count(self) -> int:
        """All lines."""
        return len(self._lines)

    def line(self, number: int, width: int) -> list[Part]:
        """Return one line."""
        return self._lines[number]


class HelpScreen(ModalScreen[None]):
    """Every key and what it does."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "dismiss", "Close")]

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__()
        self._sections = sections

    def compose(self) -> ComposeResult:
        """Show the text alone."""
        yield HelpText(self._sections)
