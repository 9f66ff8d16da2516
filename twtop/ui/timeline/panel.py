"""The panel at the bottom that shows where in time the screen is; nothing at all at the present."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from textual.message import Message

from twtop.ui import styles
from twtop.ui.line_view import LineView, Part
from twtop.ui.timeline.bar import Scale, bar, course, sign_of, weight
from twtop.ui.timeline.words import clock, length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from twtop.core.signs import Signs
    from twtop.recording.tape import Index, Mark
    from twtop.sources.replay.player import Playback
    from twtop.ui.timeline.words import Travel

_LEAST_HEIGHT: Final = 20
"""In windows with fewer lines it has one."""
_LEAST_COLUMNS: Final = 10
"""A line that is shorter says nothing."""
_GAP: Final = "  "


class _Course(NamedTuple):
    """What was drawn last: a day has many looks, and few columns."""

    looks: Index
    marks: Sequence[Mark]
    how: tuple[Scale, bool]
    drawn: Sequence[Part]


class TimelinePanel(LineView):
    """Where the shown look is, whether it plays, and below or beside it the line itself."""

    DEFAULT_CSS = """
    TimelinePanel { height: 1; display: none; overflow: hidden; scrollbar-size: 0 0; }
    """

    @dataclass
    class Clicked(Message):
        """The user wants to see another time."""

        wall_s: float

    def __init__(self, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._signs = signs
        self._travel: Travel | None = None
        self._named: Sequence[tuple[str, float]] = ()
        self._bar: tuple[int, Scale] | None = None
        """Where the line begins in the last row, and what its columns are."""
        self._course: _Course | None = None

    def show(self, travel: Travel | None, named: Sequence[tuple[str, float]]) -> None:
        """Show where the screen is in time, None at the present; ``named``: A and B with their times."""
        self._travel, self._named = travel, named
        self.fit()

    def fit(self) -> None:
        """Take as many lines as the window has room for."""
        shows = self._travel is not None and not self.screen.has_class("-tiny")
        if self.display != shows:
            self.display = shows
            self.screen.set_class(shows, "-travels")
        if self.styles.height is None or self.styles.height.value != self.line_count:
            self.styles.height = self.line_count
        self.update_lines()

    @property
    def line_count(self) -> int:
        """One or two."""
        return 2 if self.screen.size.height >= _LEAST_HEIGHT else 1

    def line(self, number: int, width: int) -> list[Part]:
        """Draw one of the lines."""
        if self._travel is None:
            return []
        if self.line_count == 1:
            return self._with_bar(self._travel, self._place(self._travel, width), width, levels=False)
        if number:
            return self._with_bar(self._travel, [], width, levels=True)
        return self._words(self._travel, width)

    def _place(self, travel: Travel, width: int) -> list[Part]:
        look = styles.GOOD if travel.playback.playing else styles.WARNING
        going = f"{travel.going}{_GAP}"
        return [
            (going, look),
            (self._signs.clipped(f"{travel.where}{_GAP}", width - len(going)), styles.BOLD),
        ]

    def _words(self, travel: Travel, width: int) -> list[Part]:
        """Say where it is, and what happened last before that."""
        parts = self._place(travel, width)
        if travel.playback.gap_s:
            parts.append((f"nobody looked for {length(travel.playback.gap_s)} before{_GAP}", styles.WARNING))
        room = width - sum(len(text) for text, _ in parts)
        mark = last_mark(travel)
        if mark is None:
            return parts
        sign, look = sign_of(mark)
        at = f"{clock(mark.wall_s, travel.at_s)} "
        return [
            *parts,
            (f"{sign} ", look),
            (self._signs.clipped(at + mark.text, max(0, room - 2)), styles.PLAIN),
        ]

    def _with_bar(self, travel: Travel, before: list[Part], width: int, *, levels: bool) -> list[Part]:
        playback = travel.playback
        start, end = (clock(wall_s, travel.at_s) for wall_s in (playback.start_s, playback.end_s))
        begin = sum(len(text) for text, _ in before)
        columns = width - begin - len(start) - len(end) - 2
        if columns < _LEAST_COLUMNS:
            start = end = ""
            columns = width - begin - 2
        if columns < _LEAST_COLUMNS:
            self._bar = None
            return before
        scale = Scale(playback.start_s, playback.end_s, columns)
        self._bar = begin + len(start) + 1, scale
        drawn = self._drawn_course(playback, scale, levels=levels)
        line = bar(drawn, scale, travel.at_s, self._named)
        return [*before, (f"{start} ", styles.DIM), *line, (f" {end}", styles.DIM)]

    def _drawn_course(self, playback: Playback, scale: Scale, *, levels: bool) -> Sequence[Part]:
        index, marks = playback.index, playback.marks
        known = self._course
        if (
            known is None
            or known.looks is not index
            or known.marks is not marks
            or known.how != (scale, levels)
        ):
            drawn = course(index, marks, scale, self._signs, levels=levels)
            known = self._course = _Course(index, marks, (scale, levels), drawn)
        return known.drawn

    def on_click(self, event: events.Click) -> None:
        """Tell which time was clicked."""
        if self._bar is None or event.y != self.line_count - 1:
            return
        begin, scale = self._bar
        if begin <= event.x < begin + scale.columns:
            self.post_message(self.Clicked(scale.wall_s(event.x - begin)))


def last_mark(travel: Travel) -> Mark | None:
    """Return what happened last before the shown look ends, of several at once the worst."""
    marks = travel.playback.marks
    end = bisect_right(marks, travel.at_s, key=lambda mark: mark.wall_s)
    last = next((marks[at] for at in range(end - 1, -1, -1) if marks[at].kind != "over"), None)
    # In a file that somebody made up they may stand in any order.
    begin = end if last is None else bisect_left(marks, last.wall_s, key=lambda mark: mark.wall_s)
    return max((mark for mark in marks[begin:end] if mark.kind != "over"), key=weight, default=last)
