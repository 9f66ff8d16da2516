"""The line in which a port range is typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from twtop.core.sysctls import PortRange
from twtop.ui.text_entry import EntryLine, TextEntry

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

_TEXT: Final = re.compile(r"\s*([0-9]{1,5})\s*[-\s]\s*([0-9]{1,5})\s*")
_LAST_PORT: Final = 65535
_HOW: Final = "Two ports, lower first: 15000 64000"

TYPING_KEYS: Final = (("tab", "what if"), ("enter", "try it"), ("esc", "as it was"))
"""What the footer names while a range is typed."""


class RangeEntry(EntryLine):
    """An input with a line that says what to type; hidden until opened."""

    DEFAULT_CSS = """
    RangeEntry { height: auto; display: none; padding: 0 1; }
    RangeEntry.-open { display: block; }
    RangeEntry #range-how { height: 1; }
    RangeEntry Input { border: none; height: 1; padding: 0; background: transparent; }
    RangeEntry Input:focus { border: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Leave the range as it was")]

    @dataclass
    class Closed(Message):
        """Typing is over."""

    def __init__(self, take: Callable[[PortRange], None]) -> None:
        """``take`` is given the range that was typed, at once: the next key may be about it."""
        super().__init__()
        self._take = take

    def compose(self) -> ComposeResult:
        """Say how, and take the text."""
        yield Static(_HOW, markup=False, id="range-how")
        yield TextEntry(self.action_try, restrict=r"[0-9 -]*", max_length=20, id="range-input")

    def open(self, span: PortRange) -> None:
        """Begin to type, over the range that is tried now."""
        self.begin(f"{span.low} {span.high}")
        self.entry.action_select_all()

    def action_try(self) -> None:
        """Take the range, if it is one; a mistake keeps the input open."""
        span = parsed(self.entry.value)
        if span is None:
            self.notify(_HOW, severity="warning", timeout=4)
            return
        self.action_close()
        self._take(span)

    def action_close(self) -> None:
        """Stop typing."""
        self.end()
        self.post_message(self.Closed())


def parsed(text: str) -> PortRange | None:
    """Read ``1024 65535`` or ``1024-65535``; None where it is not a range of ports."""
    match = _TEXT.fullmatch(text)
    low, high = (int(match[1]), int(match[2])) if match else (1, 0)
    return PortRange(low, high) if 1 <= low <= high <= _LAST_PORT else None
