"""Inputs of the main screen and of views, into which keys go at once, and the lines that hold one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input

from twtop.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events


class TextEntry(Input):
    """An input that takes pasted text without what could steer the terminal."""

    def __init__(
        self,
        submit: Callable[[], None],
        *,
        placeholder: str = "",
        restrict: str | None = None,
        max_length: int = 0,
        id: str,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(
            placeholder=placeholder, restrict=restrict, max_length=max_length, select_on_focus=False, id=id
        )
        self._submit = submit

    def validate_value(self, value: str) -> str:
        """Return what is safe to show."""
        return printable(value)

    async def write(self, key: events.Key) -> None:
        """Take a printable key before the next one comes."""
        await self._on_key(key)

    async def action_submit(self) -> None:
        """Have the text taken before the next key comes."""
        self._submit()


class EntryLine(Vertical):
    """A line in which something is typed, hidden until opened; subclasses put one `TextEntry` into it."""

    @property
    def is_open(self) -> bool:
        """Something is being typed."""
        return self.has_class("-open")

    @property
    def entry(self) -> TextEntry:
        """What it is typed into."""
        return self.query_one(TextEntry)

    def begin(self, text: str) -> None:
        """Begin to type behind a text."""
        self.add_class("-open")
        self.entry.value = text
        self.entry.cursor_position = len(text)
        # At once, for the next key may be there already.
        self.screen.set_focus(self.entry)

    def end(self) -> None:
        """Stop typing."""
        self.remove_class("-open")
        if self.screen.focused is self.entry:
            # At once, for the next key is no text any more.
            self.screen.set_focus(None)
