from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import Row, crowd, rows_of, snapshots, table, unhurried
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.sockets import Sockets
from twtop.core.states import State


@unhurried
@given(st.integers(0, 2**32), st.integers(0, 120))
def test_of_sockets_with_one_cookie_the_last_stays(seed: int, count: int) -> None:
    dumped = crowd(seed, count)
    last: dict[int, Row] = {}
    for row in rows_of(dumped):
        last.pop(row.cookie, None)
        last[row.cookie] = row
    assert rows_of(snapshot(dumped).sockets) == list(last.values())


@unhurried
@given(snapshots)
def test_cookies_lead_to_their_rows(taken: Snapshot) -> None:
    rows, there = taken.cookies.find(taken.sockets.cookie)
    assert there.all()
    assert rows.tolist() == list(range(len(taken.sockets)))


@pytest.mark.parametrize("unknown", [12, 15, 16, 17, 32, 255])
def test_a_state_that_nobody_knows_hides_no_other_socket(unknown: int) -> None:
    cookies = [2, 3, 4, 5]
    taken = snapshot(table(cookie=cookies, state=[unknown, State.ESTAB, unknown, State.ESTAB]))
    assert taken.sockets.cookie.tolist() == cookies
    assert taken.state_counts()[unknown] == 2
    assert taken.state_counts()[State.ESTAB] == 2


@unhurried
@given(snapshots)
def test_every_socket_is_counted_in_its_state(taken: Snapshot) -> None:
    counts = taken.state_counts()
    assert len(counts) >= 16
    states = [row.state for row in rows_of(taken.sockets)]
    assert counts.tolist() == [states.count(number) for number in range(len(counts))]


def test_nothing_is_a_snapshot_too() -> None:
    taken = snapshot(Sockets.empty())
    assert len(taken.sockets) == len(taken.server) == len(taken.left_ms) == 0
    assert taken.state_counts().tolist() == [0] * 16
    assert taken.life_ms == 60_000


def test_many_copies_of_one_socket_are_one() -> None:
    taken = snapshot(table(cookie=[7] * 1000, state=[State.ESTAB, State.TIME_WAIT] * 500, uid=range(1000)))
    assert taken.sockets.uid.tolist() == [999]
    assert taken.sockets.state.tolist() == [State.TIME_WAIT]
