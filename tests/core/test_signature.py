"""What a row's sockets have in common, and where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtop.core.changes import follow
from twtop.core.signature import RowSignature, signature
from twtop.core.snapshot import snapshot
from twtop.core.sockets import DTYPES, Sockets
from twtop.core.states import State, Timer

if TYPE_CHECKING:
    from twtop.core.changes import Moment


def moment(rows: list[dict[str, int]]) -> Moment:
    columns = {name: np.array([row.get(name, 0) for row in rows], dtype) for name, dtype in DTYPES.items()}
    columns["cookie"] = np.arange(1, len(rows) + 1, dtype=np.uint64)
    return follow(None, snapshot(Sockets.of(columns)))


def signature_of(*rows: dict[str, int]) -> RowSignature:
    return signature(moment(list(rows)), np.arange(len(rows)))


def test_one_socket() -> None:
    row = {"state": State.CLOSE_WAIT, "inode": 7, "timer": Timer.OFF, "rqueue": 1}
    assert signature_of(row) == RowSignature("nonzero", frozenset({0}), rqueue=1, role="client")


def test_a_mini_socket_has_no_inode() -> None:
    row = {"state": State.TIME_WAIT, "timer": Timer.TIMEWAIT, "expires_ms": 9000}
    assert signature_of(row) == RowSignature("zero", frozenset({3}), role="client")


def test_a_group_has_the_largest_values_and_all_timers() -> None:
    group = signature_of(
        {"state": State.ESTAB, "inode": 7, "timer": Timer.ON, "retrans": 4, "wqueue": 90_000},
        {"state": State.ESTAB, "inode": 8, "timer": Timer.OFF, "rqueue": 5},
    )
    assert group == RowSignature("nonzero", frozenset({0, 1}), 4, 5, 90_000, role="client", count=2)
    assert group.mixed == {"timer"}


def test_sockets_that_differ_are_called_mixed() -> None:
    listener = {"state": State.LISTEN, "local_port": 443, "inode": 1}
    served = {"state": State.FIN_WAIT_2, "local_port": 443, "inode": 2}
    orphan = {"state": State.FIN_WAIT_2, "local_port": 40_000}
    group = signature(moment([listener, served, orphan]), np.array([1, 2]))
    assert (group.inode, group.role) == ("mixed", "mixed")
    assert signature(moment([listener, served, orphan]), np.array([0])).role == "server"


def test_a_timer_that_went_up_is_told_of_its_group_only() -> None:
    columns: dict[str, Any] = {"state": State.TIME_WAIT, "timer": Timer.TIMEWAIT}
    before = moment([columns | {"expires_ms": 30_000}] * 2)
    risen = moment([columns | {"expires_ms": 60_000}, columns | {"expires_ms": 30_000}])
    now = follow(before, risen.snapshot)
    assert signature(now, np.array([0])).restarted
    assert not signature(now, np.array([1])).restarted


ROWS = st.fixed_dictionaries(
    {
        "state": st.just(int(State.ESTAB)),
        "inode": st.sampled_from([0, 5]),
        "timer": st.sampled_from([0, 1, 2, 4, 99, 255]),
        "retrans": st.integers(0, 255),
        "rqueue": st.integers(0, 2**32 - 1),
        "wqueue": st.integers(0, 2**32 - 1),
    }
)


@given(st.lists(ROWS, min_size=1, max_size=6))
def test_columns_agree_with_a_plain_reading_of_each_socket(rows: list[dict[str, int]]) -> None:
    found = signature_of(*rows)
    assert found.timers == {row["timer"] for row in rows}
    assert found.count == len(rows)
    for name, value in (("retrans", found.max_retrans), ("rqueue", found.rqueue), ("wqueue", found.wqueue)):
        assert value == max(row[name] for row in rows)
    owned = {row["inode"] != 0 for row in rows}
    assert found.inode == ("mixed" if len(owned) > 1 else "nonzero" if True in owned else "zero")


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_signature(state: State) -> None:
    assert signature_of({"state": int(state)}).count == 1
