"""A host that never changes, with the last looks at it kept: live, and as a recording."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.ui.frames import WALL_S, Recorded, frames
from twtop.recording.ring import Ring
from twtop.recording.tape import Index, Look, Mark, Stream
from twtop.sources.replay.player import Player
from twtop.sources.taping import Taper

if TYPE_CHECKING:
    from twtop.core.options import ScreenOptions

FOUND = (
    Mark(WALL_S + 5, "found", 2, "41 % of the ports towards 10.0.0.5:5432 are used"),
    Mark(WALL_S + 12, "worse", 3, "ports towards 10.0.0.5:5432 run out in 12 s"),
)


class Recording:
    """A tape as a file is one: it has a name, and does not grow."""

    def __init__(self, ring: Ring, name: str = "x", filter: str = "") -> None:  # noqa: A002 - the tape's own name
        self._ring = ring
        self.name = name
        self.filter = filter

    def index(self) -> Index:
        """All looks."""
        return self._ring.index()

    def look(self, number: int) -> Look:
        """One of them."""
        return self._ring.look(number)

    def stream(self, number: int) -> Stream:
        """What it is of."""
        return self._ring.stream(number)

    def marks(self) -> tuple[Mark, ...]:
        """A warning, and something critical."""
        return FOUND


def keep_all(ring: Ring, missing: range = range(0)) -> None:
    """Put all frames into a ring, but for those of some seconds."""
    taper = Taper(ring)
    for second, frame in enumerate(frames()):
        if second not in missing:
            taper.add(frame, "own")


def recording(name: str = "web-3.twtop", filter: str = "", missing: range = range(0)) -> Player:  # noqa: A002
    """Play all frames, but for those of some seconds."""
    ring = Ring()
    keep_all(ring, missing)
    return Player(Recording(ring, name, filter))


class Taped(Recorded):
    """Delivers the last frame, and has kept them all as if it had collected them."""

    def __init__(self, options: ScreenOptions) -> None:
        super().__init__(options, replace(frames()[-1], interval_s=1.0))
        keep_all(self.ring)
