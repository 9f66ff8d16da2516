"""The last line: the keys that matter most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.ui import styles
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from collections.abc import Sequence


class Footer(LineView):
    """Keys and what they do, as many as fit; the last one always."""

    def __init__(self, keys: Sequence[tuple[str, str]], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._keys = keys
        self._note = ""

    def show_note(self, note: str) -> None:
        """Put a word before the keys; an empty one takes it away."""
        self._note = note
        self.update_lines()

    def line(self, number: int, width: int) -> list[Part]:
        """Draw the keys."""
        parts: list[Part] = [(f"{self._note}  ", styles.ALARM)] if self._note else []
        *first, last = self._keys
        room = width - len(last[0]) - len(last[1]) - 1 - sum(len(text) for text, _ in parts)
        for key, meaning in first:
            if len(key) + len(meaning) + 3 > room:
                break
            room -= len(key) + len(meaning) + 3
            parts += [(key, styles.BOLD), (f" {meaning}  ", styles.DIM)]
        return [*parts, (last[0], styles.BOLD), (f" {last[1]}", styles.DIM)]
