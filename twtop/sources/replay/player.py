"""A thread that shows a recording as the collector shows the kernel."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twtop.core.names.labels import NO_LABELS, Labels
from twtop.errors import RecordingError
from twtop.recording.tape import trouble_s
from twtop.sources.collector import Crash, Failure, Result
from twtop.sources.replay.course import NEAR_S, Budget
from twtop.sources.replay.projector import Projector
from twtop.sources.replay.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twtop.recording.tape import Index, Mark, Tape

SPEEDS: Final = (1, 2, 5, 10, 30, 60)

JUMP: Final = Budget(cpu_s=1.0, least=2)
"""Rates and what is born are told by the look before."""
BACK: Final = Budget(cpu_s=0.4, least=4, before_s=NEAR_S + 30)
"""Who goes back will probably go on to do so: some looks more are seen on the way, and kept, but only few of
large ones: what costs more than is kept of it is lost at the next step."""
_LEAST_S: Final = 0.2
"""Time between two looks that are shown when playing is faster than it happened."""
_SHARE: Final = 0.5
"""Of a core, for looks between those that are shown."""
_PAUSE_S: Final = 1.0
"""How long the last look before a time without looks is shown."""
_POLL_S: Final = 1.0
"""How often is looked whether the tape has grown."""
_ALIVE_S: Final = 5.0
"""Who wrote a look so long ago, or three intervals, is still writing."""
_SAME_S: Final = 0.005
"""A mark and its look are as close as that."""


@dataclass(frozen=True, slots=True)
class Playback:
    """Where a player is."""

    name: str
    start_s: float
    """Unix time of the oldest look."""
    end_s: float
    """Unix time of the newest look."""
    at_s: float
    """Unix time of the look that is wanted."""
    seeking: bool
    """That look is not shown yet."""
    playing: bool
    speed: int
    at_end: bool
    """There is no later look, for now."""
    gap_s: float
    """For how long nobody looked before this one; 0 where that was not longer than usual."""
    filter: str
    marks: Sequence[Mark]
    index: Index


class Player:
    """Plays a tape: forwards by itself, and to any look on request; may be asked from any thread.

    A file that is still written, and the last minutes, are played on as they grow. Raises RecordingError
    where there is no look at all.
    """

    def __init__(self, tape: Tape, labels: Labels = NO_LABELS) -> None:
        self._tape = tape
        index = tape.index()
        if not len(index):
            raise RecordingError(f"{tape.name}: there is no look in it yet")
        self._schedule = Schedule.of(index)
        self._marks = tape.marks()
        self._read_s = time.monotonic()
        """When the index was read."""
        self._projector = Projector(tape, labels)
        self._lock = threading.Lock()
        """For all that says what is wanted."""
        self._wanted = self._schedule.number(0)
        self._jumps = True
        """The user wants it; it is not only its turn."""
        self._aimed: int | None = None
        """The look that the projector is on its way to."""
        self._shown: int | None = None
        self._speed = SPEEDS[0]
        self._playing = False
        self._anchor = (0.0, 0.0)
        """While playing, a monotonic time and the Unix time that was shown then."""
        self._shown_s = 0.0
        """Monotonic time at which a look was shown last."""
        self._ended = False
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._listener: Callable[[Result], None] | None = None
        self._last: Result | None = None

    @property
    def playback(self) -> Playback:
        """Where it is."""
        with self._lock:
            schedule, wanted = self._schedule, self._wanted
            row = schedule.row_of(wanted)
            return Playback(
                name=self._tape.name,
                start_s=float(schedule.wall_s[0]),
                end_s=float(schedule.wall_s[-1]),
                at_s=float(schedule.wall_s[row]),
                seeking=wanted != self._shown,
                playing=self._playing,
                speed=self._speed,
                at_end=row == len(schedule) - 1,
                gap_s=schedule.gap_s(row),
                filter=self._tape.filter,
                marks=self._marks,
                index=schedule.index,
            )

    def start(self) -> None:
        """Begin, unless begun already."""
        if not self._thread.ident:
            self._thread.start()

    def listen(self, listener: Callable[[Result], None]) -> None:
        """Call ``listener`` with every result, from the player's thread; at once with one that waits."""
        with self._lock:
            self._listener, waiting = listener, self._last
        if waiting is not None:
            listener(waiting)

    def stop(self) -> None:
        """End; a look that is being prepared is abandoned with the thread."""
        self._ended = True
        self._woken.set()

    def play(self) -> None:
        """Go on by itself."""
        self._set(playing=True)

    def pause(self) -> None:
        """Stay at the look that is shown."""
        self._set(playing=False)

    def set_speed(self, speed: int) -> None:
        """Play so many times as fast as it happened."""
        with self._lock:
            self._speed = speed
            self._set_anchor()
        self._woken.set()

    def step(self, looks: int) -> None:
        """Go so many looks on, or back, and stay there."""
        with self._lock:
            self._playing = False
            row = self._schedule.row_of(self._wanted) + looks
            self._want(min(max(row, 0), len(self._schedule) - 1))
        self._woken.set()

    def seek(self, wall_s: float) -> None:
        """Go to the last look that is not later than a time, or to the first one."""
        with self._lock:
            self._want(self._schedule.row_at(wall_s))
        self._woken.set()

    def seek_mark(self, step: int) -> bool:
        """Go to where something was found or got worse, next (1) or before (-1); tell if there is such."""
        at_s = self.playback.at_s
        found = trouble_s(self._marks)
        if step > 0:
            wall_s = min((each for each in found if each > at_s + _SAME_S), default=None)
        else:
            wall_s = max((each for each in found if each < at_s - _SAME_S), default=None)
        if wall_s is None:
            return False
        self.seek(wall_s + _SAME_S)
        return True

    def _set(self, *, playing: bool) -> None:
        with self._lock:
            self._playing = playing
            self._set_anchor()
        self._woken.set()

    def _want(self, row: int) -> None:
        self._wanted, self._jumps = self._schedule.number(row), True
        self._set_anchor()

    def _set_anchor(self) -> None:
        wall_s = self._schedule.wall_s[self._schedule.row_of(self._wanted)]
        self._anchor = time.monotonic(), float(wall_s)

    # In the player's thread

    def _run(self) -> None:
        try:
            while not self._ended:
                self._woken.clear()
                self._read_index()
                if self._wanted != self._shown:
                    self._approach(self._wanted)
                elif self._playing:
                    self._go_on()
                else:
                    self._woken.wait(_POLL_S)
        except Exception as error:
            self._deliver(Crash(error))

    def _read_index(self) -> None:
        """Find out whether the tape has grown, or lost what was oldest."""
        if time.monotonic() - self._read_s < _POLL_S:
            return
        self._read_s = time.monotonic()
        try:
            index = self._tape.index()
        except RecordingError:
            # What was found before can still be shown, or says itself why it cannot.
            return
        if len(index) and not self._schedule.is_of(index):
            schedule, marks = Schedule.of(index), self._tape.marks()
            with self._lock:
                self._schedule, self._marks = schedule, marks

    def _approach(self, number: int) -> None:
        """Do a part of what it takes to show a look."""
        try:
            if number != self._aimed:
                self._aimed = number
                self._aim(number)
            result: Result | None = self._projector.work()
        except RecordingError as error:
            result = Failure(str(error))
        if result is not None:
            self._aimed, self._shown = None, number
            self._shown_s = time.monotonic()
            self._end_at_the_end()
            self._deliver(result)

    def _aim(self, number: int) -> None:
        schedule = self._schedule
        row = schedule.row_of(number)
        budget = JUMP
        if self._shown is not None:
            shown = schedule.row_of(self._shown)
            if row < shown:
                budget = BACK
            elif not self._jumps:
                passing_s = float(schedule.wall_s[row] - schedule.wall_s[shown]) / self._speed
                budget = Budget(_SHARE * max(passing_s, _LEAST_S))
        self._projector.aim(schedule, row, budget)

    def _go_on(self) -> None:
        """Want the look that is due, or wait until one is."""
        schedule = self._schedule
        row = schedule.row_of(self._wanted)
        following = self._following(schedule, row)
        if following is None:
            self._woken.wait(_POLL_S)
            if self._playing and self._end_at_the_end() and self._last is not None:
                # Who listens is to see that it ended.
                self._deliver(self._last)
            return
        wait_s = self._until(schedule, row, following)
        if wait_s > 0 and (self._woken.wait(min(wait_s, _POLL_S)) or wait_s > _POLL_S):
            return
        now_s = self._now_s()
        last = min(schedule.row_at(now_s), schedule.next_begin(row) - 1)
        if self._projector.damage(schedule, last) is not None:
            last = following
        with self._lock:
            if self._playing and self._wanted == self._shown:
                self._wanted, self._jumps = schedule.number(max(last, following)), False
                if schedule.gap_s(following):
                    self._set_anchor()

    def _following(self, schedule: Schedule, row: int) -> int | None:
        """Return the next row that can be shown."""
        following = row + 1 if row + 1 < len(schedule) else None
        if following is not None and self._projector.damage(schedule, following) is not None:
            following = schedule.next_key(following)
        return following

    def _until(self, schedule: Schedule, row: int, following: int) -> float:
        """Return how long the look that is shown is to stay."""
        shown_for_s = time.monotonic() - self._shown_s
        if following >= schedule.next_begin(row):
            return _PAUSE_S - shown_for_s
        until_s = (float(schedule.wall_s[following]) - self._now_s()) / self._speed
        return max(until_s, _LEAST_S - shown_for_s) if self._speed > 1 else until_s

    def _now_s(self) -> float:
        """Return the Unix time that playing has reached."""
        monotonic_s, wall_s = self._anchor
        return wall_s + (time.monotonic() - monotonic_s) * self._speed

    def _end_at_the_end(self) -> bool:
        """Stop to play where there is nothing more, and nobody writes any more; tell whether it is so."""
        schedule = self._schedule
        if schedule.row_of(self._wanted) < len(schedule) - 1:
            return False
        interval_s = schedule.since_last_s(len(schedule) - 1)
        if abs(time.time() - float(schedule.wall_s[-1])) <= max(_ALIVE_S, 3 * interval_s):
            return False
        with self._lock:
            self._playing = False
        return True

    def _deliver(self, result: Result) -> None:
        with self._lock:
            self._last, listener = result, self._listener
        if listener is not None:
            listener(result)
