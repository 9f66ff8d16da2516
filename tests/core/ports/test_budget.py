"""Budgets of made-up sockets: what a kernel of the lab does is in the scenarios."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.core.build import table
from twtop.core.address import MAPPED_PREFIX
from twtop.core.changes import follow, new_connections
from twtop.core.ports.budget import Budget, budget, budgets, outlook
from twtop.core.ports.history import PortHistory
from twtop.core.ports.usage import Destination, port_usage
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.sockets import Sockets
from twtop.core.states import State, Timer
from twtop.core.sysctls import LOCAL_PORT_RANGE, TW_REUSE, PortRange, Sysctls

if TYPE_CHECKING:
    from collections.abc import Iterable

LOW, PORTS = 20_000, 1200
LOOPBACK = MAPPED_PREFIX | 127 << 24 | 1


def taken(
    waiting_ms: Iterable[float] = (),
    *,
    opened: int = 0,
    stuck: int = 0,
    instant_s: float = 100.0,
    first_cookie: int = 1,
    remote: int = MAPPED_PREFIX | 7,
    **sysctls: str,
) -> Snapshot:
    """Sockets of one destination: TIME-WAITs with these times left, open ones, orphans in FIN-WAIT-2."""
    left = [round(value) for value in waiting_ms]
    count = len(left) + opened + stuck
    sockets = table(
        state=[State.TIME_WAIT] * len(left) + [State.ESTAB] * opened + [State.FIN_WAIT_2] * stuck,
        timer=[Timer.TIMEWAIT] * len(left) + [0] * opened + [Timer.TIMEWAIT] * stuck,
        expires_ms=left + [0] * opened + [30_000] * stuck,
        local_port=[LOW + 2 * at % PORTS for at in range(count)],
        remote_port=[443] * count,
        remote_lo=[remote] * count,
        cookie=range(first_cookie, first_cookie + count),
    )
    texts = {LOCAL_PORT_RANGE: f"{LOW} {LOW + PORTS - 1}"}
    texts |= {f"net.ipv4.{name}": text for name, text in sysctls.items()}
    return snapshot(sockets, instant_s=instant_s, sysctls=Sysctls(texts))


def only(now: Snapshot, history: PortHistory | None = None) -> Budget:
    (found,) = budgets(now, port_usage(now), history or PortHistory())
    return found


def closed_at(per_s: int, seconds: float) -> list[float]:
    """Times left of what was closed at a rate until now."""
    return [60_000 - (at + 0.5) * 1000 / per_s for at in range(round(per_s * seconds))]


def test_used_by_state_and_marks() -> None:
    found = only(taken(closed_at(2, 20), opened=30, stuck=5, tcp_tw_reuse="0"))
    assert (found.used, found.reusable, found.stuck) == (75, 0, 5)
    assert [found.by_state[s] for s in (State.TIME_WAIT, State.ESTAB, State.FIN_WAIT_2)] == [40, 30, 5]
    assert (found.outlook.capacity, found.outlook.half, found.outlook.left) == (1200, 600, 1125)


def test_what_is_open_for_good_leaves_less_for_what_comes_and_goes() -> None:
    assert only(taken(closed_at(2, 20))).outlook.sustainable_per_s == pytest.approx(1200 / 60)
    half_open = only(taken(closed_at(2, 20), opened=300)).outlook
    assert half_open.sustainable_per_s == pytest.approx(900 / 60)
    assert half_open.easy_per_s == pytest.approx(300 / 60)


def test_with_reuse_only_the_young_hold_their_ports() -> None:
    found = only(taken(closed_at(10, 20), tcp_tw_reuse="1", tcp_tw_reuse_delay="2000"))
    assert (found.used, found.outlook.held, found.reusable) == (200, 20, 180)
    assert found.outlook.sustainable_per_s == pytest.approx(1200 / 2)
    assert found.outlook.trend.per_s == 0


def test_reuse_does_not_help_what_is_stuck_in_fin_wait_2() -> None:
    found = only(taken(stuck=200, tcp_tw_reuse="1", tcp_fin_timeout="30"))
    assert found.reusable == 0
    assert found.outlook.sustainable_per_s == pytest.approx(1200 / 30)
    mixed = only(taken(closed_at(10, 20), stuck=200, tcp_tw_reuse="1", tcp_fin_timeout="20"))
    # Ten a second are held for a second, ten for twenty.
    assert mixed.outlook.sustainable_per_s == pytest.approx(1200 / 10.5)


@pytest.mark.parametrize(("remote", "reusable"), [(LOOPBACK, 10), (MAPPED_PREFIX | 10 << 24, 0)])
def test_the_default_takes_over_on_loopback_only(remote: int, reusable: int) -> None:
    assert only(taken([30_000] * 10, remote=remote, tcp_tw_reuse="2")).reusable == reusable
    assert only(taken([30_000] * 10, remote=remote, tcp_timestamps="0")).reusable == 0


def test_growth_tells_when_it_is_slow_and_when_full() -> None:
    found = only(taken(closed_at(25, 20), tcp_tw_reuse="0")).outlook
    assert found.trend.per_s == pytest.approx(25)
    assert (found.trend.half_in_s, found.trend.full_in_s) == (4, 28)
    wider = outlook(
        only(taken(closed_at(25, 20))), only(taken([1])).terms._replace(range=PortRange(LOW, LOW + 4999))
    )
    assert (wider.capacity, wider.trend.full_in_s) == (5000, None)


def test_in_another_range_only_its_own_ports_count() -> None:
    found = only(taken(opened=100))
    elsewhere = outlook(found, found.terms._replace(range=PortRange(30_000, 30_099)))
    assert (elsewhere.held, elsewhere.capacity, elsewhere.half) == (0, 100, 50)
    overlapping = outlook(found, found.terms._replace(range=PortRange(LOW + 100, LOW + 149)))
    assert (overlapping.held, overlapping.capacity) == (25, 50)


def test_a_destination_with_nothing_left_still_has_a_budget() -> None:
    now = taken(opened=3)
    gone = budget(now, port_usage(now), PortHistory(), Destination(0, 1, 0, 2, 3))
    assert (gone.used, gone.outlook.capacity, gone.new_per_s) == (0, 1200, 0)


def test_the_fullest_come_first() -> None:
    sockets = Sockets.concatenate(
        [
            taken(opened=20, remote=MAPPED_PREFIX | 5).sockets,
            taken(closed_at(1, 30), remote=LOOPBACK, first_cookie=1000).sockets,
        ]
    )
    now = snapshot(sockets, sysctls=Sysctls({LOCAL_PORT_RANGE: f"{LOW} {LOW + PORTS - 1}", TW_REUSE: "2"}))
    found = budgets(now, port_usage(now), PortHistory())
    assert [(each.used, each.outlook.held) for each in found] == [(20, 20), (30, 1)]


def test_the_rate_counts_every_connection_once() -> None:
    """Those that are open, and those that have reached TIME-WAIT between two snapshots."""
    history, moment = PortHistory(), None
    standing = taken(opened=50).sockets
    for second in range(6):
        opened = [taken(opened=7, first_cookie=1000 + 7 * at).sockets for at in range(second)]
        closed = taken(closed_at(3, second), first_cookie=5000).sockets
        old = replace(closed, cookie=closed.cookie[::-1].copy()) if len(closed) else closed
        now = snapshot(
            Sockets.concatenate([standing, *opened, old]), instant_s=100.0 + second, sysctls=taken().sysctls
        )
        moment = follow(moment, now)
        new = new_connections(moment)
        assert len(new) == (10 if second else 0)
        history.add(now.instant_s, port_usage(now), now.sockets, new)
    assert only(now, history).new_per_s == pytest.approx(10)


def test_a_bound_socket_that_connects_is_a_new_connection_and_one_that_closes_is_not() -> None:
    before = snapshot(table(state=[State.UNCONN, State.ESTAB], local_port=[1, 2], remote_port=[0, 9]))
    after = snapshot(table(state=[State.SYN_SENT, State.TIME_WAIT], local_port=[1, 2], remote_port=[9, 9]))
    moment = follow(follow(None, before), after)
    assert after.sockets.state[new_connections(moment)].tolist() == [State.SYN_SENT]


def test_before_samples_span_a_few_seconds_the_rate_is_that_of_new_time_waits() -> None:
    assert only(taken(closed_at(10, 20))).new_per_s == pytest.approx(10)


def test_what_bind_chose_is_a_pool_of_its_source() -> None:
    ports = np.arange(LOW + 1, LOW + 1 + 2 * 60, 2)
    sockets = table(
        state=[State.ESTAB] * 60,
        local_port=ports.tolist(),
        remote_port=[25] * 40 + [26] * 20,
        remote_lo=[MAPPED_PREFIX | 9] * 60,
    )
    now = snapshot(sockets, sysctls=Sysctls({LOCAL_PORT_RANGE: f"{LOW} {LOW + PORTS - 1}"}))
    first, second = budgets(now, port_usage(now), PortHistory())
    assert first.terms.bind_first
    assert (first.outlook.capacity, first.outlook.half, first.outlook.left) == (1180, None, 1140)
    assert second.outlook.left == 1140
    apart = outlook(first, first.terms._replace(bind_first=False))
    assert (apart.capacity, apart.half, apart.left) == (1200, 600, 1160)
