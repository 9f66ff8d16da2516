"""Rows of a comparison as lines: numbers at the left, what they are of at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.ui import styles

if TYPE_CHECKING:
    from rich.style import Style

    from twtop.core.signs import Signs
    from twtop.export.comparison.sections import Row
    from twtop.ui.line_view import Part
    from twtop.ui.sectioned_list import Between

_WIDTHS: Final = (8, 8, 8, 7, 7, 7, 7)
"""Of the columns: both moments, the change, and where it comes from."""
_SHOWN: Final = ((110, slice(7)), (60, slice(5)), (36, slice(3)), (0, slice(2, 3)))
"""From which width on which of them are shown; where there is room for one, the change is."""
_WORD: Final = 8
_LOOKS: Final[dict[str, Style]] = {
    "appeared": styles.WARNING,
    "grew": styles.WARNING,
    "vanished": styles.NOTE,
    "shrank": styles.NOTE,
    "new": styles.WARNING,
    "worse": styles.ALARM,
    "better": styles.GOOD,
    "over": styles.GOOD,
}


def row_line(row: Row, width: int, signs: Signs) -> list[Part]:
    """Write one row: numbers, what happened, and to what, as far as there are such."""
    numbers = _columns(row.numbers, width) if row.numbers else ""
    word = f" {row.word:<{_WORD}} " if row.word else " "
    text = signs.clipped(row.text, max(0, width - len(numbers) - len(word)))
    return [(numbers, styles.PLAIN), (word, _LOOKS.get(row.word, styles.PLAIN)), (text, styles.PLAIN)]


def heading_line(between: Between, width: int, signs: Signs) -> list[Part]:
    """Write the heading of a section above its columns."""
    titles = tuple(title.upper() for title in between.columns or ())
    numbers = _columns(titles, width) if titles else ""
    return [(signs.clipped(f"{numbers} {between.text}".ljust(width), width), between.look)]


def _columns(texts: tuple[str, ...], width: int) -> str:
    shown = next(columns for least, columns in _SHOWN if width >= least)
    padded = (*texts, *[""] * len(_WIDTHS))
    columns = zip(padded[: len(_WIDTHS)], _WIDTHS, strict=True)
    return "".join(text.rjust(size) for text, size in list(columns)[shown])
