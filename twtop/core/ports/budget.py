"""The port budget of one destination: what is used, what there is, how long it lasts, which rate it bears.

The budget is a function of *terms* (the range, whether TIME-WAITs are taken over, how many source addresses):
`outlook` tells it for those in force and for any others.

Source: net/ipv4/inet_hashtables.c (``__inet_hash_connect``); the rest follows from Little's law.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twtop.core.lifetimes import fin_wait_2_life
from twtop.core.ports import supply
from twtop.core.ports.ages import closed_within
from twtop.core.ports.history import DESTINATIONS
from twtop.core.ports.reuse import delay_s, takes_over
from twtop.core.ports.trend import LEAST_TREND_S, TREND_S, load_of, trend
from twtop.core.ports.usage import rows_towards
from twtop.core.roles import ports_of
from twtop.core.states import State
from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.ports.history import PortHistory, Usage
    from twtop.core.ports.trend import Load, Trend
    from twtop.core.ports.usage import Destination, Ports
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Mask, Rows
    from twtop.core.sysctls import PortRange


class Terms(NamedTuple):
    """What decides how many connections there can be."""

    range: PortRange
    """What connect() chooses from."""
    reuse: bool
    """connect() takes over TIME-WAITs; bind() does not."""
    bind_first: bool
    """bind() chooses the port, before the destination is known."""
    halves: bool = True
    """Ports of one parity are tried first."""
    sources: int = 1
    """Source addresses that connections are spread over."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What follows from terms."""

    capacity: int
    """How many ports can be in use."""
    half: int | None
    """From how many on connect() is slow; None where there is no such mark."""
    held: int
    """Ports in use that connect() cannot have."""
    sustainable_per_s: float
    """New connections per second that there are ports for, for ever."""
    easy_per_s: float | None
    """The same before connect() becomes slow; None where there is no half mark."""
    trend: Trend

    @property
    def left(self) -> int:
        """How many more connections there are ports for now."""
        return max(0, self.capacity - self.held)


@dataclass(frozen=True, eq=False)
class Budget:
    """The ports towards one destination at one instant."""

    snapshot: Snapshot
    ports: Ports
    destination: Destination
    rows: Rows
    """The sockets that hold a port."""
    series: list[tuple[float, Usage]]
    """Usage so far."""
    by_state: NDArray[np.int64]
    """Ports in use by state number (16 entries at least)."""
    new_per_s: float
    """New connections per second, over the last 10 s, as far as snapshots show them."""
    terms: Terms
    """Those in force."""

    @cached_property
    def outlook(self) -> Outlook:
        """What follows from the terms in force."""
        return outlook(self, self.terms)

    @property
    def used(self) -> int:
        """Ports in use."""
        return len(self.rows)

    @property
    def reusable(self) -> int:
        """Those of them that connect() would take over now, if their peers use timestamps."""
        return self.used - self.outlook.held

    @property
    def stuck(self) -> int:
        """FIN-WAIT-2 that a clock ends: it is never taken over."""
        return int(np.count_nonzero(_stuck(self.snapshot, self.rows)))


def budgets(snapshot: Snapshot, ports: Ports, history: PortHistory) -> list[Budget]:
    """Return the budgets of the busiest destinations, the fullest first."""
    busiest = ports.busiest(snapshot.sockets, DESTINATIONS)
    made = [budget(snapshot, ports, history, destination) for destination in busiest]
    return sorted(made, key=lambda each: -each.outlook.held / max(1, each.outlook.capacity))


def budget(snapshot: Snapshot, ports: Ports, history: PortHistory, destination: Destination) -> Budget:
    """Return the budget of one destination."""
    rows = rows_towards(snapshot, destination)
    series = history.series(destination, snapshot.instant_s)
    terms = Terms(
        range=ports.range,
        reuse=takes_over(snapshot, destination, rows),
        bind_first=2 * int(np.count_nonzero(np.isin(rows, ports.bound_first_rows))) > len(rows),
    )
    return Budget(
        snapshot=snapshot,
        ports=ports,
        destination=destination,
        rows=rows,
        series=series,
        by_state=np.bincount(snapshot.sockets.state[rows], minlength=16),
        new_per_s=_new_per_s(snapshot, rows, series),
        terms=terms,
    )


