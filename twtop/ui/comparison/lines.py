"""Items of a comparison as lines: numbers at the left, what they are of at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.ui import styles

if TYPE_CHECKING:
    from twtop.core.signs import Signs
    from twtop.ui.comparison.items import Item
    from twtop.ui.line_view import Part
    from twtop.ui.sectioned_list import Between

_WIDTHS: Final = (8, 8, 8, 7, 7, 7, 7)
"""Of the columns: both moments, the change, and where it comes from."""
_SHOWN: Final = ((110, slice(7)), (60, slice(5)), (36, slice(3)), (0, slice(2, 3)))
"""From which width on which of them are shown; where there is room for one, the change is."""
_WORD: Final = 8


def item_line(item: Item, width: int, signs: Signs) -> list[Part]:
    """Write one item: numbers, what happened, and to what, as far as there are such."""
    numbers = _columns(item.numbers, width) if item.numbers else ""
    word = f" {item.word:<{_WORD}} " if item.word else " "
    text = signs.clipped(item.text, max(0, width - len(numbers) - len(word)))
    return [(numbers, styles.PLAIN), (word, item.look), (text, styles.PLAIN)]


def between_line(between: Between, width: int, signs: Signs) -> list[Part]:
    """Write the heading of a section above its columns, or what is said between items."""
    if between.look is not styles.HEADING:
        return [(signs.clipped(f" {between.text}", width), between.look)]
    numbers = _columns(between.columns, width) if between.columns else ""
    return [(signs.clipped(f"{numbers} {between.text}".ljust(width), width), between.look)]


def _columns(texts: tuple[str, ...], width: int) -> str:
    shown = next(columns for least, columns in _SHOWN if width >= least)
    padded = (*texts, *[""] * len(_WIDTHS))
    columns = zip(padded[: len(_WIDTHS)], _WIDTHS, strict=True)
    return "".join(text.rjust(size) for text, size in list(columns)[shown])
