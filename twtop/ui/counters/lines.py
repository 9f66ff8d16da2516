"""Counters as lines: what changes at the left, what it means at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.core.format import count_text, rate_text
from twtop.knowledge.counter_pages import short_name
from twtop.ui import styles
from twtop.ui.counters.listing import rules_using
from twtop.ui.sectioned_list import Between

if TYPE_CHECKING:
    from rich.style import Style

    from twtop.core.signs import Signs
    from twtop.ui.counters.listing import Row
    from twtop.ui.line_view import Part

_NOW, _LATELY, _TOTAL, _NAME = 7, 7, 8, 21
_NARROW, _NARROWER = 60, 40
"""Below these widths a column of numbers less is shown, and another one."""
_MEANING: Final = 46
"""Longer than any meaning: the rules stand in a column of their own."""
_WITH_RULES: Final = 120
"""From this width on there is one."""
_ALERT: Final = "!"


GAUGES: Final = Between("values of the moment", columns=("VALUE", "IN 10S", "CHANGE"))


def titles(width: int) -> list[Part]:
    """Name the columns of what has a rate."""
    meaning = "MEANING".ljust(_MEANING) + "RULES THAT USE IT" if width >= _WITH_RULES else "MEANING"
    numbers = _numbers(("NOW/S", "10S/S", "TOTAL"), width)
    return [(f"{numbers}   {'COUNTER':<{_NAME}}{meaning}", styles.HEADING)]


def between_line(between: Between, width: int) -> list[Part]:
    """Write a line between counters."""
    numbers = f"{_numbers(between.columns, width)}   " if between.columns else ""
    return [(numbers + between.text, between.look)]


def counter_line(row: Row, width: int, signs: Signs) -> list[Part]:
    """Write one counter."""
    moving = row.movement is not None and row.movement.is_moving
    moved = row.is_gauge or (row.movement is not None and row.movement.quiet_s is not None)
    look = styles.PLAIN if moved else styles.DIM
    bold = styles.BOLD if moving and not row.is_gauge else look
    mark = _ALERT if moved and row.page.alert else ""
    numbers = _numbers(_texts(row), width)
    name = signs.clipped(short_name(row.name), max(0, width - len(numbers) - 3))
    room = max(0, width - len(numbers) - 3 - _NAME)
    return [
        (numbers, look),
        (f" {mark:<2}", styles.ALARM if moving else styles.WARNING),
        (f"{name:<{_NAME}}", bold),
        *_words(row, look, room, signs, with_rules=width >= _WITH_RULES),
    ]


def _words(row: Row, look: Style, room: int, signs: Signs, *, with_rules: bool) -> list[Part]:
    meaning = row.lack or row.page.meaning
    if not with_rules:
        return [(signs.clipped(meaning, room), look)]
    rules = signs.clipped(", ".join(rules_using(row.name)), room - _MEANING)
    return [(meaning.ljust(_MEANING), look), (rules, look + styles.NOTE)]


def detail_lines(row: Row, read_as: str) -> list[tuple[str, Style]]:
    """Write what there is no room for in a line: texts of any length, each with its look."""
    rules = ", ".join(rules_using(row.name))
    alert = "; growth is never good" if row.page.alert else ""
    return [
        (f"{row.name}: {row.lack or row.page.meaning}{alert}", styles.TITLE),
        (f"Used by {rules}" if rules else "No rule uses it.", styles.PLAIN),
        (read_as, styles.PLAIN),
    ]


def _texts(row: Row) -> tuple[str, str, str]:
    movement = row.movement
    if movement is None:
        return "", "", ""
    if row.is_gauge:
        return count_text(movement.value, _NOW - 1), _change(movement.recent), _change(movement.total)
    total = count_text(movement.total, _TOTAL - 1) if movement.total > 0 else ""
    return _rate(movement.rate), _rate(movement.smoothed), total


def _numbers(texts: tuple[str, ...], width: int) -> str:
    now, lately, total = texts
    numbers = f"{now:>{_NOW}}"
    if width >= _NARROWER:
        numbers += f"{lately:>{_LATELY}}"
    return numbers + f"{total:>{_TOTAL}}" if width >= _NARROW else numbers


def _rate(number: float | None) -> str:
    return "<0.1" if number is not None and 0 < number < 0.05 else rate_text(number or 0)


def _change(number: int) -> str:
    sign = "+" if number > 0 else "-"
    return sign + count_text(abs(number), _LATELY - 2) if number else ""
