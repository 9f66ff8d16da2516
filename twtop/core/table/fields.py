"""The measured columns of the table; each is declared once, for groups and for single sockets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.format import count_text, duration_text, rate_text, span_text
from twtop.core.states import State, Timer, timer_label
from twtop.core.table.measures import SOON_MS
from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twtop.core.changes import Moment
    from twtop.core.signs import Signs
    from twtop.core.sockets import Rows
    from twtop.core.table.measures import Counts, Measures

_TIMER_WIDTH: Final = 8
_QUEUES_WIDTH: Final = 9


@dataclass(frozen=True, slots=True)
class Cell:
    """What a text is made of: where to look, and how the present differs from the instant of the dump."""

    moment: Moment
    signs: Signs
    elapsed_ms: int
    """Time since the snapshot, so that timers tick between snapshots."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column."""

    name: str
    title: str
    width: int
    topic: str
    """The column's page in the explanations."""
    group_text: Callable[[Cell, Measures, int], str]
    socket_text: Callable[[Cell, int], str]
    group_value: Callable[[Measures], Counts]
    """What groups are sorted by."""
    socket_value: Callable[[Moment, Rows], Counts]
    """What sockets are sorted by."""


def _left_text(cell: Cell, shortest: int, longest: int) -> str:
    if longest < 0:
        return ""
    return span_text(max(0, shortest - cell.elapsed_ms), max(0, longest - cell.elapsed_ms))


def _socket_left(cell: Cell, row: int) -> str:
    left = int(cell.moment.snapshot.left_ms[row])
    if left != NO_END:
        return duration_text(left - cell.elapsed_ms)
    sockets = cell.moment.snapshot.sockets
    if sockets.timer[row] == Timer.OFF:
        return ""
    return f"({duration_text(int(sockets.expires_ms[row]) - cell.elapsed_ms)})"


def _socket_timer(cell: Cell, row: int) -> str:
    sockets = cell.moment.snapshot.sockets
    timer, retrans = int(sockets.timer[row]), int(sockets.retrans[row])
    if timer == Timer.OFF:
        return ""
    label = "retrans" if timer == Timer.ON else timer_label(timer)
    count = f"/{retrans}" if retrans else ""
    return label[: _TIMER_WIDTH - len(count)] + count


def _queues_text(receive: int, send: int) -> str:
    exact = f"{receive:,}/{send:,}"
    if len(exact) <= _QUEUES_WIDTH:
        return exact
    each = (_QUEUES_WIDTH - 1) // 2
    return f"{count_text(receive, each)}/{count_text(send, each)}"


def _group_queues(cell: Cell, measures: Measures, index: int) -> str:
    del cell
    receive, send = int(measures.rqueue[index]), int(measures.wqueue[index])
    return _queues_text(receive, send) if receive or send else ""


def _socket_queues(cell: Cell, row: int) -> str:
    sockets = cell.moment.snapshot.sockets
    receive, send = int(sockets.rqueue[row]), int(sockets.wqueue[row])
    means_something = receive or send or sockets.state[row] == State.LISTEN
    return _queues_text(receive, send) if means_something else ""


def _rate(name: str) -> Callable[[Cell, Measures, int], str]:
    def text(cell: Cell, measures: Measures, index: int) -> str:
        seconds = cell.moment.seconds
        return rate_text(int(getattr(measures, name)[index]) / seconds) if seconds > 0 else ""

    return text


def _socket_mark(cell: Cell, row: int) -> str:
    return "new" if cell.moment.born[row] else ""


def _time_left(moment: Moment, rows: Rows) -> Counts:
    return moment.snapshot.left_ms[rows].astype(np.int64)


def _soon(_: Cell, measures: Measures, index: int) -> str:
    soon = int(measures.soon[index])
    return count_text(soon, 6) if soon else ""


def _nothing(_: Cell, __: int) -> str:
    return ""


FIELDS: Final[dict[str, Field]] = {
    field.name: field
    for field in (
        Field(
            "sockets",
            "SOCKETS",
            8,
            "sockets",
            lambda _, measures, index: count_text(int(measures.sockets[index]), 8),
            _nothing,
            lambda measures: measures.sockets,
            _time_left,
        ),
        Field(
            "born",
            "+/s",
            5,
            "born",
            _rate("born"),
            _socket_mark,
            lambda measures: measures.born,
            lambda moment, rows: moment.born[rows].astype(np.int64),
        ),
        Field(
            "gone",
            "-/s",
            5,
            "gone",
            _rate("gone"),
            _nothing,
            lambda measures: measures.gone,
            _time_left,
        ),
        Field(
            "soon",
            "<10s",
            6,
            "soon",
            _soon,
            _nothing,
            lambda measures: measures.soon,
            _time_left,
        ),
        Field(
            "left",
            "LEFT",
            7,
            "time left",
            lambda cell, measures, index: _left_text(
                cell, int(measures.shortest_ms[index]), int(measures.longest_ms[index])
            ),
            _socket_left,
            lambda measures: measures.longest_ms,
            _time_left,
        ),
        Field(
            "histogram",
            "0..life",
            _TIMER_WIDTH,
            "histogram",
            lambda cell, measures, index: cell.signs.sparkline(measures.histogram[index].tolist()).ljust(
                _TIMER_WIDTH
            ),
            _socket_timer,
            lambda measures: measures.histogram[:, 0],
            lambda moment, rows: moment.snapshot.sockets.retrans[rows].astype(np.int64),
        ),
        Field(
            "queues",
            "RQ/SQ",
            _QUEUES_WIDTH,
            "receive queue",
            _group_queues,
            _socket_queues,
            lambda measures: measures.rqueue + measures.wqueue,
            lambda moment, rows: (
                moment.snapshot.sockets.rqueue[rows].astype(np.int64) + moment.snapshot.sockets.wqueue[rows]
            ),
        ),
    )
}

DEFAULT_SORT: Final = "sockets"
assert SOON_MS == 10_000  # noqa: S101 - the title of "soon" says so

_FIRST_TO_GO: Final = ("queues", "histogram", "soon", "gone", "born", "left")
_ROOM_FOR_NAMES: Final = 24


def fields_for(width: int, columns: Sequence[str]) -> tuple[Field, ...]:
    """Return the chosen fields that leave room for the names of things in a table this wide."""
    shown = list(columns)
    for name in (*_FIRST_TO_GO, DEFAULT_SORT):
        if sum(FIELDS[column].width + 1 for column in shown) + _ROOM_FOR_NAMES <= width or len(shown) == 1:
            break
        if name in shown:
            shown.remove(name)
    return tuple(FIELDS[column] for column in shown)
