"""Port usage of the last minutes, bounded in time and in destinations."""

from __future__ import annotations

import threading
from collections import deque
from itertools import takewhile
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.ports.usage import destination_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.ports.usage import Destination, Ports
    from twtop.core.sockets import Rows, Sockets

SAMPLES: Final = 600
DESTINATIONS: Final = 32
"""The busiest ones that a sample keeps."""


class Usage(NamedTuple):
    """Ports in use towards one destination."""

    used: int
    waiting: int
    """Those of them in TIME-WAIT."""
    new: int = 0
    """Connections first seen since the sample before."""


_NO_USAGE: Final = Usage(0, 0)


class Sample(NamedTuple):
    """Usage at one instant."""

    instant_s: float
    usage: dict[Destination, Usage]
    complete: bool
    """No destination was left out: those that are missing had no port in use."""

    def of(self, destination: Destination) -> Usage | None:
        """Return the usage of one destination; None where it was left out."""
        return self.usage.get(destination, _NO_USAGE if self.complete else None)


class Estimate(NamedTuple):
    """What was used before an instant, as reckoned at that instant."""

    instant_s: float
    used: NDArray[np.int64]
    """..., 2 s before, 1 s before."""


class PortHistory:
    """Samples of port usage, the oldest forgotten first; for one writer and readers in other threads."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)
        self._estimates: dict[Destination, Estimate] = {}
        self._names: dict[Destination, Destination] = {}
        self._lock = threading.Lock()

    def add(self, instant_s: float, ports: Ports, sockets: Sockets, new: Rows | None = None) -> None:
        """Remember the busiest destinations of a snapshot; ``new`` are its connections not seen before."""
        busiest = ports.busiest(sockets, DESTINATIONS)
        # All samples share one object per destination: ten minutes of them would take megabytes more.
        self._names = {name: self._names.get(name, name) for name in busiest}
        came = _towards(sockets, ports.row[: len(busiest)], new)
        usage = {
            self._names[name]: Usage(int(ports.used[index]), int(ports.waiting[index]), came[index])
            for index, name in enumerate(busiest)
        }
        with self._lock:
            self._samples.append(Sample(instant_s, usage, complete=len(busiest) == len(ports)))

    def series(self, destination: Destination, until_s: float) -> list[tuple[float, Usage]]:
        """Return (instant, usage) up to an instant, without those samples that did not count it."""
        with self._lock:
            samples = list(self._samples)
        return [
            (sample.instant_s, usage)
            for sample in samples
            if sample.instant_s <= until_s and (usage := sample.of(destination))
        ]

    def lately(self, seconds: float) -> list[Sample]:
        """Return the samples of the last seconds, oldest first, and of all the last two in any case."""
        with self._lock:
            samples = list(self._samples)
        since_s = samples[-1].instant_s - seconds if samples else 0.0
        recent = sum(1 for _ in takewhile(lambda old: old.instant_s >= since_s, reversed(samples)))
        return samples[-max(2, recent) :]

    def estimate(self, destination: Destination) -> Estimate | None:
        """Return what was reckoned of the time before the samples."""
        return self._estimates.get(destination)

    def remember(self, destination: Destination, estimate: Estimate) -> None:
        """Keep an estimate: reckoned again a minute later, it would know less."""
        while len(self._estimates) >= DESTINATIONS:
            del self._estimates[next(iter(self._estimates))]
        self._estimates[destination] = estimate


def _towards(sockets: Sockets, destinations: Rows, new: Rows | None) -> list[int]:
    """Count how many of the new sockets go where each of some sockets goes."""
    if new is None or not new.size or not destinations.size:
        return [0] * len(destinations)
    keys = destination_keys(sockets, new)
    return [int(np.count_nonzero(keys == key)) for key in destination_keys(sockets, destinations)]
