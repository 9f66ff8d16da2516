"""Shows any look of a tape, in steps that are short enough to change one's mind between them."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

from twtop.core.names.labels import NO_LABELS, Labels
from twtop.errors import RecordingError
from twtop.sources.replay.course import NEAR_S, Budget, Pace, Step, course
from twtop.sources.replay.reel import Reel

if TYPE_CHECKING:
    from twtop.recording.tape import Tape
    from twtop.sources.panorama import Looked
    from twtop.sources.replay.schedule import Schedule

_KEPT: Final = 1_000_000
"""So many sockets of looks that were seen are kept, to show them again at once."""
_SMALL: Final = 2_000
"""A look takes as much memory as so many sockets, and those that there are."""


class Projector:
    """Goes to a look step by step; for one thread."""

    def __init__(self, tape: Tape, labels: Labels = NO_LABELS) -> None:
        self._tape = tape
        self._reel = Reel(tape, labels)
        self._pace = Pace()
        self._at: int | None = None
        """The look that was gone through last; None where the next one must be a key look."""
        self._steps: deque[Step] = deque()
        self._is_jump = False
        self._is_thinned = False
        """On this way looks of the last minute are left out, for they cost too much."""
        self._kept: OrderedDict[int, Looked] = OrderedDict()
        self._kept_size = 0
        self._first_s = 0.0
        """Since when every look was seen, up to the last one that was."""
        self._seen: int | None = None
        """The look that was seen last."""
        self._damage: dict[int, tuple[int, str]] = {}
        """By key look: the look from which on those after it cannot be read, and why."""

    def aim(self, schedule: Schedule, row: int, budget: Budget) -> None:
        """Decide how to get to a row; `work` does it.

        Raises RecordingError where that is impossible.
        """
        self._schedule = schedule
        self._steps.clear()
        number = schedule.number(row)
        if number in self._kept:
            self._steps.append(Step(number, True, row))
            return
        self._is_jump = budget.least > 0
        damage = self.damage(schedule, row)
        if damage is not None:
            if not self._is_jump:
                raise RecordingError(damage)
            # A file may have been locked for a moment only.
            self._damage.clear()
        since = self._since(row)
        if since is None:
            self._reel.forget()
            self._seen = None
        self._steps.extend(course(schedule, row, since, self._pace, budget))
        near_s = float(schedule.wall_s[row]) - NEAR_S
        self._is_thinned = any(not step.seen and schedule.wall_s[step.row] >= near_s for step in self._steps)

    def work(self) -> Looked | None:
        """Do one step; return what there is to see with the last one.

        Raises RecordingError where the look that it goes to cannot be read.
        """
        step = self._steps.popleft()
        is_last = not self._steps
        if is_last and step.number in self._kept:
            self._kept.move_to_end(step.number)
            return self._kept[step.number]
        try:
            looked = self._take(step)
        except RecordingError as error:
            self._note_damage(step, str(error))
            return None
        return looked if is_last else None

    def _since(self, row: int) -> int | None:
        """Return the row to go on from, None where it begins anew."""
        if self._at is None:
            return None
        at = self._schedule.row_of(self._at)
        there = self._schedule.number(at) == self._at
        return at if there and self._schedule.begin(row) <= at < row else None

    def _take(self, step: Step) -> Looked | None:
        cpu_s = time.thread_time()
        looked = None
        self._at = None
        if step.seen:
            looked = self._reel.show(step.number, self._schedule.since_last_s(step.row))
        else:
            self._reel.pass_over(step.number)
        self._at = step.number
        sockets = int(self._schedule.index.sockets[step.row])
        self._pace.learn(sockets, time.thread_time() - cpu_s, seen=step.seen)
        if looked is not None:
            is_ripe = self._is_ripe(step.row)
            self._seen = step.number
            # What is kept is shown later on as it is: with all that a jump to it would show.
            is_goal = self._is_jump and not self._steps
            if (is_ripe or is_goal) and step.number not in self._kept:
                self._keep(step.number, looked)
        return looked

    def _is_ripe(self, row: int) -> bool:
        """Tell whether a look is seen as in a jump to it: after the one before, and those of a minute."""
        schedule = self._schedule
        wall_s = float(schedule.wall_s[row])
        if row == schedule.begin(row):
            # Nothing is missing before it.
            self._first_s = float("-inf")
        elif self._seen != schedule.number(row - 1):
            self._first_s = wall_s
        elif self._is_thinned:
            # A jump to it would leave out as many.
            return True
        return wall_s - self._first_s >= NEAR_S

    def _keep(self, number: int, looked: Looked) -> None:
        self._kept[number] = looked
        self._kept_size += _size(looked)
        while self._kept_size > _KEPT and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._kept_size -= _size(oldest)

    def _note_damage(self, step: Step, reason: str) -> None:
        """Go on at the next key look, if there is one before the look that is wanted."""
        key = self._schedule.key(step.row)
        if key is not None:
            self._damage[self._schedule.number(key)] = step.number, reason
        wanted = self._steps[-1].row if self._steps else step.row
        next_key = self._schedule.next_key(step.row)
        if next_key is None or next_key > wanted:
            self._steps.clear()
            raise RecordingError(reason)
        while self._steps[0].row < next_key:
            self._steps.popleft()

    def damage(self, schedule: Schedule, row: int) -> str | None:
        """Return why a row cannot be read, None as far as is known."""
        key = schedule.key(row)
        first, reason = self._damage.get(-1 if key is None else schedule.number(key), (None, ""))
        return None if first is None or schedule.number(row) < first else reason


def _size(looked: Looked) -> int:
    return len(looked.moment.snapshot.sockets) + _SMALL
