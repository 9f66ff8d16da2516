"""The panel that plots the ephemeral ports in use towards one or two destinations."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from twtop.ui.line_view import LineView, Part
from twtop.ui.ports.layout import Lines, Look, layout
from twtop.ui.ports.plotter import Plotter

if TYPE_CHECKING:
    from textual.geometry import Size

    from twtop.core.ports.plot_data import PlotData
    from twtop.core.signs import Signs


class PortPlot(LineView):
    """Ports in use over time: estimated, measured, and what is to be expected."""

    def __init__(self, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.signs = signs
        self._data: PlotData | None = None
        self._present = "now"
        self._plotter: Plotter | None = None
        self._note = ""
        self._loading = False
        self._laid_out: tuple[PlotData, Size, Look] | None = None
        self._lines: Lines = []

    def show(self, data: PlotData, *, present: str = "now") -> None:
        """Show another instant, and what it is called; in words only until plotext is loaded."""
        self._data, self._present = data, present
        self.update_lines()

    def update_lines(self) -> None:
        """Lay everything out anew, and draw the lines that changed."""
        if self._data is not None and self.content_size:
            self._load()
            look = Look(self.signs, self._plotter, self._present, self._note)
            wanted = self._data, self.content_size, look
            if wanted != self._laid_out:
                self._laid_out = wanted
                self._lines = layout(self._data, *self.content_size, look)
        super().update_lines()

    def line(self, number: int, width: int) -> list[Part]:
        """Return the parts of a line."""
        return self._lines[number] if number < len(self._lines) else []

    def _load(self) -> None:
        """Begin to load plotext, once: when there is first something to draw and a place for it."""
        if not self._loading:
            self._loading = True
            self.run_worker(self._make_plotter(), name="load plotext")

    async def _make_plotter(self) -> None:
        try:
            self._plotter = await asyncio.to_thread(Plotter, braille=not self.signs.arrow.isascii())
        except (ImportError, OSError) as error:
            self._note = f"no picture, because plotext does not run here: {error}"
        self.update_lines()
