"""Runs against dictionaries."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import rows_of, snapshots, unhurried
from twtop.core.runs import Runs
from twtop.core.states import State
from twtop.core.table.keys import KEYS

if TYPE_CHECKING:
    from twtop.core.snapshot import Snapshot

# Keys that differ in the high bits alone, and some that differ in the low ones alone.
keys = st.lists(
    st.sampled_from([1 << 63, 1 << 40, 7 << 16, 1 << 63 | 7 << 16, *range(7 << 50, (7 << 50) + 3)]),
    max_size=60,
)


def lists(runs: Runs) -> list[list[int]]:
    return [run.tolist() for run in np.split(runs.rows, runs.starts[1:])] if len(runs) else []


@given(keys)
def test_a_run_is_all_that_has_one_key(values: list[int]) -> None:
    runs = Runs.of(np.array(values, np.uint64))
    assert sorted(lists(runs)) == sorted(
        [row for row, value in enumerate(values) if value == key] for key in set(values)
    )
    assert [run[0] for run in lists(runs)] == runs.heads.tolist()


@given(keys, st.data())
def test_what_is_chosen_stays_in_its_run(values: list[int], data: st.DataObject) -> None:
    runs = Runs.of(np.array(values, np.uint64))
    some = [data.draw(st.booleans()) for _ in values]
    kept = [[row for row in run if some[row]] for run in lists(runs)]
    assert lists(runs.where(np.array(some, np.bool_))) == [run for run in kept if run]
    assert runs.sums(np.array(some, np.bool_)).tolist() == [len(run) for run in kept]
    picked = [data.draw(st.booleans()) for _ in kept]
    found = runs.pick(np.array(picked, np.bool_))
    assert lists(found) == [run for run, wanted in zip(lists(runs), picked, strict=True) if wanted]
    assert found.sizes.tolist() == [len(run) for run in lists(found)]


@unhurried
@given(snapshots)
def test_a_bundle_is_what_differs_in_a_clients_port_and_clocks_alone(taken: Snapshot) -> None:
    expected: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for nth, (row, server) in enumerate(zip(rows_of(taken.sockets), taken.server.tolist(), strict=True)):
        serving = server or row.state in (State.LISTEN, State.UNCONN)
        port = row.local_port if serving else row.remote_port
        ends = row.local_hi, row.local_lo, row.remote_hi, row.remote_lo
        expected[row.state, server, port, *ends].append(nth)
    assert sorted(map(sorted, lists(taken.bundles))) == sorted(expected.values())


@unhurried
@given(snapshots)
def test_bundles_agree_in_the_keys_that_do_not_split_them(taken: Snapshot) -> None:
    for key in KEYS.values():
        if not key.splits_bundles:
            columns = key.columns(taken.sockets, taken.server)
            for run in lists(taken.bundles):
                assert all(len(np.unique(column[run])) == 1 for column in columns)
