"""What the plot of port usage shows: past, present and next minute of at most two destinations."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.ports.forecast import MINUTE_S, closed_within, drain, past
from twtop.core.ports.history import Estimate
from twtop.core.ports.usage import Destination
from twtop.core.states import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.ports.history import PortHistory, Usage
    from twtop.core.ports.usage import Ports
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Rows

SOON_S: Final = 10
_TREND_S: Final = 10
_LEAST_TREND_S: Final = 3
_DEVIATIONS: Final = 3
"""How far from chance a change must be to be called one: sockets come and go as a Poisson process at best."""
_FARTHEST_S: Final = 600

Point = tuple[float, int]
"""An instant (monotonic, seconds) and the ports in use."""


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """Where usage goes if ports are taken at the rate of the last 10 s."""

    expected: NDArray[np.float64]
    """Ports in use after 0, 1, ... 60 s."""
    per_s: float
    """Expected change per second in the next 10 s; 0 where it may be chance."""
    half_in_s: int | None
    full_in_s: int | None
    """Time until then, None where it is not expected within 10 minutes."""


@dataclass(frozen=True, slots=True, eq=False)
class DestinationPlot:
    """One destination."""

    destination: Destination
    used: int
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
    waiting = rows[snapshot.sockets.state[rows] == State.TIME_WAIT]
    series = history.series(destination, snapshot.instant_s)
    since_s = series[0][0] if series else snapshot.instant_s
    return DestinationPlot(
        destination=destination,
        used=len(rows),
        waiting=len(waiting),
        estimated=_estimated(snapshot, history, destination, rows, since_s),
        measured=[(instant_s, usage.used) for instant_s, usage in series],
        drain=drain(snapshot, rows),
        trend=_trend(snapshot, ports, rows, waiting, series),
    )


def rows_towards(snapshot: Snapshot, destination: Destination) -> Rows:
    """Return the sockets that hold an ephemeral port towards a destination."""
    sockets, span = snapshot.sockets, snapshot.sysctls.port_range
    rows = np.flatnonzero(sockets.remote_port == destination.remote_port)
    for name in Destination._fields[:-1]:
        rows = rows[getattr(sockets, name)[rows] == np.uint64(getattr(destination, name))]
    port = sockets.local_port[rows]
    found: Rows = rows[(port >= span.low) & (port <= span.high) & ~snapshot.server[rows]]
    return found


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


def _trend(
    snapshot: Snapshot, ports: Ports, rows: Rows, waiting: Rows, series: list[tuple[float, Usage]]
) -> Trend:
    """Extrapolate the last 10 s: TIME-WAITs tell their close rate by age, the rest tells it by samples."""
    closed = closed_within(snapshot, waiting, _TREND_S)
    others = len(rows) - len(waiting)
    others_per_s = _others_per_s(series)
    seconds = np.arange(MINUTE_S + 1)
    left = drain(snapshot, waiting)
    added = np.maximum(others + others_per_s * seconds, 0) + closed / _TREND_S * seconds
    expected = left + added
    change = float(expected[_TREND_S] - expected[0])
    chance = sqrt(closed + abs(others_per_s) * _TREND_S + float(left[0] - left[_TREND_S]))
    rising = change > _DEVIATIONS * chance
    return Trend(
        expected=expected,
        per_s=change / _TREND_S if abs(change) > _DEVIATIONS * chance else 0.0,
        half_in_s=_time_to(ports.half, expected, others_per_s) if rising else None,
        full_in_s=_time_to(ports.capacity, expected, others_per_s) if rising else None,
    )


def _others_per_s(series: list[tuple[float, Usage]]) -> float:
    """Return the change per second of the ports in use that are not in TIME-WAIT."""
    if not series:
        return 0.0
    now_s, now = series[-1]
    then_s, then = next(sample for sample in series if sample[0] >= now_s - _TREND_S)
    if now_s - then_s < _LEAST_TREND_S:
        return 0.0
    return ((now.used - now.waiting) - (then.used - then.waiting)) / (now_s - then_s)


def _time_to(level: int, expected: NDArray[np.float64], leak_per_s: float) -> int | None:
    """Return when the expectation reaches a level.

    After the minute drawn TIME-WAITs end as fast as they begin: only what never closes grows on.
    """
    reached = np.flatnonzero(expected >= level)
    if reached.size:
        return int(reached[0])
    if leak_per_s <= 0:
        return None
    seconds = MINUTE_S + round((level - float(expected[-1])) / leak_per_s)
    return seconds if seconds <= _FARTHEST_S else None
