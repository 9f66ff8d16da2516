"""Merging; what is measured of a group is checked with the groups."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import crowd, moment_of, table, unhurried
from twtop.core.runs import Runs
from twtop.core.states import State, Timer
from twtop.core.table.measures import HISTOGRAM_BINS, Measures, measure
from twtop.core.timers import NO_END

ONE = Runs(np.arange(1), np.zeros(1, np.intp))


def same(one: Measures, other: Measures) -> bool:
    return all(
        np.array_equal(getattr(one, each.name), getattr(other, each.name)) for each in fields(Measures)
    )


@unhurried
@given(st.integers(0, 2**32), st.integers(1, 100), st.data())
def test_merged_groups_measure_what_one_group_would(seed: int, count: int, data: st.DataObject) -> None:
    moment = moment_of(crowd(seed, count))
    rows = np.random.default_rng(seed).permutation(len(moment.snapshot.sockets))
    places = st.lists(st.integers(1, len(rows)), unique=True).map(sorted)
    starts = np.array([0, *(at for at in data.draw(places) if at < len(rows))], np.intp)
    chosen = st.lists(st.integers(1, len(starts)), unique=True).map(sorted)
    runs = np.array([0, *(at for at in data.draw(chosen) if at < len(starts))], np.intp)
    assert same(measure(moment, Runs(rows, starts)).merged(runs), measure(moment, Runs(rows, starts[runs])))


def test_taking_chooses_and_orders() -> None:
    moment = moment_of(table(state=[State.ESTAB] * 6))
    measures = measure(moment, Runs(np.arange(6), np.array([0, 1, 3])))
    assert measures.sockets.tolist() == [1, 2, 3]
    assert measures.take(np.array([2, 0])).sockets.tolist() == [3, 1]
    assert len(measures) == 3


@pytest.mark.parametrize(
    ("expires_ms", "bin_"), [(0, 0), (7_499, 0), (7_500, 1), (52_500, 7), (60_000, 7), (61_100, 7)]
)
def test_the_histogram_spreads_a_life(expires_ms: int, bin_: int) -> None:
    waits = table(state=[State.TIME_WAIT], timer=[Timer.TIMEWAIT], expires_ms=[expires_ms])
    (histogram,) = measure(moment_of(waits), ONE).histogram.tolist()
    assert histogram == [int(nth == bin_) for nth in range(HISTOGRAM_BINS)]


def test_queues_of_many_listeners_do_not_overflow() -> None:
    full = table(state=[State.ESTAB] * 10, rqueue=[2**32 - 1] * 10, wqueue=[2**32 - 1] * 10)
    measures = measure(moment_of(full), Runs(np.arange(10), np.zeros(1, np.intp)))
    assert measures.rqueue.tolist() == measures.wqueue.tolist() == [10 * (2**32 - 1)]


def test_immortals_have_no_span() -> None:
    measures = measure(moment_of(table(state=[State.ESTAB])), ONE)
    assert (measures.shortest_ms[0], measures.longest_ms[0], measures.soon[0]) == (NO_END, -1, 0)
    assert not measures.histogram.any()
