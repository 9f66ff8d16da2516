"""The few signs of the screen, for terminals with Unicode and without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Signs:
    """One look of the screen."""

    levels: str
    """From almost nothing to full; nothing at all is a blank."""
    folded: str
    unfolded: str
    ellipsis: str
    arrow: str
    line: str
    descending: str
    ascending: str

    def sparkline(self, counts: Sequence[int]) -> str:
        """Draw counts as bars, the greatest as the highest."""
        most = max(counts, default=0)
        if most <= 0:
            return ""
        levels = " " + self.levels
        return "".join(levels[-(-count * len(self.levels) // most)] for count in counts)

    def clipped(self, text: str, width: int) -> str:
        """Cut a text that is too wide, and show that it was cut."""
        if len(text) <= width:
            return text
        return text[: max(0, width - len(self.ellipsis))] + self.ellipsis[: max(0, width)]


UNICODE: Final = Signs("▁▂▃▄▅▆▇█", "▸", "▾", "…", "→", "─", "▼", "▲")
ASCII: Final = Signs(".:-=+*#@", "+", "-", "~", ">", "-", "v", "^")
