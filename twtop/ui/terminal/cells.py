"""Text cut into the cells of a terminal, and the grid they stand in."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from twtop.ui.terminal.style import PLAIN, on_blank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.ui.terminal.style import Style

# Every terminal gives these one cell: Latin, Greek, Cyrillic, arrows, box drawing, blocks, braille.
_SINGLE: Final = re.compile(
    "[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0482\u2190-\u2193\u2500-\u25fc\u2800-\u28ff]*"
).fullmatch


def is_single(text: str) -> bool:
    """Tell whether every character takes one cell in every terminal."""
    return text.isascii() or _SINGLE(text) is not None


def cut(text: str) -> Sequence[str]:
    """Cut text into cells, measured as Textual does: a wide character is followed by an empty cell."""
    return text if is_single(text) else _cut(text)


@lru_cache(maxsize=1024)
def _cut(text: str) -> tuple[str, ...]:
    cells: list[str] = []
    base = 0
    width = 0
    for end, character in enumerate(text, 1):
        grown = cell_len(text[:end])
        # Joiners, combining marks and what is joined belong to the cell before, even where they widen it.
        if grown == width or cell_len(character) == 0:
            if cells:
                cells[base] += character
        else:
            base = len(cells)
            cells.append(character)
            width += 1
        cells += [""] * (grown - width)
        width = grown
    return tuple(cells)


# What Textual and the panels draw with, where only ASCII can be shown.
_ALIKE: Final = {
    "-": "─━═┄╌–—",  # noqa: RUF001
    "|": "│┃║┆╎▎▏▕▌▐",
    "+": "┌┐└┘├┤┬┴┼╭╮╯╰╔╗╚╝",
    "_": "▁▂▃▄",
    "=": "▅▆▇▀▔",
    "#": "█▓",
    ":": "▒░",
    "*": "•●",
    ".": "·…",
    "<": "←◀",
    ">": "→▶",
    "^": "↑▲",
    "v": "↓▼",
    "x": "×",  # noqa: RUF001
    " ": "\xa0",
}
_ASCII: Final = str.maketrans({drawn: sign for sign, alike in _ALIKE.items() for drawn in alike})


def to_ascii(cells: Sequence[str]) -> list[str]:
    """Replace every cell that is not ASCII by a sign that is: one alike, or "?"."""
    return [_sign(cell) for cell in cells]


def _sign(cell: str) -> str:
    if cell.isascii():
        return cell or "?"
    sign = cell.translate(_ASCII)
    return sign if sign.isascii() else "?"


class Grid:
    """Rows of cells: a text ("" in the second half of a wide character) and a style each."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.texts = [[" "] * width for _ in range(height)]
        self.styles = [[PLAIN] * width for _ in range(height)]

    def put(self, row: int, column: int, cells: Sequence[str], style: Style) -> None:
        """Write cells from a place on, as a terminal without line wrap does; what does not fit is dropped."""
        if not (0 <= row < self.height and column < self.width and cells):
            return
        end = min(column + len(cells), self.width)
        self._halve(row, column)
        self._halve(row, end)
        texts = self.texts[row]
        texts[column:end] = cells[: end - column]
        if end - column < len(cells) and not cells[end - column]:
            texts[end - 1] = " "
        blank = on_blank(style)
        if blank == style or " " not in cells:
            self.styles[row][column:end] = [style] * (end - column)
        else:
            self.styles[row][column:end] = [blank if text == " " else style for text in texts[column:end]]

    def _halve(self, row: int, column: int) -> None:
        """Blank the wide character, if there is one, whose second half is in this column."""
        texts = self.texts[row]
        if column < self.width and not texts[column]:
            texts[column - 1 : column + 1] = "  "

    def resized(self, width: int, height: int) -> Grid:
        """Return a grid of another size with what both have in common."""
        grid = Grid(width, height)
        for row in range(min(height, self.height)):
            grid.texts[row][: self.width] = self.texts[row][:width]
            grid.styles[row][: self.width] = self.styles[row][:width]
            if width < self.width and not self.texts[row][width]:
                grid.texts[row][-1] = " "
        return grid
