"""The words of the port budgets: one line per destination, and all that is to be said about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.format import percent_text
from twtop.core.states import IN_LIFE_ORDER
from twtop.ui import styles
from twtop.ui.drain.text import fitting
from twtop.ui.explanation.wrapping import wrap
from twtop.ui.ports.text import per_s_text, seconds_text

if TYPE_CHECKING:
    from rich.style import Style

    from twtop.core.ports.budget import Budget, Outlook
    from twtop.core.ports.usage import Ports
    from twtop.core.ports.what_if import Prediction
    from twtop.core.signs import Signs
    from twtop.ui.line_view import Part

Line = list["Part"]

_NONE: Final = "-"
_NAME: Final = 25
"""Columns of the names of changes."""
_BESIDE: Final = 130
"""From this width on every change has its command beside it."""
_INDENT: Final = "  "
_LEAST_NAME: Final = 12
_ALL: Final = 72
"""From this width on a destination has all its numbers beside its name, below it those that matter most."""


class Column(NamedTuple):
    """A column of numbers."""

    title: str
    width: int
    least: int = 0
    """The width from which on there is room for it."""


_DESTINATION: Final = (
    Column("USED", 6),
    Column("%", 5),
    Column("SLOW", 7, _ALL),
    Column("FULL", 7, 30),
    Column("+/S", 6, _ALL),
    Column("FULL IN", 8, 45),
    Column("NEW/S", 6, _ALL),
    Column("MAX/S", 6, _ALL),
)
"""Ports in use, in percent; the marks; growth; time to the end; new connections, and how many can last."""
_NAMED: Final = ("DESTINATION", "TO")
_CHANGE: Final = (
    Column("SLOW", 8, _NAME + 8),
    Column("FULL", 8, _NAME + 16),
    Column("SLOW/S", 8, _NAME + 24),
    Column("MAX/S", 8, _NAME + 32),
    Column("SLOW IN", 9, _NAME + 41),
    Column("FULL IN", 9, _NAME + 50),
)
"""The marks, the rates that lead there, and the time until then."""


def list_titles(count: int, ports: Ports, total: int, width: int) -> list[Line]:
    """Return the two lines above the list."""
    span = ports.range
    shown = f"{count:,}" if count == total else f"the {count:,} busiest of {total:,}"
    about = f"Port budgets: {shown}"
    taken = [
        f", {number:,} {what}"
        for number, what in (
            (ports.reserved, "reserved"),
            (ports.bound, "bound"),
            (ports.bound_first, "bound first"),
        )
        if number
    ]
    span_and_taken = fitting("", [f"{_INDENT}range {span.low}-{span.high}", *taken], width - len(about), "")
    columns = _row([column.title for column in _DESTINATION], _DESTINATION, width) + _INDENT
    named = next(title for title in (*_NAMED, "") if len(columns) + len(title) <= width or not title)
    return [
        [(about, styles.TITLE), (span_and_taken, styles.PLAIN)],
        [(columns + named, styles.HEADING)],
    ]


def destination_line(budget: Budget, signs: Signs, width: int) -> Line:
    """Write one destination."""
    now = budget.outlook
    texts = [
        f"{budget.used:,}",
        percent_text(budget.used, now.capacity),
        _mark(now),
        f"{now.capacity:,}",
        _growth(now),
        _full_in(now),
        per_s_text(budget.new_per_s),
        per_s_text(now.sustainable_per_s),
    ]
    row = _row(texts, _DESTINATION, width)
    room = max(0, width - len(row) - len(_INDENT))
    destination = budget.destination
    name = f"{destination.source_text} {signs.arrow} {destination.remote_text}"
    if len(name) > room:
        name = f"{signs.arrow} {destination.remote_text}"
    return [(row, look(now)), (_INDENT, styles.PLAIN), (signs.clipped(name, room), styles.PLAIN)]


def about_lines(budget: Budget, signs: Signs, width: int) -> list[Line]:
    """Say what holds the ports of one destination, and how long that can go on."""
    destination, now = budget.destination, budget.outlook
    name = f"{destination.source_text} {signs.arrow} {destination.remote_text}"
    usage, verdict = f"{_INDENT}{budget.used:,} of {now.capacity:,} ports", _verdict(budget)
    fits = _LEAST_NAME + len(usage) + len(verdict) <= width
    room = max(_LEAST_NAME, width - len(usage) - len(verdict) * fits)
    if len(name) > room:
        name = f"{signs.arrow} {destination.remote_text}"
    by_state = [f"{s.label} {budget.by_state[s]:,}" for s in IN_LIFE_ORDER if budget.by_state[s]]
    used_by = f"used by {', '.join(by_state) or 'nothing now'}"
    if budget.terms.reuse:
        used_by += f"; {budget.reusable:,} of them can be taken over"
    rates = f"{per_s_text(budget.new_per_s)} new/s, {_lasting(now)}"
    if fits:
        usage += verdict
    elif verdict:
        rates = f"{verdict.removeprefix(', ')}; {rates}"
    return [
        [(signs.clipped(name, room), styles.TITLE), (signs.clipped(usage, max(0, width - room)), look(now))],
        [(signs.clipped(used_by, width), styles.PLAIN)],
        [(signs.clipped(rates, width), styles.PLAIN)],
    ]


def what_if_lines(budget: Budget, changes: list[Prediction], chosen: int, width: int) -> list[Line]:
    """Return the table of changes: its titles, today, and one line per change."""
    head = "WHAT IF".ljust(_NAME) + _row([column.title for column in _CHANGE], _CHANGE, width)
    lines: list[Line] = [[(head, styles.HEADING)]]
    lines.append([(" today".ljust(_NAME) + _change_row(budget.outlook, width), look(budget.outlook))])
    for at, change in enumerate(changes):
        text = f" {change.title}".ljust(_NAME) + _change_row(change.outlook, width)
        if width >= _BESIDE:
            text += _INDENT + change.command
        style = styles.CURSOR if at == chosen else look(change.outlook)
        lines.append([(text[:width].ljust(width) if at == chosen else text[:width], style)])
    return lines


def change_lines(change: Prediction, width: int) -> list[Line]:
    """Write the command of a change, and what to know of it."""
    lines: list[Line] = []
    for text, style in ((change.command, styles.BOLD), *((each, styles.PLAIN) for each in change.caveats)):
        parts = [text[part] for part in wrap(text, width, len(_INDENT))]
        lines += [[((_INDENT if at else "") + part, style)] for at, part in enumerate(parts)]
    return lines


def look(outlook: Outlook) -> Style:
    """Return the look of a budget: full, slow, or neither."""
    if outlook.held >= outlook.capacity:
        return styles.ALARM
    return styles.WARNING if outlook.half is not None and outlook.held >= outlook.half else styles.PLAIN


def _row(texts: list[str], columns: tuple[Column, ...], width: int) -> str:
    return "".join(
        text.rjust(column.width) for text, column in zip(texts, columns, strict=True) if width >= column.least
    )


def _change_row(outlook: Outlook, width: int) -> str:
    easy = outlook.easy_per_s
    texts = [
        _mark(outlook),
        f"{outlook.capacity:,}",
        _NONE if easy is None else per_s_text(easy),
        per_s_text(outlook.sustainable_per_s),
        _slow_in(outlook),
        _full_in(outlook),
    ]
    return _row(texts, _CHANGE, width)


def _mark(outlook: Outlook) -> str:
    return _NONE if outlook.half is None else f"{outlook.half:,}"


def _growth(outlook: Outlook) -> str:
    per_s = outlook.trend.per_s
    return f"{'+' if per_s > 0 else '-'}{per_s_text(abs(per_s))}" if per_s else "="


def _full_in(outlook: Outlook) -> str:
    if outlook.held >= outlook.capacity:
        return "now"
    seconds = outlook.trend.full_in_s
    return _NONE if seconds is None else seconds_text(seconds)


def _slow_in(outlook: Outlook) -> str:
    if outlook.half is None:
        return _NONE
    if outlook.held >= outlook.half:
        return "now"
    seconds = outlook.trend.half_in_s
    return _NONE if seconds is None else seconds_text(seconds)


def _lasting(outlook: Outlook) -> str:
    easy = outlook.easy_per_s
    before = "" if easy is None else f" ({per_s_text(easy)}/s without slow connect())"
    return f"{per_s_text(outlook.sustainable_per_s)}/s can last{before}"


def _verdict(budget: Budget) -> str:
    now = budget.outlook
    if now.held >= now.capacity:
        return ", full: bind() fails" if budget.terms.bind_first else ", full: connect() fails"
    if now.half is not None and now.held >= now.half:
        return ", past half: connect() slow"
    return ", bound first" if budget.terms.bind_first else ""