def outlook(now: Budget, terms: Terms) -> Outlook:
    """Return what a budget would be under other terms, with the same sockets and the same load."""
    snapshot, rows, barred = now.snapshot, now.rows, now.ports.barred
    if now.terms.bind_first and not terms.bind_first:
        barred = _barred_by_others(snapshot, now.ports, int(rows[0]))
    pool = supply.pool_of(snapshot, int(rows[0]), terms.range) if terms.bind_first else None
    local_port = snapshot.sockets.local_port
    rows = rows[(local_port[rows] >= terms.range.low) & (local_port[rows] <= terms.range.high)]
    own = int(np.count_nonzero(barred[local_port[rows]]))
    load = load_of(snapshot, rows, now.series, delay_s(snapshot) if terms.reuse and pool is None else None)
    capacity, half = _connect_marks(barred, own, terms)
    if pool is not None:
        capacity, half = len(rows) + terms.sources * pool.capacity - pool.used, None
    hold_s = _hold_s(snapshot, rows, load)
    endless = int(np.count_nonzero(snapshot.left_ms[rows] == NO_END))
    return Outlook(
        capacity=capacity,
        half=half,
        held=load.held,
        sustainable_per_s=max(0, capacity - endless) / hold_s,
        easy_per_s=None if half is None else max(0, half - endless) / hold_s,
        trend=trend(load, half, capacity),
    )


def _connect_marks(barred: Mask, own: int, terms: Terms) -> tuple[int, int | None]:
    """Return how many ports connect() can use, and from how many on it is slow.

    ``own`` are those that are in use although they are barred to it.
    """
    choosable = supply.range_mask(terms.range) & ~barred
    capacity = terms.sources * int(np.count_nonzero(choosable)) + own
    first = terms.sources * int(np.count_nonzero(choosable & supply.first_parity(terms.range))) + own
    return capacity, max(1, first) if terms.halves else None


def _barred_by_others(snapshot: Snapshot, ports: Ports, row: int) -> Mask:
    """Return the ports that connect() will pass over when what a socket's source has bound first is gone."""
    sockets, bound = snapshot.sockets, ports.bound_first_rows
    stays = np.append(bound[~supply.same_source(sockets, bound, row)], supply.outside(snapshot))
    return supply.reserved_mask(snapshot.sysctls) | supply.held_mask(sockets) | ports_of(sockets, stays)


def _hold_s(snapshot: Snapshot, rows: Rows, load: Load) -> float:
    """Return for how long a connection holds its port after its end, on average of those that ended here.

    An orphan in FIN-WAIT-2 holds it for a life of its own, and is never taken over.
    """
    stuck = int(np.count_nonzero(_stuck(snapshot, rows)))
    stuck_s = fin_wait_2_life(snapshot.sysctls)
    closed_per_s, stuck_per_s = len(load.left_ms) / load.hold_s, stuck / stuck_s
    if not closed_per_s + stuck_per_s:
        return load.hold_s
    return (len(load.left_ms) + stuck) / (closed_per_s + stuck_per_s)


def _stuck(snapshot: Snapshot, rows: Rows) -> Mask:
    in_fin_wait_2 = snapshot.sockets.state[rows] == State.FIN_WAIT_2
    found: Mask = in_fin_wait_2 & (snapshot.left_ms[rows] != NO_END)
    return found


def _new_per_s(snapshot: Snapshot, rows: Rows, series: list[tuple[float, Usage]]) -> float:
    """Return the rate of new connections; until samples span a few seconds, that of new TIME-WAITs."""
    recent = [sample for sample in series if sample[0] >= snapshot.instant_s - TREND_S]
    span_s = recent[-1][0] - recent[0][0] if recent else 0.0
    if span_s < LEAST_TREND_S:
        return closed_within(snapshot, rows, TREND_S) / TREND_S
    return sum(usage.new for _, usage in recent[1:]) / span_s
