"""Breaking text into lines by the columns it takes on a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twtop.ui.line_view import Part

_WORD: Final = re.compile(r"\d\S* (?:ms|s|min|h)\b\S*|\S+")
"""A number and its unit stay together."""


def wrap(text: str, width: int, hanging: int = 0) -> Iterator[slice]:
    """Yield the part of the text on each line: ``width`` columns on the first, ``hanging`` less on others.

    Lines break at blanks only, except in a word too wide for a line. Blanks stay as they are, but for those
    around a break. ``width`` less ``hanging`` must leave two columns.
    """
    start = end = 0
    room = width
    for word in _WORD.finditer(text):
        if cell_len(text[start : word.end()]) > room and end > start:
            yield slice(start, end)
            start, room = word.start(), width - hanging
        while cell_len(text[start : word.end()]) > room:
            cut = _fitting(text, start, room)
            yield slice(start, cut)
            start, room = cut, width - hanging
        end = word.end()
    if end > start:
        yield slice(start, end)


def broken(texts: Iterable[Part], width: int) -> list[list[Part]]:
    """Return texts, each with its look, as lines of ``width`` columns, at least two."""
    return [[(text[part], look)] for text, look in texts for part in wrap(text, width)]


def _fitting(text: str, start: int, room: int) -> int:
    """Return where to cut so that what begins at ``start`` fits; at least one character goes."""
    end = start + 1
    while end < len(text) and cell_len(text[start : end + 1]) <= room:
        end += 1
    return end
