"""How round trip, window and queues went since the details were opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.details.units import bytes_words, duration_words
from twtop.core.format import counted
from twtop.core.states import State
from twtop.ui import styles
from twtop.ui.drain.bars import bars
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twtop.core.signs import Signs
    from twtop.ui.details.watch import Look

_TITLE: Final = 14
_VALUE: Final = 26
_NARROW_VALUE: Final = 12
_ENOUGH: Final = 60
"""From this width on values have room for all their words."""


class _Course(NamedTuple):
    title: str
    words: Callable[[int], str]
    values: Sequence[int | None]


def _courses(look: Look) -> list[_Course]:
    listening = look.told.number("state") == State.LISTEN
    rtt, cwnd, rqueue, wqueue = zip(*look.samples, strict=True)
    if listening:
        return [_Course("accept queue", str, rqueue), _Course("backlog", str, wqueue)]
    return [
        _Course("rtt", duration_words, rtt),
        _Course("cwnd", lambda number: counted(number, "segment"), cwnd),
        _Course("receive queue", bytes_words, rqueue),
        _Course("send queue", bytes_words, wqueue),
    ]


class PlotView(LineView):
    """A line for each, or as many as there is room for."""

    def __init__(self, signs: Signs) -> None:
        super().__init__(id="details-plots")
        self._signs = signs
        self._courses: list[_Course] = []

    def show(self, look: Look) -> None:
        """Show what has been seen until now."""
        known = _courses(look) if look.samples else []
        self._courses = [course for course in known if any(value is not None for value in course.values)]
        self.update_lines()

    @property
    def line_count(self) -> int:
        """A line for each course at least."""
        return len(self._courses) * self._rows

    @property
    def _rows(self) -> int:
        """How many lines a course has: one, or a title and bars of several lines."""
        return max(1, self.visible_size.height // max(1, len(self._courses)))

    def line(self, number: int, width: int) -> list[Part]:
        """Draw one line."""
        course, row = self._courses[number // self._rows], number % self._rows
        latest = next((value for value in reversed(course.values) if value is not None), 0)
        if self._rows == 1:
            return self._in_one_line(course, latest, width)
        if row == 0:
            return self._title(course, latest, width)
        room = [value or 0 for value in course.values[-width:]]
        drawn = bars(room, self._rows - 2, self._signs.levels, max(room))
        # The last line keeps one course apart from the next.
        return [(drawn[row - 1], styles.NOTE)] if row - 1 < len(drawn) else []

    def _in_one_line(self, course: _Course, latest: int, width: int) -> list[Part]:
        value = course.words(latest).partition(" (")[0]
        columns = _VALUE if width >= _ENOUGH else _NARROW_VALUE
        room = max(0, width - _TITLE - columns - 1)
        values = [value or 0 for value in course.values[-room:]] if room else []
        return [
            (f"{course.title:<{_TITLE}}", styles.BOLD),
            (f"{self._signs.clipped(value, columns):<{columns}} ", styles.PLAIN),
            (self._signs.sparkline(values), styles.NOTE),
        ]

    def _title(self, course: _Course, latest: int, width: int) -> list[Part]:
        known = [value for value in course.values if value is not None]
        lowest, highest = course.words(min(known)), course.words(max(known))
        span = f"  between {lowest} and {highest}" if lowest != highest else ""
        text = f"{course.words(latest)}{span}"
        return [
            (f"{course.title:<{_TITLE}}", styles.BOLD),
            (self._signs.clipped(text, max(0, width - _TITLE)), styles.PLAIN),
        ]
