"""What the dialog says: before, while, and after sockets are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.closing.kinds import Kind
from twtop.core.closing.plan import Why
from twtop.core.format import count_text, counted
from twtop.ui import styles
from twtop.ui.explanation.wrapping import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.style import Style

    from twtop.core.closing.plan import Plan
    from twtop.core.closing.tally import Tally
    from twtop.ui.line_view import Part

_COUNT_COLUMNS: Final = 9
_NAME_COLUMNS: Final = 19
_LEAST_WORDS: Final = 24
"""With less room for them words stand below their name."""
_NARROWEST: Final = 12
_MOST_OWNERS: Final = 6
_GRAVE: Final = (Kind.LISTEN, Kind.TIME_WAIT)
"""Closing them does more than end what they are themselves."""


class Occasion(NamedTuple):
    """What the dialog is about."""

    scope: str
    """What was under the cursor."""
    unlogged: str | None = None
    """Why the system log will not have it; None if it will."""


def asking(plan: Plan, occasion: Occasion, width: int) -> list[list[Part]]:
    """Say what would be closed, what that does, and what is left out."""
    what = f"Close {counted(plan.count, 'socket')}" if plan.count else "Nothing here can be closed"
    lines: list[list[Part]] = [[(what, styles.TITLE)]]
    lines += _words(occasion.scope, width, styles.BOLD)
    if plan.count:
        lines.append([])
        for kind, count in plan.by_kind:
            look = styles.WARNING if kind in _GRAVE else styles.PLAIN
            lines += _row(count, kind.fate.name, kind.fate.text, width, look)
        lines += [[], [("Held by", styles.TITLE)], *_owners(plan, width)]
    if plan.rest or plan.missing:
        lines += [[], [("Left out", styles.TITLE)], *_left_out(plan, width)]
    if plan.count:
        lines.append([])
        logged = "Logged to syslog (authpriv.notice), with who did it."
        unlogged = f"Not logged: {occasion.unlogged}" if occasion.unlogged else logged
        lines += _words(unlogged, width, styles.DIM)
    return lines


def results(tally: Tally, width: int) -> list[list[Part]]:
    """Say what came of it; while it goes on, so far."""
    if tally.ended:
        title = "Stopped" if tally.left else "Done"
    else:
        title = "Stopping" if tally.stopping else "Closing"
    of_all = f": {count_text(tally.done)} of {counted(tally.total, 'socket')}"
    lines: list[list[Part]] = [[(title + of_all, styles.TITLE)], []]
    lines += _row(tally.closed, "closed", "", width)
    if tally.gone:
        lines += _row(tally.gone, "already gone", "ended before their turn", width)
    lines += _reasons("changed", tally.changed, "left alone: each is now {}", width)
    lines += _reasons("refused", tally.refused, "{}", width)
    if tally.ended and tally.left:
        lines += _row(tally.left, "not tried", "", width)
    if tally.ended and tally.unlogged:
        lines += [[], *_words(f"Not logged: {tally.unlogged}", width, styles.WARNING)]
    return lines


def _reasons(name: str, counts: Mapping[str, int], words: str, width: int) -> Iterator[list[Part]]:
    # Another thread may be counting.
    for reason, count in sorted(dict(counts).items()):
        yield from _row(count, name, words.format(reason), width)


def _owners(plan: Plan, width: int) -> Iterator[list[Part]]:
    owners = plan.by_owner
    # One more than there is room for takes the room of the line that would say so.
    shown = owners if len(owners) <= _MOST_OWNERS + 1 else owners[:_MOST_OWNERS]
    for text, count in shown:
        yield from _row(count, "unknown" if text == "?" else text, "", width)
    others = owners[len(shown) :]
    if others:
        yield from _row(sum(count for _, count in others), f"{len(others):,} others", "", width)


def _left_out(plan: Plan, width: int) -> Iterator[list[Part]]:
    for left in plan.rest:
        hint = " (t closes them too)" if left.why is Why.TIME_WAIT else ""
        yield from _row(left.sockets, "", f"{left.text}{hint}", width)
    if plan.missing:
        yield from _row(plan.missing, "", "gone since they were shown", width)


def _row(count: int, name: str, words: str, width: int, look: Style = styles.PLAIN) -> Iterator[list[Part]]:
    """Write a count, a name and some words beside it; below it where there is little room."""
    number = f"{count_text(count, _COUNT_COLUMNS):>{_COUNT_COLUMNS}}  "
    if not words:
        yield [(number, styles.BOLD), (name, styles.PLAIN)]
        return
    beside = number + (f"{name:<{_NAME_COLUMNS}} " if name else "")
    if width - len(beside) < _LEAST_WORDS:
        yield [(number, styles.BOLD), (name, styles.BOLD)]
        yield from _words(words, width, look, "  ")
        return
    for part in wrap(words, width - len(beside)):
        yield [(beside, styles.BOLD), (words[part], look)]
        beside = " " * len(beside)


def _words(text: str, width: int, look: Style, indent: str = "") -> Iterator[list[Part]]:
    for part in wrap(text, max(_NARROWEST, width - len(indent))):
        yield [(indent + text[part], look)]
