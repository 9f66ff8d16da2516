"""The worst findings on the main screen; nothing at all where nothing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.ui.findings.lines import finding_line
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from twtop.core.signs import Signs
    from twtop.diagnosis.finding import Finding

_WIDE: Final = 120


class FindingsPanel(LineView):
    """One line in a small window, up to four in a large one; none where only the table has room."""

    _LINES_PER_FINDING = 12
    _MOST = 4
    _FEWEST_LINES = 8

    def __init__(self, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._signs = signs
        self._findings: tuple[Finding, ...] = ()

    def show(self, findings: tuple[Finding, ...]) -> None:
        """Show the worst of these; the panel grows and shrinks with them."""
        self._findings = findings
        self.fit()

    def fit(self) -> None:
        """Take as many lines as the window has room for."""
        self.display = self.line_count > 0
        if self.styles.height is None or self.styles.height.value != self.line_count:
            self.styles.height = self.line_count
        self.update_lines()

    @property
    def line_count(self) -> int:
        """How many findings there is room for."""
        height = self.screen.size.height
        if height < self._FEWEST_LINES:
            return 0
        room = max(1, min(self._MOST, height // self._LINES_PER_FINDING - 1))
        return min(len(self._findings), room)

    def line(self, number: int, width: int) -> list[Part]:
        """Write a finding; the first line names the key for more, the last one how many are not shown."""
        hidden = len(self._findings) - self.line_count
        after = ""
        if hidden and number == self.line_count - 1:
            after = f"  +{hidden}"
        if number == 0:
            after += "  f: what to do" if width >= _WIDE else "  f"
        return finding_line(self._findings[number], width, self._signs, after=after)

    def on_click(self) -> None:
        """Open the view of all findings."""
        self.app.call_later(self.app.run_action, "view('findings')")
