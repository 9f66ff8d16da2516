from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.core.build import table
from twtop.core.ports.history import DESTINATIONS, SAMPLES, Estimate, PortHistory, Usage
from twtop.core.ports.usage import Destination, destination_of, port_usage
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence

FOREVER = float("inf")


def towards(ports: Sequence[int]) -> Snapshot:
    """Sockets to these remote ports of one host, all in TIME-WAIT."""
    count = len(ports)
    return snapshot(
        table(state=[State.TIME_WAIT] * count, local_port=range(40_000, 40_000 + count), remote_port=ports)
    )


def remember(history: PortHistory, instant_s: float, ports: Sequence[int]) -> None:
    taken = towards(ports)
    history.add(instant_s, port_usage(taken), taken.sockets)


def to(port: int) -> Destination:
    return destination_of(towards([port]).sockets, 0)


def test_a_series_is_what_was_used_at_each_instant() -> None:
    history = PortHistory()
    for instant, ports in enumerate(([80, 80, 443], [443], [], [80])):
        remember(history, instant, ports)
    counts = [(instant, Usage(count, count)) for instant, count in enumerate((2, 0, 0, 1))]
    assert history.series(to(80), FOREVER) == counts
    assert history.series(to(80), 1) == counts[:2]
    assert history.series(to(80), -1) == []
    assert [usage.used for _, usage in history.series(to(81), FOREVER)] == [0, 0, 0, 0]


def test_those_in_time_wait_are_counted_apart() -> None:
    history = PortHistory()
    taken = snapshot(
        table(state=[State.ESTAB, State.TIME_WAIT], local_port=[40_000, 40_001], remote_port=[80, 80])
    )
    history.add(0, port_usage(taken), taken.sockets)
    assert history.series(to(80), FOREVER) == [(0, Usage(2, 1))]


def test_where_it_was_not_among_the_busiest_nothing_is_claimed() -> None:
    history = PortHistory()
    remember(history, 0, [80])
    remember(history, 1, [*range(1, DESTINATIONS + 1)] * 2 + [8080])
    remember(history, 2, [80, 80])
    assert history.series(to(8080), FOREVER) == [(0, Usage(0, 0)), (2, Usage(0, 0))]
    assert history.series(to(1), FOREVER)[1] == (1, Usage(2, 2))


def test_the_oldest_samples_are_forgotten() -> None:
    history = PortHistory()
    taken = towards([80])
    ports = port_usage(taken)
    for instant in range(SAMPLES + 10):
        history.add(instant, ports, taken.sockets)
    series = history.series(to(80), FOREVER)
    assert [instant for instant, _ in series] == list(range(10, SAMPLES + 10))


def test_lately_there_were_two_samples_at_least() -> None:
    history = PortHistory()
    assert history.lately(10) == []
    for instant in (0, 30, 35, 38, 60):
        remember(history, instant, [80])
        told = [sample.instant_s for sample in history.lately(10)]
        assert told == {0: [0], 30: [0, 30], 35: [30, 35], 38: [30, 35, 38], 60: [38, 60]}[instant]


def test_estimates_are_kept_for_the_last_destinations_asked_for() -> None:
    history = PortHistory()
    assert history.estimate(to(80)) is None
    for port in range(DESTINATIONS + 1):
        history.remember(to(port), Estimate(port, np.array([port])))
    assert history.estimate(to(0)) is None
    kept = history.estimate(to(DESTINATIONS))
    assert kept is not None
    assert kept.used.tolist() == [DESTINATIONS]
