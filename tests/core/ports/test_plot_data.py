from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given

from tests.core.build import snapshots, table, unhurried
from twtop.core.drain import drain
from twtop.core.ports.history import DESTINATIONS, PortHistory, Usage
from twtop.core.ports.plot_data import DestinationPlot, summarise
from twtop.core.ports.usage import Destination, port_usage, rows_towards
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.states import State, Timer
from twtop.core.sysctls import LOCAL_PORT_RANGE, Sysctls
from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from collections.abc import Iterable

LOW, CAPACITY = 20_000, 2800
RANGE = Sysctls({LOCAL_PORT_RANGE: f"{LOW} {LOW + CAPACITY - 1}"})


def client(left_ms: Iterable[float] = (), open_sockets: int = 0, *, instant_s: float = 100.0) -> Snapshot:
    """A client of one destination: TIME-WAITs with the times left given, and open connections."""
    left = [round(value) for value in left_ms]
    count = len(left) + open_sockets
    sockets = table(
        state=[State.TIME_WAIT] * len(left) + [State.ESTAB] * open_sockets,
        timer=[Timer.TIMEWAIT] * len(left) + [0] * open_sockets,
        local_port=range(LOW, LOW + count),
        remote_port=[443] * count,
        expires_ms=left + [0] * open_sockets,
    )
    return snapshot(sockets, instant_s=instant_s, sysctls=RANGE)


def plotted(now: Snapshot, history: PortHistory | None = None) -> DestinationPlot:
    return summarise(now, port_usage(now), history or PortHistory()).plots[0]


def closed_at(per_s: int, seconds: int) -> list[float]:
    """Times left of what was closed at a rate for some seconds until now."""
    return [60_000 - (number + 0.5) * 1000 / per_s for number in range(per_s * seconds)]


@unhurried
@given(snapshots)
def test_rows_of_a_destination_are_those_that_port_usage_counts(taken: Snapshot) -> None:
    ports = port_usage(taken)
    for index in range(len(ports)):
        destination = ports.destination(taken.sockets, index)
        if not destination.remote_port:
            continue  # no TCP socket is connected to port 0
        rows = rows_towards(taken, destination)
        assert len(rows) == ports.used[index]
        assert np.count_nonzero(taken.sockets.state[rows] == State.TIME_WAIT) == ports.waiting[index]


@unhurried
@given(snapshots)
def test_drain_is_what_the_clocks_leave(taken: Snapshot) -> None:
    rows = np.arange(len(taken.sockets))
    left = [int(value) for value in taken.left_ms]
    expected = [
        sum(value == NO_END or max(value, 1) > 1000 * second for value in left) for second in range(61)
    ]
    assert drain(taken, rows).tolist() == expected


def test_a_steady_load_is_steady_and_was_so_before_the_first_sample() -> None:
    plot = plotted(client(closed_at(30, 60)))
    assert (plot.used, plot.waiting, plot.back_soon) == (1800, 1800, 300)
    assert plot.trend.per_s == 0
    assert plot.trend.half_in_s is plot.trend.full_in_s is None
    assert plot.trend.expected == pytest.approx([1800] * 61, abs=31)
    assert [instant for instant, _ in plot.estimated] == list(range(40, 100))
    assert [used for _, used in plot.estimated] == pytest.approx([1800] * 60, abs=31)


def test_a_climbing_load_tells_at_the_first_snapshot_when_it_is_slow_and_when_full() -> None:
    plot = plotted(client(closed_at(50, 20)))
    assert plot.used == 1000
    assert plot.trend.per_s == pytest.approx(50)
    assert plot.trend.half_in_s == 400 / 50
    assert plot.trend.full_in_s == 1800 / 50
    assert dict(plot.estimated)[100 - 10] == pytest.approx(500, abs=1)
    assert dict(plot.estimated)[100 - 30] == 0


def test_a_load_that_ports_come_back_from_in_time_is_never_full() -> None:
    """Linear growth would be full after 45 s, but from 40 s on ports come back as fast as they go."""
    plot = plotted(client(closed_at(40, 20)))
    assert plot.trend.per_s == pytest.approx(40)
    assert plot.trend.half_in_s == 600 / 40
    assert plot.trend.full_in_s is None
    assert plot.trend.expected.max() == pytest.approx(40 * 60, abs=40)


def test_a_load_that_ended_is_falling() -> None:
    plot = plotted(client(left for left in closed_at(40, 60) if left < 45_000))
    assert plot.trend.per_s == pytest.approx(-40)
    assert plot.trend.full_in_s is None
    assert (plot.drain[0], plot.drain[60]) == (plot.used, 0)


def test_a_few_sockets_more_are_chance() -> None:
    assert plotted(client([59_000, 58_000, 57_000, 55_000])).trend.per_s == 0


def test_connections_that_never_close_are_seen_to_pile_up() -> None:
    history = PortHistory()
    for second in range(11):
        now = client([], 1000 + 5 * second, instant_s=100 + second)
        history.add(now.instant_s, port_usage(now), now.sockets)
    plot = plotted(now, history)
    assert plot.measured == [(100 + second, 1000 + 5 * second) for second in range(11)]
    assert plot.trend.per_s == pytest.approx(5)
    assert plot.trend.full_in_s == (CAPACITY - 1050) / 5
    assert plot.drain.tolist() == [1050] * 61


def test_the_past_is_reckoned_once() -> None:
    history = PortHistory()
    first = client(closed_at(50, 20))
    history.add(first.instant_s, port_usage(first), first.sockets)
    before = plotted(first, history).estimated
    second = client([], 3, instant_s=130)
    history.add(second.instant_s, port_usage(second), second.sockets)
    assert plotted(second, history).estimated == before


def test_samples_after_a_frozen_instant_are_not_shown() -> None:
    history = PortHistory()
    taken = [client([], 10, instant_s=100), client([], 20, instant_s=101)]
    for now in taken:
        history.add(now.instant_s, port_usage(now), now.sockets)
    assert plotted(taken[0], history).measured == [(100, 10)]


def test_a_destination_that_no_sample_counted_is_unknown_and_not_zero() -> None:
    crowded = DESTINATIONS + 1
    ports = [port for index in range(crowded) for port in [1000 + index] * (crowded - index)]
    sockets = table(
        state=[State.ESTAB] * len(ports), local_port=[LOW + at for at in range(len(ports))], remote_port=ports
    )
    now = snapshot(sockets, instant_s=1, sysctls=RANGE)
    usage = port_usage(now)
    history = PortHistory()
    history.add(1, usage, sockets)
    assert history.series(usage.destination(sockets, 0), 1) == [(1, Usage(crowded, 0))]
    assert history.series(usage.destination(sockets, DESTINATIONS), 1) == []


def test_the_chosen_destination_stands_beside_the_busiest_even_with_nothing_left() -> None:
    now = client([], 5)
    ports, history = port_usage(now), PortHistory()
    history.add(now.instant_s, ports, now.sockets)
    busiest = ports.destination(now.sockets, 0)
    gone = Destination(0, 1, 0, 2, 3)
    assert [plot.destination for plot in summarise(now, ports, history, busiest).plots] == [busiest]
    both = summarise(now, ports, history, gone).plots
    assert [(plot.destination, plot.used) for plot in both] == [(busiest, 5), (gone, 0)]
    assert both[1].trend.expected.tolist() == [0] * 61


def test_no_client_sockets_no_plots() -> None:
    now = client()
    assert summarise(now, port_usage(now), PortHistory()).plots == ()
