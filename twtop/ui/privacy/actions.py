"""The key that masks addresses on the screen, and what follows from it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from twtop.core.names.mask import Mask
from twtop.ui.actions import Actions
from twtop.ui.privacy.filters import MaskFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.filter import LineFilter
    from textual.notifications import SeverityLevel

_SECRET_BYTES = 32


class Privacy:
    """Whether addresses are masked, and the one mask of a run, so that each keeps its pseudonym."""

    def __init__(self, *, is_on: bool) -> None:
        self.mask = Mask(os.urandom(_SECRET_BYTES))
        self.filter = MaskFilter(self.mask)
        self.filter.enabled = is_on

    @property
    def is_on(self) -> bool:
        """Whether addresses are masked now."""
        return self.filter.enabled

    def switch(self) -> None:
        """Mask addresses, or show them again."""
        self.filter.enabled = not self.filter.enabled

    def name(self, name: str) -> str:
        """Return the name of a host as it may be seen."""
        return self.mask.name(name) if self.is_on else name

    def text(self, text: str, hostname: str) -> str:
        """Return a text, such as the name of a file, with the name of this host in it as it may be seen."""
        return text.replace(hostname, self.name(hostname)) if hostname else text


class PrivacyActions(Actions, inherit_bindings=False):
    """Masks every line of the screen, and what is copied from it."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Mask what every widget draws."""
        filters = super().get_line_filters()
        return [*filters, self.privacy.filter] if self.privacy.is_on else filters

    def action_privacy(self) -> None:
        """Mask addresses, or show them again."""
        self.privacy.switch()
        self._show_status()
        for screen in self.screen_stack:
            for widget in screen.walk_children(with_self=True):
                widget.refresh()
        self.notify("Addresses are masked." if self.privacy.is_on else "Addresses are shown.", timeout=3)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Mask a message before it is broken into lines."""
        shown = self.privacy.mask.masked(message) if self.privacy.is_on else message
        super().notify(shown, title=title, severity=severity, timeout=timeout, markup=markup)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy what may be seen: nobody pastes what was hidden."""
        masked = self.privacy.mask.masked(text) if self.privacy.is_on else text
        super().copy_to_clipboard(masked)
        if masked != text:
            self.notify("Addresses are masked in the copy, too.", severity="warning", timeout=5)
