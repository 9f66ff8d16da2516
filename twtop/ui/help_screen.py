"""The screen that lists keys, made from the bindings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from twtop.ui import styles
from twtop.ui.explanation.wrapping import broken, wrap
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.app import ComposeResult

_KEY_COLUMNS = 18
_LEAST_MEANING = 20
_LEAST_WORDS = 8
_HOW = "esc or q: close   up, down, pgup, pgdn: scroll"
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
        self._sections = sections
        self._width = 0
        self._lines: list[list[Part]] = []

    @property
    def line_count(self) -> int:
        """All lines."""
        return len(self._laid_out(self.visible_size.width))

    def line(self, number: int, width: int) -> list[Part]:
        """Return one line."""
        return self._laid_out(width)[number]

    def _laid_out(self, width: int) -> list[list[Part]]:
        """Return all lines, of at most so many columns where a meaning has room beside its keys."""
        if width != self._width:
            self._width = width
            self._lines = broken([(_HOW, styles.DIM)], max(_LEAST_WORDS, width))
            self._lines.append([])
            for title, rows in self._sections:
                self._lines.append([(title, styles.TITLE)])
                for keys, meaning in rows:
                    self._lines += _row(keys, meaning, width)
                self._lines.append([])
        return self._lines


def _row(keys: str, meaning: str, width: int) -> Iterator[list[Part]]:
    """Write the meaning beside its keys; below them where there is no room for it."""
    beside = f"  {keys:<{_KEY_COLUMNS}} "
    if len(beside) + _LEAST_MEANING > width:
        yield [(f"  {keys}", styles.BOLD)]
        beside = "    "
    for part in wrap(meaning, max(_LEAST_WORDS, width - len(beside))):
        yield [(beside, styles.BOLD), (meaning[part], styles.PLAIN)]
        beside = " " * len(beside)


class HelpScreen(ModalScreen[None]):
    """Keys and what they do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,f1", "dismiss", "Close")]

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__()
        self._sections = sections

    def compose(self) -> ComposeResult:
        """Show the text alone."""
        yield HelpText(self._sections)
