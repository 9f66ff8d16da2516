"""A pen over the terminal: the fewest bytes that move it, change its style and write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.ui.terminal.cells import is_single
from twtop.ui.terminal.style import PLAIN, on_blank, transition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.ui.terminal.style import Style

_UNKNOWN: Final = (-1, -1)


class Pen:
    """Knows the style the terminal is left in, and within one update where its cursor is."""

    def __init__(self) -> None:
        self._style = PLAIN
        self._place = _UNKNOWN
        self._out: list[str] = []

    @property
    def written(self) -> bool:
        """Whether anything was written since the last `take`."""
        return bool(self._out)

    def take(self) -> str:
        """Return what was written since the last time.

        The place is forgotten: someone else may write to the terminal meanwhile (write(1), the kernel).
        """
        out = "".join(self._out)
        self._out.clear()
        self._place = _UNKNOWN
        return out

    def reset(self) -> None:
        """Return to the plain style, whatever the terminal is in."""
        self._out.append("\x1b[m\x1b]8;;\x1b\\" if self._style.link else "\x1b[m")
        self._style = PLAIN

    def clear(self) -> None:
        """Blank the whole terminal in the plain style."""
        self.reset()
        self._out.append("\x1b[H\x1b[2J")
        self._place = (0, 0)

    def move(self, row: int, column: int, width: int) -> None:
        """Move the cursor, the shortest way, within a terminal of that width."""
        here, at = self._place
        if (here, at) == (row, column):
            return
        ways = [_to(row, column)]
        # Past the last column terminals differ in where the cursor is.
        if here == row and at < width:
            ways.append(_along(column - at))
        if here >= 0 and here + 1 == row:
            ways.append("\r\n" + _along(column))
        self._out.append(min(ways, key=len))
        self._place = (row, column)

    def write(self, texts: Sequence[str], styles: Sequence[Style]) -> None:
        """Write cells of one row from the cursor on."""
        current = self._style
        put = self._out.append
        for text, style in zip(texts, styles, strict=True):
            if style is not current and not looks_alike(text, style, current):
                put(transition(current, style))
                current = style
            put(text)
        self._style = current
        row, column = self._place
        # Where a character is not one cell in every terminal, this one's cursor may be elsewhere now.
        self._place = (row, column + len(texts)) if is_single("".join(texts)) else _UNKNOWN


def looks_alike(text: str, style: Style, other: Style) -> bool:
    """Tell whether a cell of one style could be written in another without being seen."""
    return style == other or (text == " " and on_blank(other) == style)


def _to(row: int, column: int) -> str:
    if column:
        return f"\x1b[{row + 1};{column + 1}H"
    return f"\x1b[{row + 1}H" if row else "\x1b[H"


def _along(columns: int) -> str:
    """Return what moves the cursor within its row."""
    if columns <= 0:
        return min("\b" * -columns, f"\x1b[{-columns}D", key=len)
    return "\x1b[C" if columns == 1 else f"\x1b[{columns}C"
