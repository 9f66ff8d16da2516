"""The line in which a time is typed: what it means, or what is wrong with it, shows at once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input, Static

from twtop.errors import UsageError
from twtop.sources.replay.times import parse_time, range_text
from twtop.ui.text_entry import EntryLine, TextEntry
from twtop.ui.timeline.words import clock, length

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult

_EXAMPLES: Final = "14:05   14:05:10   -10m   +30s   next   prev   start   end"
_LIVE: Final = "live"

TYPING_KEYS: Final = (("enter", "go there"), ("esc", "stay"))
"""What the footer names while a time is typed."""


class Reach(NamedTuple):
    """From when to when one may go, and what there is to be found."""

    start_s: float
    end_s: float
    at_s: float
    """What is shown."""
    found_s: Sequence[float]
    """When something was found."""
    has_present: bool
    """The present can be gone to, too."""


class TimeEntry(EntryLine):
    """An input, and a line that says what it means; hidden until opened."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Stay where it is")]
    DEFAULT_CSS = """
    TimeEntry { height: auto; display: none; }
    TimeEntry.-open { display: block; }
    TimeEntry Input { border: none; height: 1; padding: 0; background: transparent; }
    TimeEntry Input:focus { border: none; }
    TimeEntry #time-means { height: auto; max-height: 3; min-height: 1; }
    TimeEntry #time-means.-wrong { color: ansi_red; }
    """

    @dataclass
    class Closed(Message):
        """Typing is over."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._reach: Callable[[], Reach | None] = lambda: None
        self._go: Callable[[float | None], None] = lambda _: None

    def compose(self) -> ComposeResult:
        """Put the input above what it means."""
        yield TextEntry(self.action_go, placeholder=_EXAMPLES, max_length=60, id="time-input")
        yield Static(id="time-means", markup=False)

    def open(self, reach: Callable[[], Reach | None], go: Callable[[float | None], None]) -> None:
        """Begin to type: ``reach`` is asked whenever the text changes, ``go`` gets the time, None for live.

        That is no message, before which the next key would come: it may step on from there.
        """
        self._reach, self._go = reach, go
        self.begin("")
        self._explain("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what the text means."""
        event.stop()
        if self.is_open:
            self._explain(event.value)

    def action_go(self) -> None:
        """Take the time, if it is one; a mistake keeps the input open."""
        text = self.entry.value
        if not text.strip():
            self.action_close()
        elif self._explain(text):
            chosen = self._meant(text)
            self.action_close()
            self._go(chosen)

    def action_close(self) -> None:
        """Stop typing."""
        self.end()
        self.post_message(self.Closed())

    def _meant(self, text: str) -> float | None:
        """Return the time that is meant, None for the present; raises UsageError."""
        reach = self._reach()
        if reach is None:
            raise UsageError("nothing is kept yet")
        if text.strip().lower() == _LIVE:
            if reach.has_present:
                return None
            raise UsageError("a recording is never live: 'end' is its last look")
        return parse_time(
            text, start_s=reach.start_s, end_s=reach.end_s, at_s=reach.at_s, found_s=reach.found_s
        )

    def _explain(self, text: str) -> bool:
        """Say what a text means, or what is wrong with it; return whether it is a time."""
        means = self.query_one("#time-means", Static)
        try:
            said = self._told(text)
        except UsageError as error:
            means.add_class("-wrong")
            means.update(f"! {error}")
            return False
        means.remove_class("-wrong")
        means.update(said)
        return True

    def _told(self, text: str) -> str:
        reach = self._reach()
        if reach is None:
            return ""
        if not text.strip():
            return f"{range_text(reach.start_s, reach.end_s)}{', live' if reach.has_present else ''}"
        wall_s = self._meant(text)
        if wall_s is None:
            return "back to live"
        now_s = time.time()
        if reach.has_present:
            return f"{clock(wall_s, now_s)}, {length(now_s - wall_s)} ago"
        return f"{clock(wall_s, now_s)}, {length(wall_s - reach.start_s)} after the start"
