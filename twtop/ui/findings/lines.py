"""A finding in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.diagnosis.finding import Severity
from twtop.ui import styles

if TYPE_CHECKING:
    from rich.style import Style

    from twtop.core.signs import Signs
    from twtop.diagnosis.finding import Finding
    from twtop.ui.line_view import Part

_LOOKS: Final[dict[Severity, tuple[str, Style]]] = {
    Severity.CRITICAL: ("CRIT", styles.ALARM),
    Severity.WARNING: ("WARN", styles.WARNING),
    Severity.NOTE: ("note", styles.NOTE),
}


def finding_line(finding: Finding, width: int, signs: Signs, *, after: str = "") -> list[Part]:
    """Write how bad it is and its headline; ``after`` keeps its place at the end of the line."""
    word, look = _LOOKS[finding.severity]
    plain = styles.PLAIN
    if finding.over_s is not None:
        word, look, plain = "over", styles.DIM, styles.DIM
    room = max(0, width - len(word) - 2 - len(after))
    return [
        (word, look),
        (f"  {signs.clipped(finding.title, room)}".ljust(room + 2), plain),
        (after, styles.DIM),
    ]
