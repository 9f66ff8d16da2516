"""Looks for people: a line per look, as ``vmstat`` has it, or, with groups, a block per look."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.format import count_text, counted, rate_text
from twtop.core.states import IN_LIFE_ORDER, State
from twtop.core.table.fields import FIELDS, fields_for
from twtop.export.table import groups_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from twtop.core.signs import Signs
    from twtop.export.stream.instant import Instant

_THE_MOST_IMPORTANT_FIRST: Final = (
    State.ESTAB,
    State.TIME_WAIT,
    State.CLOSE_WAIT,
    State.SYN_RECV,
    State.SYN_SENT,
    State.FIN_WAIT_2,
    State.FIN_WAIT_1,
    State.LISTEN,
    State.LAST_ACK,
    State.CLOSING,
    State.UNCONN,
)
_LEAST_WIDTH: Final = 6
"""Of a state's column: up to 99,999 every socket counts."""


class Size(NamedTuple):
    """What a table is written on."""

    width: int
    lines: int | None
    """How many can be seen at once; None where it is no terminal."""


class _Column(NamedTuple):
    titles: tuple[str, str]
    """One above the other."""
    width: int


class Table:
    """Writes looks as lines of a table, or as blocks of groups; asks for the size at every look."""

    def __init__(self, signs: Signs, size: Callable[[], Size]) -> None:
        self._signs = signs
        self._size = size
        self._width: int | None = None
        """Of what the titles were written on last."""
        self._since = 0
        """Lines since then."""

    def texts(self, instant: Instant) -> Iterator[str]:
        """Yield the line of one look, below titles where there are none in sight; or its block."""
        size = self._size()
        if instant.wanted.grouped:
            yield from self._block(instant, size.width)
            return
        states = _states_within(size.width)
        titles = _titles(states)
        if size.width != self._width or (size.lines and self._since + len(titles) + 1 >= size.lines):
            self._width, self._since = size.width, 0
            yield from titles
        self._since += 1
        yield _line(instant, states)

    def _block(self, instant: Instant, width: int) -> Iterator[str]:
        view = instant.view
        born, gone = _rates(instant)
        yield f"{_clock(instant)}  {counted(view.matching, 'socket')}, {born} born/s, {gone} gone/s\n"
        fields = fields_for(width, tuple(FIELDS))
        yield from groups_table(view, self._signs, width, instant.wanted.limit, fields)
        yield "\n"


def _of_state(state: State) -> _Column:
    """Return the column of a state; its name is broken where that makes it narrower."""
    first, dash, rest = state.label.partition("-")
    titles = (first + dash, rest) if dash else ("", first)
    return _Column(titles, max(_LEAST_WIDTH, *map(len, titles)))


_TIME: Final = _Column(("", "TIME"), len("00:00:00"))
_TOTALS: Final = tuple(
    _Column(("", FIELDS[name].title), FIELDS[name].width) for name in ("sockets", "born", "gone")
)
_OF_STATES: Final = {state: _of_state(state) for state in IN_LIFE_ORDER}


def _states_within(width: int) -> tuple[State, ...]:
    """Return the states that a line of this width has room for; the total counts the others, too."""
    room = width - sum(column.width + 1 for column in (_TIME, *_TOTALS)) + 1
    shown = set()
    for state in _THE_MOST_IMPORTANT_FIRST:
        room -= _OF_STATES[state].width + 1
        if room < 0:
            break
        shown.add(state)
    return tuple(state for state in IN_LIFE_ORDER if state in shown)


def _titles(states: Sequence[State]) -> list[str]:
    columns = [_TIME, *_TOTALS, *(_OF_STATES[state] for state in states)]
    return [_row(columns, [column.titles[level] for column in columns]) for level in (0, 1)]


def _line(instant: Instant, states: Sequence[State]) -> str:
    columns = [_TIME, *_TOTALS, *(_OF_STATES[state] for state in states)]
    view = instant.view
    cells = [
        _clock(instant),
        count_text(view.matching, _TOTALS[0].width),
        *_rates(instant),
        *(count_text(view.state_matches[state], _OF_STATES[state].width) for state in states),
    ]
    return _row(columns, cells)


def _row(columns: Sequence[_Column], cells: Sequence[str]) -> str:
    texts = (f"{cell:>{column.width}}" for column, cell in zip(columns, cells, strict=True))
    return f"{' '.join(texts).rstrip()}\n"


def _rates(instant: Instant) -> tuple[str, ...]:
    """Write what came and went per second; ``-`` in the first look, which compares with nothing."""
    rates = map(instant.per_s, instant.turnover)
    return tuple("-" if rate is None else rate_text(rate) or "0" for rate in rates)


def _clock(instant: Instant) -> str:
    return time.strftime("%H:%M:%S", time.localtime(instant.looked.moment.snapshot.wall_s))
