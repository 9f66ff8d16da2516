"""The panel that shows how the group under the cursor drains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.ui.drain.layout import GroupDrain, Lines, layout
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from twtop.core.signs import Signs


class DrainPanel(LineView):
    """When the sockets of a group end by themselves, and whether they did as forecast."""

    def __init__(self, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.signs = signs
        self._shown: GroupDrain | None = None
        self._lines: Lines = []

    @property
    def is_seen(self) -> bool:
        """Whether there is room for it: only then it needs something to show."""
        return bool(self.size)

    def show(self, shown: GroupDrain | None) -> None:
        """Show another group or instant; what is shown stays while the next group is looked for."""
        if shown is not None or not self.is_seen:
            self._shown = shown
        self.update_lines()

    def update_lines(self) -> None:
        """Lay everything out anew, and draw the lines that changed."""
        if self._shown is not None and self.content_size:
            self._lines = layout(self._shown, *self.content_size, self.signs)
        super().update_lines()

    def line(self, number: int, width: int) -> list[Part]:
        """Return the parts of a line."""
        return self._lines[number] if number < len(self._lines) else []
