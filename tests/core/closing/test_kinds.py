"""Kinds of sockets, one by one and all at once, and the words about them."""

from __future__ import annotations

import pytest

from tests.core.build import rows_of, table
from twtop.core.closing.kinds import Kind, kind_at, kind_of, kinds_of
from twtop.core.states import State, Timer


@pytest.mark.parametrize(
    ("state", "timer", "inode", "kind"),
    [
        (State.LISTEN, Timer.OFF, 7, Kind.LISTEN),
        (State.SYN_RECV, Timer.ON, 0, Kind.HALF_OPEN),
        (State.SYN_RECV, Timer.ON, 7, Kind.SYN_RECV),
        (State.ESTAB, Timer.OFF, 0, Kind.UNACCEPTED),
        (State.ESTAB, Timer.KEEPALIVE, 7, Kind.ESTAB),
        (State.CLOSE_WAIT, Timer.OFF, 0, Kind.UNACCEPTED),
        (State.CLOSE_WAIT, Timer.OFF, 7, Kind.CLOSE_WAIT),
        (State.FIN_WAIT_2, Timer.TIMEWAIT, 0, Kind.FIN_WAIT_2_MINI),
        (State.FIN_WAIT_2, Timer.KEEPALIVE, 0, Kind.FIN_WAIT_2),
        (State.FIN_WAIT_2, Timer.OFF, 7, Kind.FIN_WAIT_2),
        (State.TIME_WAIT, Timer.TIMEWAIT, 0, Kind.TIME_WAIT),
        (State.UNCONN, Timer.OFF, 7, Kind.BOUND),
        (0, 0, 0, Kind.UNKNOWN),
        (14, 0, 0, Kind.UNKNOWN),
    ],
)
def test_the_kind_of_a_socket(state: int, timer: int, inode: int, kind: Kind) -> None:
    assert kind_of(state, timer, inode) is kind


def test_all_at_once_are_as_one_by_one() -> None:
    every = [(state, timer, inode) for state in range(16) for timer in range(7) for inode in (0, 7)]
    states, timers, inodes = zip(*every, strict=True)
    sockets = table(state=states, timer=timers, inode=inodes)
    assert len(rows_of(sockets)) == len(every)
    assert kinds_of(sockets).tolist() == [kind_of(*each) for each in every]
    assert [kind_at(sockets, row) for row in range(len(every))] == kinds_of(sockets).tolist()


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_fate(kind: Kind) -> None:
    assert kind.fate.name
    assert kind.fate.peer in kind.fate.text
    if kind < Kind.HALF_OPEN:
        assert kind.fate.name.startswith(State(kind).label)


def test_what_is_lost_with_a_time_wait_is_said() -> None:
    told = Kind.TIME_WAIT.fate.text
    assert "protection" in told
    assert "old duplicates" in told
    assert "LAST-ACK" in told
    assert "RST" in told
