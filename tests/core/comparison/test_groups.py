"""Groups of two moments: sums that add up for arbitrary tables, and the same as counted socket by socket."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import later, rows_of, snapshots, table, unhurried
from twtop.core.comparison.groups import Counts, GroupChanges, compare_groups
from twtop.core.comparison.side import BY_ENDS, Side, pairs, why_unpaired
from twtop.core.filter import parse
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.sockets import Sockets
from twtop.core.states import State
from twtop.core.table.keys import KEYS
from twtop.core.table.view import Spec

KEY_LISTS = (("state",), ("state", "peer"), ("peer", "state", "role"), ("local-port",), tuple(KEYS))
FILTERS = ("", "state time-wait", "dport < 1000 or established", "state estab state close-wait")
ALL = 10**6


def spec(text: str) -> Spec:
    return Spec(parse(text)) if text else Spec()


def compared(
    before: Snapshot, after: Snapshot, keys: tuple[str, ...], chosen: str = "", most: int = ALL
) -> GroupChanges:
    first, second = Side.of(before), Side.of(after)
    return compare_groups(first, second, pairs(first, second), spec(chosen), keys, most)


def summed(changes: GroupChanges) -> Counts:
    rows = [change.counts for change in changes.shown]
    return Counts(*map(sum, zip(*rows, changes.others, strict=True)))


def adds_up(counts: Counts) -> bool:
    grown = counts.appeared + counts.came - counts.vanished - counts.left
    return counts.after == counts.before + grown and min(counts) >= 0 and counts.stayed >= 0


twice = st.builds(
    lambda first, seed, count: (first, later(first, seed, count)),
    snapshots,
    st.integers(0, 2**32),
    st.sampled_from((60, 20, 0)),
)
"""A moment, and one in which some of its sockets are left."""


@unhurried
@given(twice, st.sampled_from(KEY_LISTS), st.sampled_from(FILTERS), st.sampled_from((ALL, 3, 0)))
def test_sums_add_up(
    moments: tuple[Snapshot, Snapshot], keys: tuple[str, ...], chosen: str, most: int
) -> None:
    changes = compared(*moments, keys, chosen, most)
    total, groups = changes.total, summed(changes)
    assert adds_up(total)
    assert all(adds_up(change.counts) for change in changes.shown)
    assert groups[:4] == total[:4]
    assert groups.came - groups.left == total.came - total.left
    masks = [spec(chosen).filter.mask(each.sockets) for each in moments]
    assert [total.before, total.after] == [int(mask.sum()) for mask in masks]
    for change in changes.shown:
        counts = change.counts
        assert (sum(change.became), change.became[0]) == (counts.before, counts.vanished)
        assert (sum(change.were), change.were[0]) == (counts.after, counts.appeared)


@unhurried
@given(twice, st.sampled_from(KEY_LISTS), st.sampled_from(FILTERS))
def test_it_is_what_counting_socket_by_socket_gives(
    moments: tuple[Snapshot, Snapshot], keys: tuple[str, ...], chosen: str
) -> None:
    groups: list[dict[int, tuple[str, ...]]] = []
    everywhere = [set(each.sockets.cookie.tolist()) for each in moments]
    for each in moments:
        mask = spec(chosen).filter.mask(each.sockets)
        groups.append(
            {row.cookie: _key(each, at, keys) for at, row in enumerate(rows_of(each.sockets)) if mask[at]}
        )
    old, new = groups
    expected = {}
    for key in {*old.values(), *new.values()}:
        was = {cookie for cookie in old if old[cookie] == key}
        is_ = {cookie for cookie in new if new[cookie] == key}
        appeared, vanished = is_ - everywhere[0], was - everywhere[1]
        came, left = is_ - was - appeared, was - is_ - vanished
        expected[key] = Counts(*map(len, (was, is_, appeared, vanished, came, left)))
    changes = compared(*moments, keys, chosen)
    found = {}
    for change in changes.shown:
        found[_key(moments[change.in_after], change.row, keys)] = change.counts
    assert found == expected


def _key(of: Snapshot, row: int, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Write the columns of the keys, as far as they are told apart: one text may stand for several."""
    columns = [column for key in keys for column in KEYS[key].columns(of.sockets, of.server)]
    return tuple(str(int(column[row])) for column in columns)


