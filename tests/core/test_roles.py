from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import Row, crowd, rows_of, table, unhurried
from twtop.core.address import MAPPED_PREFIX
from twtop.core.roles import server_side
from twtop.core.sockets import Sockets
from twtop.core.states import State
from twtop.core.sysctls import DEFAULT_PORT_RANGE

RANGE = DEFAULT_PORT_RANGE
WILDCARDS = (0, 0), (0, MAPPED_PREFIX)
HERE, ELSEWHERE = MAPPED_PREFIX | 1, MAPPED_PREFIX | 2


def serves(listener: Row, row: Row) -> bool:
    if listener.state != State.LISTEN or listener.local_port != row.local_port:
        return False
    where = listener.local_hi, listener.local_lo
    return where in WILDCARDS or where == (row.local_hi, row.local_lo)


@unhurried
@given(st.integers(0, 2**32), st.sampled_from((0, 1, 5, 60)))
def test_a_socket_is_on_the_server_side_if_a_listener_serves_it(seed: int, count: int) -> None:
    sockets = crowd(seed, count)
    rows = rows_of(sockets)
    assert server_side(sockets, RANGE).tolist() == [
        any(serves(other, row) for other in rows)
        or (row.remote_port in RANGE and row.local_port not in RANGE)
        for row in rows
    ]


@pytest.mark.parametrize(
    ("listens_at", "port", "server"),
    [
        (HERE, 80, True),
        (ELSEWHERE, 80, False),
        (HERE, 81, False),
        (MAPPED_PREFIX, 80, True),
        (0, 80, True),  # [::] takes IPv4 too
        (0, 81, False),
    ],
)
def test_the_listener_must_serve_the_address_and_the_port(listens_at: int, port: int, server: bool) -> None:
    sockets = table(state=[State.ESTAB, State.LISTEN], local_lo=[HERE, listens_at], local_port=[80, port])
    assert server_side(sockets, RANGE).tolist() == [server, True]


def test_without_listeners_everyone_is_a_client() -> None:
    assert not server_side(table(state=[State.ESTAB, State.TIME_WAIT], local_port=[80, 443]), RANGE).any()
    assert server_side(Sockets.empty(), RANGE).shape == (0,)


def test_what_a_stopped_server_left_behind_is_on_its_side() -> None:
    left = table(
        state=[State.TIME_WAIT] * 4,
        local_port=[443, 40000, 443, 40000],
        remote_port=[40000, 443, 8443, 40001],
    )
    assert server_side(left, RANGE).tolist() == [True, False, False, False]
