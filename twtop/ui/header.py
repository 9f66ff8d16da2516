"""The first lines of the screen: where this is, how fresh it is, what is filtered and what is amiss."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from twtop.core.format import count_text
from twtop.ui import styles
from twtop.ui.explanation.wrapping import wrap
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.signs import Signs
    from twtop.ui.own_cost import OwnCost
    from twtop.ui.picture import Picture

_NARROWEST: Final = 20


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
    filter: str | None = None
    matching: int = 0
    total: int = 0
    own_cost: str = ""
    problems: tuple[str, ...] = ()


def status_of(
    shown: Picture | None,
    *,
    problem: str | None,
    frozen: bool,
    filter_text: str,
    asked_s: float,
    own_cost: OwnCost,
) -> Status:
    """Gather what the header says; ``asked_s`` is the interval that the user asked for."""
    status = Status(problems=(problem,) if problem else (), frozen=frozen)
    if shown is None:
        return status
    frame, snapshot = shown.frame, shown.frame.moment.snapshot
    return replace(
        status,
        host=frame.host.hostname,
        kernel=frame.host.kernel,
        namespace=frame.host.namespace_label,
        interval_s=frame.interval_s,
        stretched=frame.interval_s > asked_s * 1.05,
        wall_s=snapshot.wall_s,
        filter=filter_text or None,
        matching=shown.view.matching,
        total=len(snapshot.sockets),
        own_cost=own_cost.text(),
        problems=(*status.problems, *snapshot.degraded),
    )


class Header(LineView):
    """One line about the host, one for a filter in force, and the problems."""

    MOST_PROBLEMS = 2

    def __init__(self, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.signs = signs
        self._status = Status()
        self._lines: list[list[Part]] = []

    @property
    def line_count(self) -> int:
        """One line, or more where there is more to say."""
        return len(self._lines)

    def show(self, status: Status) -> None:
        """Show a status; the header grows and shrinks with it."""
        self._status = status
        self._lines = [self._host_line(status)]
        if status.filter is not None:
            self._lines.append(self._filter_line(status))
        for problem in status.problems[: self.MOST_PROBLEMS]:
            self._lines += self._problem_lines(problem)
        if self.styles.height is None or self.styles.height.value != len(self._lines):
            self.styles.height = len(self._lines)
        self.update_lines()

    def on_resize(self) -> None:
        """Break the lines anew."""
        self.show(self._status)
        super().on_resize()

    def line(self, number: int, width: int) -> list[Part]:
        """Return one of the lines, cut to the width."""
        room = width
        parts: list[Part] = []
        for text, style in self._lines[number]:
            shown = self.signs.clipped(text, room)
            parts.append((shown, style))
            room -= len(shown)
        return parts

    @staticmethod
    def _host_line(status: Status) -> list[Part]:
        clock = time.strftime("%H:%M:%S", time.localtime(status.wall_s)) if status.wall_s else "--:--:--"
        interval = f"{status.interval_s:.1f}s"
        return [
            ("FROZEN " if status.frozen else "LIVE   ", styles.ALARM if status.frozen else styles.GOOD),
            (f"{clock}  ", styles.BOLD),
            (f"{interval} ", styles.WARNING if status.stretched else styles.PLAIN),
            ("(stretched: CPU budget) " if status.stretched else " ", styles.WARNING),
            ("twtop ", styles.TITLE),
            (f"{status.host}  Linux {status.kernel}  ns {status.namespace}  ", styles.PLAIN),
            (status.own_cost, styles.DIM),
        ]

    @staticmethod
    def _filter_line(status: Status) -> list[Part]:
        return [
            (f"filter {count_text(status.matching):>7} of {count_text(status.total)}: ", styles.WARNING),
            (status.filter or "", styles.BOLD),
            ("  (esc clears)", styles.DIM),
        ]

    def _problem_lines(self, problem: str) -> Iterator[list[Part]]:
        """Say all of a problem, on as many lines as that takes."""
        mark = "! "
        for part in wrap(problem, max(self.size.width, _NARROWEST) - len(mark)):
            yield [(mark, styles.ALARM), (problem[part], styles.WARNING)]
            mark = "  "
