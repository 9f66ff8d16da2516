"""What one look found, and what has been counted since the first: sockets born and gone, by cookie."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.flow import NOWHERE, STATES, transitions
from twtop.errors import KernelError
from twtop.sources.panorama import Panorama

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from twtop.core.changes import Moment
    from twtop.sources.observer import Frame
    from twtop.sources.panorama import Looked
    from twtop.sources.watch import Watch

MOST_NAMESPACES: Final = 64
"""So many have metrics of their own: of those found first, as long as they are there."""
_THE_ONLY: Final = 0
"""In place of a namespace's number, where one is looked at alone."""


class Tally(NamedTuple):
    """Sockets that came and went in one namespace, as far as its looks show it."""

    born: NDArray[np.int64]
    """By the number of the state in which each was seen first."""
    gone: NDArray[np.int64]
    """By the state in which each was seen last."""

    def after(self, moment: Moment) -> Tally:
        """Return it with what happened since the look before; nothing did in the first one."""
        moves = transitions(moment).moves
        return Tally(self.born + moves[NOWHERE], self.gone + moves[:, NOWHERE])


_NOTHING: Final = Tally(np.zeros(STATES, np.int64), np.zeros(STATES, np.int64))


class Told(NamedTuple):
    """One namespace that has metrics of its own."""

    netns: str
    frame: Frame
    tally: Tally


class Namespaces(NamedTuple):
    """How many network namespaces there are."""

    told: int
    left_out: int
    """More than `MOST_NAMESPACES`."""
    unread: tuple[tuple[str, str], ...]
    """Names and reasons of those that cannot be read."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One look at the sockets, or the reason why there is none."""

    told: tuple[Told, ...]
    namespaces: Namespaces
    problem: str | None
    """Why nothing could be read; None where something was."""
    wall_s: float
    """Unix time of its end."""
    seconds: float
    """How long it took."""
    cpu_s: float
    """CPU time of all looks so far."""
    looks: int
    """How many there were, with this one."""
    failed: int

    @property
    def sockets(self) -> int:
        """How many sockets were read in the namespaces that are told."""
        return sum(len(each.frame.moment.snapshot.sockets) for each in self.told)


class Looks:
    """Looks at what a `Watch` was made for, and counts; for the one thread that calls `take`."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._tallies: dict[int, Tally] = {}
        self._cpu_s = 0.0
        self._looks = 0
        self._failed = 0

    def take(self) -> Look:
        """Look now; where the kernel refuses, the look has the reason."""
        started, cpu = time.monotonic(), time.thread_time()
        told: tuple[Told, ...] = ()
        namespaces, problem = Namespaces(0, 0, ()), None
        self._looks += 1
        try:
            looked = self._watch.look()
        except KernelError as error:
            self._failed += 1
            problem = str(error)
        else:
            told = tuple(self._count(looked))
            namespaces = _namespaces(looked, len(told))
        self._cpu_s += time.thread_time() - cpu
        return Look(
            told=told,
            namespaces=namespaces,
            problem=problem,
            wall_s=time.time(),
            seconds=time.monotonic() - started,
            cpu_s=self._cpu_s,
            looks=self._looks,
            failed=self._failed,
        )

    def _count(self, looked: Looked) -> Iterator[Told]:
        if not isinstance(looked, Panorama):
            yield Told(looked.host.namespace_label, looked, self._tally(_THE_ONLY, looked.moment))
            return
        there = {place.namespace.number for place in looked.places if place.frame is not None}
        for number in self._tallies.keys() - there:
            del self._tallies[number]
        for place in looked.places:
            number = place.namespace.number
            if place.frame is None:
                continue
            if number not in self._tallies and len(self._tallies) >= MOST_NAMESPACES:
                continue
            # The frame of one that rests is an earlier one, and was counted then.
            tally = self._tally(number, None if place.rests else place.frame.moment)
            yield Told(place.namespace.name, place.frame, tally)

    def _tally(self, number: int, moment: Moment | None) -> Tally:
        before = self._tallies.get(number, _NOTHING)
        self._tallies[number] = before if moment is None else before.after(moment)
        return self._tallies[number]


def _namespaces(looked: Looked, told: int) -> Namespaces:
    if not isinstance(looked, Panorama):
        return Namespaces(told, 0, ())
    unread = tuple(
        (place.namespace.name, place.problem) for place in looked.places if place.problem is not None
    )
    return Namespaces(told, len(looked.places) - told - len(unread), unread)
