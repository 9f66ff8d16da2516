"""Text that is broken into lines for the width there is."""

from __future__ import annotations

from abc import abstractmethod

from twtop.ui.line_view import LineView, Part


class TextView(LineView):
    """Lines that are made all at once; subclasses make them, and call `update_lines` when they change."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._width = -1
        self._lines: list[list[Part]] = []

    @abstractmethod
    def made_lines(self, width: int) -> list[list[Part]]:
        """Make all lines, for a width of at least 1."""

    def update_lines(self) -> None:
        """Make the lines anew, and draw those that changed."""
        self._width = -1
        super().update_lines()

    @property
    def line_count(self) -> int:
        """All lines."""
        return len(self._lines_for(self.visible_size.width))

    def line(self, number: int, width: int) -> list[Part]:
        """Return one line."""
        lines = self._lines_for(width)
        return lines[number] if number < len(lines) else []

    def _lines_for(self, width: int) -> list[list[Part]]:
        if width != self._width:
            self._width = width
            self._lines = self.made_lines(width) if width > 0 else []
        return self._lines
