"""Text that came from strangers, made fit for a terminal."""

from __future__ import annotations

import unicodedata
from typing import Final

REPLACEMENT: Final = "?"
"""Stands for every character that may not reach the terminal; one column wide in every locale."""

_ZERO_WIDTH: Final = frozenset({"Mn", "Me"})


def printable(text: str) -> str:
    """Replace by ``?`` whatever could steer the terminal or make a text narrower than it looks.

    That is: control characters and with them escape sequences, bidirectional overrides and other format
    characters, lone surrogates, unassigned and private characters, every separator but the space, and
    marks of zero width that have no composed form. The result is in Unicode normal form C.
    """
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(character if _is_safe(character) else REPLACEMENT for character in composed)


def _is_safe(character: str) -> bool:
    if not character.isprintable() or unicodedata.category(character) in _ZERO_WIDTH:
        return False
    # Conjoining Hangul vowels and finals are letters by category, yet terminals draw them with no width.
    return not "\u1160" <= character <= "\u11ff"
