"""Port usage of the last minutes, bounded in time and in destinations."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from twtop.core.ports import Destination, Ports
    from twtop.core.sockets import Sockets

SAMPLES: Final = 600
DESTINATIONS: Final = 64
"""The busiest ones that a sample keeps."""


class Sample(NamedTuple):
    """Usage at one instant."""

    instant_s: float
    used: dict[Destination, int]


class PortHistory:
    """Samples of port usage, the oldest forgotten first."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)

    def add(self, instant_s: float, ports: Ports, sockets: Sockets) -> None:
        """Remember the busiest destinations of a snapshot."""
        busiest = range(min(DESTINATIONS, len(ports)))
        used = {ports.destination(sockets, index): int(ports.used[index]) for index in busiest}
        self._samples.append(Sample(instant_s, used))

    def series(self, destination: Destination, since_s: float) -> list[tuple[float, int]]:
        """Return (instant, ports in use) since an instant; 0 where it was not among the busiest."""
        return [
            (sample.instant_s, sample.used.get(destination, 0))
            for sample in self._samples
            if sample.instant_s >= since_s
        ]
