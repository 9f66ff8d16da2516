"""The last line: the keys that matter most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.ui import styles
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP: Final = "  "


class Footer(LineView):
    """Keys and what they do, as many as fit; the last two, help and the way out, before all others."""

    def __init__(self, keys: Sequence[tuple[str, str]] = (), *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._keys = keys
        self._note = ""

    def show_keys(self, keys: Sequence[tuple[str, str]]) -> None:
        """Name other keys, where others work."""
        self._keys = keys
        self.update_lines()

    def show_note(self, note: str) -> None:
        """Put a word before the keys; an empty one takes it away."""
        self._note = note
        self.update_lines()

    def line(self, number: int, width: int) -> list[Part]:
        """Draw the keys."""
        note: list[Part] = [(f"{self._note}{_GAP}", styles.ALARM)] if self._note else []
        if not self._keys:
            return note
        room = width + len(_GAP) - sum(len(text) for text, _ in note)
        always = self._keys[-2:] if _columns(self._keys[-2:]) <= room else self._keys[-1:]
        room -= _columns(always)
        shown = []
        for key in self._keys[:-2]:
            if _columns([key]) > room:
                break
            room -= _columns([key])
            shown.append(key)
        *parts, (last, look) = [part for key in (*shown, *always) for part in _parts(key)]
        return [*note, *parts, (last.rstrip(), look)]


def _columns(keys: Sequence[tuple[str, str]]) -> int:
    return sum(len(text) for key in keys for text, _ in _parts(key))


def _parts(key: tuple[str, str]) -> list[Part]:
    return [(key[0], styles.BOLD), (f" {key[1]}{_GAP}", styles.DIM)]
