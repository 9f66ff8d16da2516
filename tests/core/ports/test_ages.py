from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import rows_of, snapshots, table, unhurried
from tests.lab.oracle import eventually, states
from twtop.core.drain import drain
from twtop.core.ports.ages import closed_within, past
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.states import State, Timer
from twtop.lab import bulk
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.lab.lab import Lab

LIFE_S = 60


def waits(left_ms: Sequence[int]) -> Snapshot:
    count = len(left_ms)
    return snapshot(
        table(state=[State.TIME_WAIT] * count, timer=[Timer.TIMEWAIT] * count, expires_ms=left_ms)
    )


def all_rows(taken: Snapshot) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.arange(len(taken.sockets))


@unhurried
@given(snapshots, st.integers(1, 60))
def test_the_past_is_no_less_than_what_is_left_of_it(taken: Snapshot, seconds: int) -> None:
    rows = rows_of(taken.sockets)
    ages = [taken.life_ms - row.expires_ms if row.state == State.TIME_WAIT else 10**9 for row in rows]
    there = [sum(age >= 1000 * ago for age in ages) for ago in range(seconds, 0, -1)]
    estimated = past(taken, all_rows(taken), seconds)
    assert len(estimated) == seconds
    assert (estimated >= there).all()


@pytest.mark.parametrize("rate", [1, 20, 500])
def test_a_steady_load_was_always_the_same(rate: int) -> None:
    count = rate * LIFE_S
    taken = waits([1000 * LIFE_S * nth // count for nth in range(1, count + 1)])
    assert past(taken, all_rows(taken)).tolist() == pytest.approx([count] * LIFE_S, abs=max(1, rate // 100))
    assert drain(taken, all_rows(taken)).tolist() == [count - rate * second for second in range(LIFE_S + 1)]
    assert closed_within(taken, all_rows(taken), 10) == rate * 10


@pytest.mark.parametrize("rate", [1, 20, 500])
def test_a_load_that_began_half_a_minute_ago_has_grown_since(rate: int) -> None:
    """Every socket that there ever was is still here: nothing has to be guessed."""
    count = rate * 30
    taken = waits([60_000 - 1000 * nth // rate for nth in range(count)])
    grown = [max(0, count - rate * ago) for ago in range(LIFE_S, 0, -1)]
    assert past(taken, all_rows(taken)).tolist() == grown


def test_a_long_life_is_taken_for_what_it_is() -> None:
    rate, life_s = 10, 120
    count = rate * life_s
    taken = waits([1000 * life_s * nth // count for nth in range(1, count + 1)])
    assert taken.life_ms == 1000 * life_s
    assert past(taken, all_rows(taken)).tolist() == pytest.approx([count] * 60, abs=1)
    assert drain(taken, all_rows(taken), life_s)[-1] == 0


def test_what_no_clock_ends_stays() -> None:
    taken = snapshot(table(state=[State.ESTAB] * 3))
    assert drain(taken, all_rows(taken)).tolist() == [3] * 61
    assert past(taken, all_rows(taken)).tolist() == [3] * 60


def test_only_the_rows_asked_for_count() -> None:
    taken = waits([30_000, 40_000, 50_000])
    assert drain(taken, np.array([1]))[[39, 40]].tolist() == [1, 0]
    assert drain(taken, np.empty(0, np.intp)).tolist() == [0] * 61
    assert past(taken, np.empty(0, np.intp)).tolist() == [0] * 60


def test_real_time_waits_came_just_now_and_go_in_a_minute(lab: Lab) -> None:
    bulk.time_waits(lab.client, 500)
    eventually(lambda: states(lab.client)["TIME-WAIT"], 500)
    with lab.client.entered(), LiveSource() as source:
        taken = source.take()
    rows = all_rows(taken)
    ahead = drain(taken, rows, 65)
    # The listener of the lab is there before and after.
    assert ahead[:30].tolist() == [501] * 30
    assert ahead[63:].tolist() == [1] * 3
    assert past(taken, rows)[:30].tolist() == [1] * 30
    assert closed_within(taken, rows, 30) == 500
