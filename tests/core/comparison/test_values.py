"""Counters, sysctls and port budgets of two moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import later, snapshots, unhurried
from twtop.core.comparison.ports import PortUse, compare_ports
from twtop.core.comparison.values import (
    CounterChange,
    SysctlChange,
    began_anew,
    compare_counters,
    compare_sysctls,
)
from twtop.core.counters import Counters
from twtop.core.ports.usage import port_usage
from twtop.core.sysctls import Sysctls

if TYPE_CHECKING:
    from twtop.core.snapshot import Snapshot

BEFORE = Counters(
    {"Tcp.ActiveOpens": 10, "TcpExt.TW": 5, "Tcp.CurrEstab": 9, "TcpExt.New": 1, "Tcp.InErrs": 3}
)
AFTER = Counters(
    {"Tcp.ActiveOpens": 30, "TcpExt.TW": 9, "Tcp.CurrEstab": 2, "Tcp.InErrs": 3, "TcpExt.Other": 4}
)


def test_what_moved_is_told_with_its_rate_and_gauges_with_their_change() -> None:
    assert compare_counters(BEFORE, AFTER, 4.0) == [
        CounterChange("Tcp.ActiveOpens", 10, 30, 5.0),
        CounterChange("TcpExt.TW", 5, 9, 1.0),
        CounterChange("Tcp.CurrEstab", 9, 2, None),
    ]
    assert not began_anew(BEFORE, AFTER)


def test_a_counter_that_fell_began_anew_and_has_no_rate() -> None:
    (fell,) = compare_counters(Counters({"TcpExt.TW": 9}), Counters({"TcpExt.TW": 2}), 4.0)
    assert (fell.change, fell.per_s) == (-7, None)
    assert began_anew(Counters({"TcpExt.TW": 9}), Counters({"TcpExt.TW": 2}))
    assert compare_counters(BEFORE, AFTER, 0.0)[0].per_s is None


def test_sysctls_that_changed_came_or_went_are_told_and_those_that_were_not_read_are_not() -> None:
    before = Sysctls({"a": "1", "b": "2", "gone": "x", "unread": "1"})
    after = Sysctls({"a": "1", "b": "3", "new": "y"}, {"unread": "permission denied"})
    assert compare_sysctls(before, after) == [
        SysctlChange("b", "2", "3"),
        SysctlChange("gone", "x", None),
        SysctlChange("new", None, "y"),
    ]


def use(snapshot: Snapshot) -> PortUse:
    return PortUse.of(port_usage(snapshot), snapshot.sockets)


@unhurried
@given(snapshots, st.integers(0, 2**32), st.sampled_from((0, 3, 10**6)))
def test_budgets_are_those_of_each_moment(before: Snapshot, seed: int, most: int) -> None:
    after = later(before, seed, 40)
    first, second = use(before), use(after)
    changes = compare_ports(first, second, most)
    usage = [
        {use.destination(at): (int(use.used[at]), int(use.limit[at])) for at in range(len(use.used))}
        for use in (first, second)
    ]
    everywhere = usage[0].keys() | usage[1].keys()
    none = (0, 0)
    moved = [end for end in everywhere if usage[0].get(end, none)[0] != usage[1].get(end, none)[0]]
    assert len(changes.shown) == min(most, len(moved))
    assert len(changes.shown) + changes.others == len(moved)
    for row in changes.shown:
        assert (row.before, row.limit_before) == usage[0].get(row.destination, none)
        assert (row.after, row.limit_after) == usage[1].get(row.destination, none)
    sizes = [abs(row.change) for row in changes.shown]
    assert sizes == sorted(sizes, reverse=True)


@unhurried
@given(snapshots)
def test_budgets_of_one_moment_do_not_differ(moment: Snapshot) -> None:
    changes = compare_ports(use(moment), use(moment), 9)
    assert changes.shown == ()
    assert changes.others == 0
