"""A thread that shows a recording as the collector shows the kernel."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.names.labels import NO_LABELS, Labels
from twtop.errors import RecordingError
from twtop.sources.collector import Crash, Failure, Result
from twtop.sources.replay.reel import Reel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twtop.recording.tape import Mark, Tape

SPEEDS: Final = (1, 2, 5, 10, 30, 60)


@dataclass(frozen=True, slots=True)
class Playback:
    """Where a player is."""

    name: str
    start_s: float
    """Unix time of the oldest look."""
    end_s: float
    """Unix time of the newest look."""
    at_s: float
    """Unix time of the look that is shown."""
    playing: bool
    speed: int
    at_end: bool
    """There is no later look, for now."""
    filter: str
    marks: Sequence[Mark]


class Player:
    """Plays a tape: forwards by itself, and to any look on request; may be asked from any thread.

    It has the methods of a `Collector`, so that a screen need not know which it has.
    """

    def __init__(self, tape: Tape, labels: Labels = NO_LABELS) -> None:
        self._tape = tape
        self._reel = Reel(tape, labels)
        self._index = tape.index()
        self._at = -1
        """Row in the index of the look that is shown."""
        self._wanted = 0
        """Row of the look to be shown."""
        self._speed = SPEEDS[0]
        self._playing = False
        self._ended = False
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._listener: Callable[[Result], None] = lambda _: None

    @property
    def playback(self) -> Playback:
        """Where it is."""
        index = self._index
        at = max(self._at, 0)
        return Playback(
            self._tape.name,
            float(index.wall_s[0]),
            float(index.wall_s[-1]),
            float(index.wall_s[at]),
            self._playing,
            self._speed,
            at >= len(index) - 1,
            self._tape.filter,
            self._tape.marks(),
        )

    def start(self) -> None:
        """Begin, unless begun already."""
        if not self._thread.ident:
            self._thread.start()

    def listen(self, listener: Callable[[Result], None]) -> None:
        """Call ``listener`` with every result, from the player's thread."""
        self._listener = listener

    def stop(self) -> None:
        """End."""
        self._ended = True
        self._woken.set()

    def play(self) -> None:
        """Go on by itself."""
        self._playing = True
        self._woken.set()

    def pause(self) -> None:
        """Stay at the look that is shown."""
        self._playing = False
        self._woken.set()

    def set_speed(self, speed: int) -> None:
        """Play so many times as fast as it happened."""
        self._speed = speed
        self._woken.set()

    def step(self, looks: int) -> None:
        """Go so many looks on, or back, and stay there."""
        self._playing = False
        self._go_to(self._wanted + looks)

    def seek(self, wall_s: float) -> None:
        """Go to the last look that is not later than a time, or to the first one."""
        self._index = self._tape.index()
        self._go_to(int(np.searchsorted(self._index.wall_s, wall_s, "right")) - 1)

    def _go_to(self, row: int) -> None:
        self._wanted = min(max(row, 0), len(self._index) - 1)
        self._woken.set()

    def _run(self) -> None:
        while not self._ended:
            self._woken.clear()
            if self._wanted != self._at:
                self._show(self._wanted)
            elif self._playing and self._at < len(self._index) - 1:
                gap_s = float(self._index.wall_s[self._at + 1] - self._index.wall_s[self._at])
                if not self._woken.wait(min(gap_s, 5.0) / self._speed):
                    self._wanted = self._at + 1
            else:
                self._woken.wait()

    def _show(self, row: int) -> None:
        self._at = row
        try:
            self._listener(self._reel.show(int(self._index.number[row]), self._index))
        except RecordingError as error:
            self._listener(Failure(str(error)))
        except Exception as error:
            self._listener(Crash(error))