@unhurried
@given(snapshots, st.sampled_from(KEY_LISTS), st.sampled_from(FILTERS))
def test_a_moment_compared_with_itself_has_not_changed(
    moment: Snapshot, keys: tuple[str, ...], chosen: str
) -> None:
    changes = compared(moment, moment, keys, chosen, most=5)
    assert not any(change.word for change in changes.shown)
    assert changes.others_changed == 0
    assert changes.total[2:] == (0, 0, 0, 0)
    assert changes.total.stayed == changes.total.after


def of_states(*states: State, first: int = 1) -> Snapshot:
    cookies = range(first, first + len(states))
    return snapshot(table(state=states, cookie=cookies, remote_port=[443] * len(states)))


def test_the_greatest_change_comes_first_and_each_has_its_word() -> None:
    estab, waiting, closing = State.ESTAB, State.TIME_WAIT, State.CLOSE_WAIT
    before = of_states(estab, estab, estab, closing, State.LISTEN, State.SYN_SENT)
    after = of_states(estab, waiting, waiting, closing, State.LISTEN, estab, waiting, first=1)
    changes = compared(before, after, ("state",))
    told = [
        (State(int((after if each.in_after else before).sockets.state[each.row])).label, each.word)
        for each in changes.shown
    ]
    assert told[:3] == [("TIME-WAIT", "appeared"), ("ESTAB", "shrank"), ("SYN-SENT", "vanished")]
    assert set(told[3:]) == {("LISTEN", ""), ("CLOSE-WAIT", "")}
    waits, gone = changes.shown[0], changes.shown[1]
    assert waits.counts == Counts(before=0, after=3, appeared=1, vanished=0, came=2, left=0)
    assert gone.counts == Counts(before=3, after=2, appeared=0, vanished=0, came=1, left=2)
    assert gone.became[State.TIME_WAIT] == 2
    assert gone.were[State.SYN_SENT] == 1


def test_a_group_of_as_many_other_sockets_was_renewed() -> None:
    changes = compared(of_states(State.ESTAB), of_states(State.ESTAB, first=9), ("state",))
    assert [change.word for change in changes.shown] == ["renewed"]


def test_without_pairs_only_numbers_are_told() -> None:
    first, second = Side.of(of_states(State.ESTAB)), Side.of(of_states(State.ESTAB, State.ESTAB, first=5))
    (change,) = compare_groups(first, second, None, Spec(), ("state",), ALL).shown
    assert change.counts == Counts(1, 2, 0, 0, 0, 0)
    assert change.word == "grew"


@pytest.mark.parametrize(
    ("earlier", "later_", "reason"),
    [
        ({}, {}, ""),
        ({"exact_cookies": False}, {"exact_cookies": False}, ""),
        ({"exact_cookies": False}, {}, "only one of the two moments was read with the kernel's cookies"),
        ({"instant_s": 900.0}, {"instant_s": 5.0}, "the machine was started anew between them"),
    ],
)
def test_why_sockets_of_two_moments_cannot_be_told_to_be_the_same(
    earlier: dict[str, float], later_: dict[str, float], reason: str
) -> None:
    of = of_states(State.ESTAB)
    first = Side.of(replace(of, **{"wall_s": 1.0, "instant_s": 1.0, **earlier}))  # type: ignore[arg-type]
    second = Side.of(replace(of, **{"wall_s": 2.0, "instant_s": 2.0, **later_}))  # type: ignore[arg-type]
    assert why_unpaired(first, second) == reason
    assert "cookies" in BY_ENDS


def test_one_namespace_of_several_is_compared_alone() -> None:
    both = snapshot(table(state=[State.ESTAB] * 3, netns=[7, 8, 7], cookie=[1, 2, 3]))
    side = Side.of(both, netns=7)
    assert side.sockets.cookie.tolist() == [1, 3]
    at, there = side.cookies.find(np.array([3, 2], np.uint64))
    assert there.tolist() == [True, False]
    assert at[0] == 1
    assert len(Side.of(snapshot(Sockets.empty()), netns=7).sockets) == 0
