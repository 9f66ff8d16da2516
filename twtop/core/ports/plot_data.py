"""What the plot of port usage shows: past, present and next minute of at most two destinations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.drain import MINUTE_S, drain
from twtop.core.ports.ages import past
from twtop.core.ports.history import Estimate
from twtop.core.ports.reuse import delay_s, takes_over
from twtop.core.ports.trend import Trend, load_of, trend
from twtop.core.ports.usage import rows_towards
from twtop.core.states import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.ports.history import PortHistory, Usage
    from twtop.core.ports.usage import Destination, Ports
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Rows

SOON_S: Final = 10

Point = tuple[float, int]
"""An instant (monotonic, seconds) and the ports in use."""


@dataclass(frozen=True, slots=True, eq=False)
class DestinationPlot:
    """One destination."""

    destination: Destination
    used: int
    held: int
    """Those of them that connect() cannot have: all, but for TIME-WAITs that it would take over now."""
    capacity: int
    """How many ports can be in use."""
    half: int
    """From here on connect() is slow."""
    waiting: int
    """Those of the used ports in TIME-WAIT."""
    estimated: list[Point]
    """Before the first sample, reckoned from ages of TIME-WAIT."""
    measured: list[Point]
    drain: NDArray[np.int64]
    """Ports still in use after 0, 1, ... 60 s if none is taken."""
    trend: Trend

    @property
    def back_soon(self) -> int:
        """How many ports come back within 10 s."""
        return int(self.drain[0] - self.drain[SOON_S])


@dataclass(frozen=True, slots=True, eq=False)
class PlotData:
    """All that is drawn of one instant."""

    instant_s: float
    ports: Ports
    plots: tuple[DestinationPlot, ...]
    """The busiest destination first, then the chosen one if that is another; none without client sockets."""
    namespace: str = ""
    """The network namespace it is about, where the reader sees several."""


def summarise(
    snapshot: Snapshot, ports: Ports, history: PortHistory, chosen: Destination | None = None
) -> PlotData:
    """Gather what is drawn of the busiest destination and of a chosen one; to be called beside the screen.

    It takes milliseconds with hundreds of thousands of sockets, and remembers its estimates in ``history``.
    """
    shown: list[Destination] = []
    if len(ports):
        shown.append(ports.destination(snapshot.sockets, 0))
    if chosen is not None and chosen not in shown:
        shown.append(chosen)
    plots = tuple(_plot(snapshot, ports, history, destination) for destination in shown)
    return PlotData(snapshot.instant_s, ports, plots)


def _plot(
    snapshot: Snapshot, ports: Ports, history: PortHistory, destination: Destination
) -> DestinationPlot:
    rows = rows_towards(snapshot, destination)
    index = ports.find(snapshot.sockets, destination)
    capacity = ports.capacity if index is None else ports.capacity_of(index)
    half = ports.half if index is None else ports.half_of(index)
    series = history.series(destination, snapshot.instant_s)
    since_s = series[0][0] if series else snapshot.instant_s
    held, expected = _trends(snapshot, destination, rows, series, (half, capacity))
    return DestinationPlot(
        destination=destination,
        used=len(rows),
        held=held,
        capacity=capacity,
        half=half,
        waiting=int(np.count_nonzero(snapshot.sockets.state[rows] == State.TIME_WAIT)),
        estimated=_estimated(snapshot, history, destination, rows, since_s),
        measured=[(instant_s, usage.used) for instant_s, usage in series],
        drain=drain(snapshot, rows),
        trend=expected,
    )


def _trends(
    snapshot: Snapshot,
    destination: Destination,
    rows: Rows,
    series: list[tuple[float, Usage]],
    marks: tuple[int, int],
) -> tuple[int, Trend]:
    """Return the ports that connect() cannot have now, and the trend of all that are in use.

    Where TIME-WAITs are taken over, the marks are reached by the others alone.
    """
    load = load_of(snapshot, rows, series)
    expected = trend(load, *marks)
    if not takes_over(snapshot, destination, rows):
        return load.held, expected
    holding = load_of(snapshot, rows, series, delay_s(snapshot))
    reached = trend(holding, *marks)
    return holding.held, replace(expected, half_in_s=reached.half_in_s, full_in_s=reached.full_in_s)


def _estimated(
    snapshot: Snapshot, history: PortHistory, destination: Destination, rows: Rows, since_s: float
) -> list[Point]:
    """Return the points before the first sample; reckoned once, while its time can still be seen in ages."""
    estimate = history.estimate(destination)
    if estimate is None and since_s > snapshot.instant_s - MINUTE_S:
        estimate = Estimate(snapshot.instant_s, past(snapshot, rows))
        history.remember(destination, estimate)
    if estimate is None:
        return []
    ago = np.arange(len(estimate.used), 0, -1)
    points = zip((estimate.instant_s - ago).tolist(), estimate.used.tolist(), strict=True)
    return [point for point in points if point[0] < since_s]
