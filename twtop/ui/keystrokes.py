"""Keys that come quickly, or are pasted: each finds what the one before it opened, or closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import App

from twtop.ui.frame_screen import FrameScreen
from twtop.ui.text_entry import TextEntry

if TYPE_CHECKING:
    from textual.events import Event


class Keystrokes(App[None], inherit_bindings=False):
    """Acts on a key of the main screen or a view before the next one is given to anybody.

    Textual hands all keys that have come to the widget with the focus, and acts on each when it came back:
    what is typed right after the key that opens an entry would be taken for keys of the main screen.
    """

    async def on_event(self, event: Event) -> None:
        """Act on a key at once where that is possible."""
        key = event if isinstance(event, events.Key) and not event.is_forwarded else None
        if key is None or not self._is_ready or not await self._act_on(key):
            await super().on_event(event)

    @property
    def _is_ready(self) -> bool:
        """The main screen or a view is shown, and the terminal has the focus."""
        has_entries = len(self.screen_stack) == 1 or isinstance(self.screen, FrameScreen)
        return self.app_focus and has_entries and self.screen.is_mounted

    async def _act_on(self, key: events.Key) -> bool:
        """Write a key where text is typed, or run what it is bound to; tell whether there was such."""
        if isinstance(self.focused, TextEntry) and key.is_printable:
            await self.focused.write(key)
            return True
        return await self._check_bindings(key.key)
