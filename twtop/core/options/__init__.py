"""What the user asks of the screen, on the command line and in the file."""

from __future__ import annotations

from twtop.core.options.screen import ScreenOptions

__all__ = ["ScreenOptions"]
