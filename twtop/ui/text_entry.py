"""An input of the main screen or a view, into which keys go at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
