from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import Row, crowd, rows_of, table, unhurried
from twtop.core.lifetimes import fin_wait_2_phases
from twtop.core.states import State, Timer
from twtop.core.timers import NO_END, in_first_phase, longest_life_ms, time_left_ms

if TYPE_CHECKING:
    from twtop.core.sockets import Sockets


def left_ms(row: Row, fin_timeout_s: int) -> int:
    if row.timer == Timer.TIMEWAIT:
        return row.expires_ms
    if row.state == State.FIN_WAIT_2 and row.timer == Timer.KEEPALIVE and row.inode == 0:
        return row.expires_ms + max(0, fin_timeout_s - 60) * 1000
    return NO_END


@unhurried
@given(st.integers(0, 2**32), st.sampled_from((0, 5, 60, 61, 65, 90, 120, 3600)))
def test_only_clocks_that_end_a_socket_count(seed: int, fin_timeout_s: int) -> None:
    sockets = crowd(seed, 100)
    assert time_left_ms(sockets, fin_timeout_s).tolist() == [
        left_ms(row, fin_timeout_s) for row in rows_of(sockets)
    ]
    assert in_first_phase(sockets).tolist() == [
        row.state == State.FIN_WAIT_2 and row.timer == Timer.KEEPALIVE and not row.inode
        for row in rows_of(sockets)
    ]


def fin_wait_2(timer: Timer, expires_ms: int, inode: int = 0) -> Sockets:
    return table(state=[State.FIN_WAIT_2], timer=[timer], expires_ms=[expires_ms], inode=[inode])


def test_the_three_faces_of_fin_wait_2() -> None:
    assert time_left_ms(fin_wait_2(Timer.OFF, 0, inode=4711), 90).tolist() == [NO_END]
    assert time_left_ms(fin_wait_2(Timer.KEEPALIVE, 30_000), 90).tolist() == [60_000]
    assert time_left_ms(fin_wait_2(Timer.TIMEWAIT, 30_000), 90).tolist() == [30_000]
    # Keepalive of a socket that is still held sends probes and ends nothing.
    assert time_left_ms(fin_wait_2(Timer.KEEPALIVE, 30_000, inode=4711), 90).tolist() == [NO_END]


@pytest.mark.parametrize("timeout", [61, 65, 75, 90, 120, 180])
def test_at_its_start_an_orphan_has_both_phases_before_it(timeout: int) -> None:
    first, second = fin_wait_2_phases({"net.ipv4.tcp_fin_timeout": str(timeout)})
    left = time_left_ms(fin_wait_2(Timer.KEEPALIVE, round(first * 1000)), timeout)
    assert left.tolist() == [round(first + second) * 1000]


@pytest.mark.parametrize("timeout", [4_294_967, 8_589_934, 10**20])
def test_a_timeout_of_months_is_long_but_not_endless(timeout: int) -> None:
    assert time_left_ms(fin_wait_2(Timer.KEEPALIVE, 2**32 - 1), timeout).tolist() == [NO_END - 1]


@pytest.mark.parametrize(
    ("seen_ms", "life_ms"),
    [([], 60_000), ([100], 60_000), ([59_000, 61_100], 60_000), ([90_000, 15_000], 90_000)],
)
def test_the_length_of_time_wait_is_learnt_where_a_vendor_changed_it(
    seen_ms: list[int], life_ms: int
) -> None:
    waits = table(state=[State.TIME_WAIT] * len(seen_ms), expires_ms=seen_ms)
    assert longest_life_ms(waits) == life_ms


def test_other_clocks_say_nothing_about_time_wait() -> None:
    assert longest_life_ms(table(state=[State.ESTAB], expires_ms=[7_200_000])) == 60_000
