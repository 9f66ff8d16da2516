"""The screen as Textual wants it and as the terminal shows it; what differs is what is written.

Textual rewrites a region whole and never compares. The canvas reads what Textual writes (positions, SGR,
text), keeps the cells, and gives out only those that changed since the terminal was last written to: a widget
costs what changes in it, and frames that a slow terminal had no time for are never written at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twtop.ui.terminal.cells import Grid, cut, to_ascii
from twtop.ui.terminal.pen import Pen, looks_alike
from twtop.ui.terminal.style import PLAIN, after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOKENS: Final = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|\x1b\[(?P<style>[\d;]*)m"
    r"|\x1b\[(?P<place>[\d;]*)H"
    r"|(?P<line>[\r\n])"
    r"|\x1b\]8;(?P<link>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|(?P<mode>\x1b\[[<-?][\d;]*\$?[A-Za-z]|\x07)"
    r"|(?P<message>\x1b\][^\x07\x1b]*(?:\x07|\x1b\\))"
    r"|(?P<other>\x1b\[[ -?]*[@-~])"
)
_ENTER: Final = "\x1b[?1049h"
_LEAVE: Final = "\x1b[?1049l"
_SYNC_START: Final = "\x1b[?2026h"
_SYNC_END: Final = "\x1b[?2026l"
# What comes in one piece is drawn in one piece anyway; only what is longer needs the 16 bytes of the marks.
_ONE_PIECE: Final = 1024
# How many characters of messages (OSC: clipboard, pointer shape) wait for a terminal that does not read.
_MESSAGES_LIMIT: Final = 1 << 16
_WORTH_REWRITING: Final = 4


class Canvas:
    """Takes what Textual writes with `draw`; gives with `update` what the terminal still lacks."""

    def __init__(self, size: Callable[[], tuple[int, int]], *, ascii_only: bool = False) -> None:
        """`size` is asked for the terminal's columns and rows each time something is drawn or written."""
        self._size = size
        self._ascii_only = ascii_only
        self._wanted = Grid(*size())
        self._shown = Grid(*size())
        self._dirty: set[int] = set()
        self._pen = Pen()
        self._controls: list[str] = []
        self._messages = 0
        self._row = self._column = 0
        self._style = PLAIN
        self._cursor = (0, 0)
        self._active = False
        self._stale = False
        self._synchronized = False

    def repaint(self) -> None:
        """Write the whole screen with the next update: the terminal may show anything."""
        self._stale = True

    def draw(self, data: str) -> None:
        """Take text and control sequences as Textual writes them."""
        self._fit()
        for token in _TOKENS.finditer(data):
            kind = token.lastgroup
            value = token[kind or 0]
            if kind == "style":
                self._style = after(self._style, value)
            elif kind == "text":
                self._text(value)
            elif kind == "place":
                row, _, column = value.partition(";")
                self._row, self._column = int(row or 1) - 1, int(column or 1) - 1
            elif kind == "line":
                self._row += value == "\n"
                self._column = 0
            else:
                self._control(kind, value)

    def update(self) -> str:
        """Return what brings the terminal from what it shows to what is wanted, and believe it written."""
        self._fit()
        controls = "".join(self._controls)
        self._controls.clear()
        self._messages = 0
        return controls + self._cells() if self._active else controls

    def _fit(self) -> None:
        width, height = self._size()
        if (width, height) != (self._wanted.width, self._wanted.height):
            self._wanted = self._wanted.resized(width, height)
            self._stale = True

    def _text(self, text: str) -> None:
        cells = cut(text)
        if self._ascii_only and not text.isascii():
            cells = to_ascii(cells)
        self._wanted.put(self._row, self._column, cells, self._style)
        self._dirty.add(self._row)
        self._column += len(cells)

    def _control(self, kind: str | None, sequence: str) -> None:
        if kind == "link":
            self._style = self._style._replace(link="" if sequence == ";" else sequence)
            return
        if sequence in {_SYNC_START, _SYNC_END}:
            # Textual sends these only where the terminal has said that it knows them.
            self._synchronized = True
            return
        if kind == "message":
            if self._messages > _MESSAGES_LIMIT:
                return
            self._messages += len(sequence)
        if sequence == _LEAVE:
            self._active = False
            self._pen.reset()
            self._controls.append(self._pen.take())
        self._controls.append(sequence)
        if sequence == _ENTER:
            self._active = self._stale = True
        elif kind == "other":
            self._stale = True

    def _cells(self) -> str:
        pen = self._pen
        if self._stale:
            self._stale = False
            pen.clear()
            self._shown = Grid(self._wanted.width, self._wanted.height)
            self._dirty = set(range(self._wanted.height))
        for row in sorted(self._dirty.intersection(range(self._wanted.height))):
            self._paint(row)
        self._dirty.clear()
        cursor = (self._row, self._column)
        if pen.written or cursor != self._cursor:
            self._cursor = cursor
            pen.move(*cursor, self._wanted.width)
        cells = pen.take()
        return f"{_SYNC_START}{cells}{_SYNC_END}" if self._synchronized and len(cells) > _ONE_PIECE else cells

    def _paint(self, row: int) -> None:
        texts, styles = self._wanted.texts[row], self._wanted.styles[row]
        shown, shown_styles = self._shown.texts[row], self._shown.styles[row]
        if texts == shown and styles == shown_styles:
            return
        changed = [
            column
            for column, (text, old, style, old_style) in enumerate(
                zip(texts, shown, styles, shown_styles, strict=True)
            )
            if text != old or style != old_style
        ]
        for start, end in self._runs(row, changed):
            self._pen.move(row, start, self._wanted.width)
            self._pen.write(texts[start:end], styles[start:end])
        shown[:] = texts
        shown_styles[:] = styles

    def _runs(self, row: int, changed: list[int]) -> Iterator[tuple[int, int]]:
        """Join changed columns to runs, over cells between that are cheaper written again than skipped."""
        texts, styles = self._wanted.texts[row], self._wanted.styles[row]
        start = changed[0]
        end = start + 1
        for column in changed[1:]:
            between = range(end, column)
            if len(between) > _WORTH_REWRITING or not all(
                texts[at].isascii() and looks_alike(texts[at], styles[at], styles[end - 1]) for at in between
            ):
                yield start, end
                start = column
            end = column + 1
        yield start, end
