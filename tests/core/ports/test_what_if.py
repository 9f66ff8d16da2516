"""What is said of changes, by host and kernel; whether it comes true is in the scenarios."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.core.ports.test_budget import LOOPBACK, closed_at, only, taken
from twtop.core.address import MAPPED_PREFIX
from twtop.core.ports.what_if import CHANGES, Prediction, Trial, predictions
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.sysctls import PortRange

if TYPE_CHECKING:
    from twtop.core.ports.budget import Budget

NEW = (6, 18)
WIDE = PortRange(1024, 65535)


def predicted(
    now: Snapshot, change: str, span: PortRange = WIDE, kernel: tuple[int, int] = NEW
) -> tuple[Prediction, Budget]:
    budget = only(now)
    found = {each.change: each for each in predictions(Trial(budget, span, kernel))}
    assert list(found) == [each.name for each in CHANGES]
    return found[change], budget


def test_a_kernel_without_socket_ranges_gains_nothing_from_them() -> None:
    told, budget = predicted(taken(opened=9), "socket-range", kernel=(6, 2))
    assert (told.outlook.capacity, told.outlook.half) == (budget.outlook.capacity, budget.outlook.half)
    assert told.caveats == ("This kernel does not have it: Linux 6.3 does.",)


@pytest.mark.parametrize(("kernel", "half"), [((6, 3), 600), ((6, 7), 600), ((6, 8), None)])
def test_a_socket_range_has_no_half_from_linux_6_8_on(kernel: tuple[int, int], half: int | None) -> None:
    told, _ = predicted(taken(opened=9), "socket-range", kernel=kernel)
    assert (told.outlook.capacity, told.outlook.half) == (1200, half)
    assert any("Linux 6.8" in caveat for caveat in told.caveats) == (half is not None)
    assert told.caveats[-1] == "Never more than ip_local_port_range (20000-21199): widen that first."
    assert "21199u << 16 | 20000" in told.command


def test_a_socket_range_within_that_of_the_host() -> None:
    told, _ = predicted(taken(opened=9), "socket-range", PortRange(20_100, 20_199))
    assert (told.outlook.capacity, told.caveats) == (100, ())


@pytest.mark.parametrize(
    ("reuse", "timestamps", "remote", "expected"),
    [
        ("1", "1", 7, "Already set."),
        ("2", "1", LOOPBACK, "Already so towards loopback (tcp_tw_reuse is 2)."),
        ("0", "1", LOOPBACK, "Counts on peers that use timestamps too"),
        ("1", "0", 7, "No effect while tcp_timestamps is 0."),
    ],
)
def test_what_is_said_of_reuse(reuse: str, timestamps: str, remote: int, expected: str) -> None:
    now = taken(closed_at(2, 20), remote=remote, tcp_tw_reuse=reuse, tcp_timestamps=timestamps)
    told, _ = predicted(now, "reuse")
    assert told.caveats[0].startswith(expected)


def test_reuse_frees_what_waits_now() -> None:
    told, budget = predicted(taken(closed_at(10, 20), tcp_tw_reuse="0"), "reuse")
    assert (budget.outlook.held, told.outlook.held) == (200, 10)


def test_the_range_in_force_is_called_so() -> None:
    told, budget = predicted(taken(opened=9), "range", PortRange(20_000, 21_199))
    assert told.caveats == ("This is the range in force.",)
    assert told.outlook.capacity == budget.outlook.capacity


@pytest.mark.parametrize(
    ("local", "begin", "address", "caveats"),
    [
        (LOOPBACK, "setsockopt", "127.0.0.2", 1),
        (LOOPBACK + 1, "setsockopt", "127.0.0.3", 1),
        (MAPPED_PREFIX | 9, "ip address add ADDRESS/32", "ADDRESS", 2),
    ],
)
def test_all_of_127_is_there_already(local: int, begin: str, address: str, caveats: int) -> None:
    now = taken(opened=9, remote=LOOPBACK if local != MAPPED_PREFIX | 9 else MAPPED_PREFIX | 7)
    sockets = replace(now.sockets, local_lo=np.full(9, local, np.uint64))
    told, _ = predicted(snapshot(sockets, sysctls=now.sysctls), "source")
    assert told.command.startswith(begin)
    assert told.command.endswith(
        f"IP_BIND_ADDRESS_NO_PORT /* 24 */, &(int){{1}}, 4); bind(fd, {{{address}, port 0}})"
    )
    assert len(told.caveats) == caveats


def test_where_connect_chooses_there_is_nothing_to_gain_from_choosing_late() -> None:
    told, budget = predicted(taken(opened=9), "no-port")
    assert told.outlook.capacity == budget.outlook.capacity
    assert told.caveats[0].startswith("No effect")
