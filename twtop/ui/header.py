"""The first lines of the screen: where this is, how fresh it is, what is filtered and what is amiss."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.format import count_text
from twtop.ui import styles
from twtop.ui.explanation.wrapping import wrap
from twtop.ui.line_view import LineView, Part
from twtop.ui.timeline.words import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.style import Style

    from twtop.core.signs import Signs
    from twtop.ui.own_cost import OwnCost
    from twtop.ui.picture import Picture
    from twtop.ui.privacy.actions import Privacy
    from twtop.ui.timeline.words import Travel

_NARROWEST: Final = 20
_LEAST_FILTER: Final = 20
"""With less room for the filter itself, words before it go."""
_CLEARS: Final = "  (esc clears)"
_HIDES_SESSION: Final = "  SSH session hidden (o)"
_COST_COLUMNS: Final = len("cpu 12% 100M")
"""What it costs always has so much room: nothing comes and goes with a digit."""


_KEPT_COLUMNS: Final = len("  kept 10m 59s 33.5M")


class Piece(NamedTuple):
    """A part of the first line; where there is no room for all, the highest rank goes first, as a whole."""

    rank: int
    text: str
    style: Style


@dataclass(frozen=True, slots=True)
class Status:
    """Everything the header says."""

    host: str = ""
    kernel: str = ""
    namespace: str = ""
    interval_s: float = 0.0
    stretched: bool = False
    """The interval is longer than asked for: the CPU budget is used up."""
    wall_s: float | None = None
    frozen: bool = False
    stale: bool = False
    """The last look failed: what is shown was true before."""
    past: str = ""
    """PAST or REPLAY; empty at the present."""
    recording: str = ""
    """The name of what is replayed."""
    masked: bool = False
    """Addresses and names of hosts are pseudonyms."""
    dns: str = ""
    """Names of hosts are asked for, which sends queries; empty if not."""
    filter: str = ""
    matching: int = 0
    total: int = 0
    hides_session: bool = False
    """The SSH connection that twtop is used over is left out."""
    own_cost: str = ""
    kept: str = ""
    """How much of the last minutes is kept."""
    problems: tuple[str, ...] = ()
    several: bool = False
    """The table shows several network namespaces."""


def status_of(
    shown: Picture | None,
    *,
    problem: str | None,
    frozen: bool,
    privacy: Privacy,
    dns: str,
    filter_text: str,
    asked_s: float,
    own_cost: OwnCost,
    travel: Travel | None = None,
    kept: str = "",
) -> Status:
    """Gather what the header says; ``asked_s`` is the interval that the user asked for."""
    problems = [problem] if problem else []
    if travel is not None and travel.playback.filter:
        problems.append(f"recorded with a filter, no other sockets: {travel.playback.filter}")
    # The way back takes a moment, too.
    past = travel.word if travel is not None else "PAST" if shown is not None and shown.past else ""
    status = Status(
        problems=tuple(problems),
        frozen=frozen,
        stale=problem is not None,
        past=past,
        masked=privacy.is_on,
        dns=dns,
        kept=kept,
    )
    if shown is None:
        return status
    frame, snapshot = shown.frame, shown.view.moment.snapshot
    several = shown.several
    label = frame.host.namespace_label
    return replace(
        status,
        host=privacy.name(frame.host.hostname),
        recording=privacy.text(travel.name if travel is not None else "", frame.host.hostname),
        kernel=frame.host.kernel,
        namespace=label if several is None else f"all {len(several.places)}, panels: {label}",
        several=several is not None,
        interval_s=frame.interval_s,
        stretched=not past and frame.interval_s > asked_s * 1.05,
        wall_s=snapshot.wall_s,
        filter=filter_text,
        matching=shown.view.matching,
        total=len(snapshot.sockets),
        hides_session=shown.view.spec.hides_session and bool(snapshot.own_session),
        own_cost=own_cost.text(),
        problems=(*status.problems, *shown.lacks, *shown.owners_lack),
    )


class Header(LineView):
    """One line about the host, one for a filter in force, and the problems."""

    MOST_PROBLEMS = 2

    def __init__(self, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.signs = signs
        self._status = Status()
        self._problems: list[list[Part]] = []

    @property
    def line_count(self) -> int:
        """One line, or more where there is more to say."""
        return 1 + self._has_filter_line + len(self._problems)

    @property
    def _has_filter_line(self) -> bool:
        return bool(self._status.filter) or self._status.hides_session

    def show(self, status: Status) -> None:
        """Show a status; the header grows and shrinks with it."""
        self._status = status
        shown = status.problems[: self.MOST_PROBLEMS]
        self._problems = [line for problem in shown for line in self._problem_lines(problem)]
        if self.styles.height is None or self.styles.height.value != self.line_count:
            self.styles.height = self.line_count
        self.update_lines()

    def on_resize(self) -> None:
        """Break the lines anew."""
        self.show(self._status)
        super().on_resize()

    def line(self, number: int, width: int) -> list[Part]:
        """Return one of the lines, cut to the width."""
        room = width
        parts: list[Part] = []
        for text, style in self._whole_line(number, width):
            shown = self.signs.clipped(text, room)
            parts.append((shown, style))
            room -= len(shown)
        if number == 0 and self._status.past:
            # Nobody is to take it for the present: the whole line has another look.
            return [("".join(text for text, _ in parts).ljust(width), styles.PAST)]
        return parts

    def _whole_line(self, number: int, width: int) -> Iterable[Part]:
        if number == 0:
            return fitting(self._host_pieces(self._status), width)
        if number == 1 and self._has_filter_line:
            return self._hidden_line(self._status, width)
        return self._problems[number - self.line_count]

    @staticmethod
    def _host_pieces(status: Status) -> list[Piece]:
        wall_s = status.wall_s
        at = clock(wall_s, time.time() if status.past else wall_s) if wall_s else "--:--:--"
        interval = "" if status.past else f"{status.interval_s:.1f}s "
        going = ("STALE  ", styles.ALARM) if status.stale else ("LIVE   ", styles.GOOD)
        if status.frozen:
            going = ("FROZEN ", styles.ALARM)
        if status.past:
            going = (status.past.ljust(len("FROZEN")) + " ", styles.PAST)
        return [
            Piece(0, *going),
            Piece(5, "addresses " if status.masked else "", styles.NOTE),
            Piece(0, "masked " if status.masked else "", styles.NOTE),
            Piece(5, status.dns, styles.NOTE),
            Piece(3, f"{status.recording} " if status.recording else "", styles.BOLD),
            Piece(1, f"{at}  ", styles.BOLD),
            Piece(2, interval, styles.WARNING if status.stretched else styles.PLAIN),
            Piece(
                4,
                "(stretched: CPU budget) " if status.stretched else "" if status.past else " ",
                styles.WARNING,
            ),
            Piece(9, "twtop ", styles.TITLE),
            Piece(5 if status.several else 3, f"{status.host}  ", styles.PLAIN),
            Piece(8, f"Linux {status.kernel}  ", styles.PLAIN),
            Piece(3 if status.several else 6, f"ns {status.namespace}  ", styles.PLAIN),
            Piece(5, status.own_cost.ljust(_COST_COLUMNS), styles.DIM),
            Piece(7, f"  {status.kept}".ljust(_KEPT_COLUMNS) if status.kept else "", styles.DIM),
        ]

    @staticmethod
    def _hidden_line(status: Status, width: int) -> list[Part]:
        """Say what is left out: by the filter, and besides it."""
        said = _HIDES_SESSION if status.hides_session else ""
        return [*Header._filter_line(status, width - len(said)), (said, styles.WARNING)]

    @staticmethod
    def _filter_line(status: Status, width: int) -> list[Part]:
        text = status.filter
        counts = f"{count_text(status.matching):>7} of {count_text(status.total)}{': ' if text else ''}"
        words = (f"{'filter' if text else 'shown '} {counts}", counts.lstrip(), "")
        least = min(len(text), _LEAST_FILTER)
        before = next(word for word in words if not word or len(word) + least <= width)
        hint = _CLEARS if text and len(before) + len(text) + len(_CLEARS) <= width else ""
        return [(before, styles.WARNING), (text, styles.BOLD), (hint, styles.DIM)]

    def _problem_lines(self, problem: str) -> Iterator[list[Part]]:
        """Say all of a problem, on as many lines as that takes."""
        mark = "! "
        for part in wrap(problem, max(self.size.width, _NARROWEST) - len(mark)):
            yield [(mark, styles.ALARM), (problem[part], styles.WARNING)]
            mark = "  "


def fitting(pieces: list[Piece], width: int) -> list[Part]:
    """Return the pieces that have room side by side, the most important one in any case."""
    kept = pieces
    while sum(len(piece.text) for piece in kept) > width and any(piece.rank for piece in kept):
        last = max(piece.rank for piece in kept)
        kept = [piece for piece in kept if piece.rank < last]
    return [(piece.text, piece.style) for piece in kept]
