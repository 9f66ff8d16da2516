"""What counters did lately: rates, totals, and an order in which nothing jumps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtop.core.counter_history import LATELY_S, CounterCourse, CounterHistory, Movement
from twtop.core.counters import Counters

NAMES = ("TcpExt.ListenOverflows", "Tcp.ActiveOpens", "TcpExt.TW")
FIRST, SECOND, THIRD = NAMES


def course(*readings: tuple[float, dict[str, int]]) -> CounterCourse:
    """Return what is known after the last of some readings."""
    history = CounterHistory()
    return [history.add(instant_s, Counters(values)) for instant_s, values in readings][-1]


def movement(*readings: tuple[float, int], name: str = FIRST) -> Movement:
    found = course(*((instant_s, {name: value}) for instant_s, value in readings)).movement(name)
    assert found is not None
    return found


def test_the_first_reading_is_compared_with_nothing() -> None:
    assert movement((100.0, 7)) == Movement(7, None, None, 0, 0, None)


def test_the_rate_is_since_the_reading_before_and_the_smoothed_one_over_ten_seconds() -> None:
    # Grows by 10 a second for 20 s, then by 40 in the last.
    readings = [(float(second), 5 + 10 * second) for second in range(20)]
    found = movement(*readings, (20.0, 235))
    assert found.rate == 40
    assert found.smoothed == (235 - 105) / 10
    assert found.recent == 130
    assert found.total == 230
    assert found.quiet_s == 0
    assert found.is_moving


def test_the_smoothed_rate_begins_with_what_there_is() -> None:
    found = movement((0.0, 0), (1.0, 8), (2.0, 8))
    assert (found.rate, found.smoothed) == (0, 4)


def test_readings_further_apart_than_the_span_are_compared_all_the_same() -> None:
    found = movement((0.0, 0), (60.0, 30), (120.0, 90))
    assert (found.rate, found.smoothed) == (1, 1)


def test_a_counter_stops_to_move_ten_seconds_later() -> None:
    moves = [(0.0, 0), (1.0, 1)]
    assert movement(*moves, (10.0, 1)).is_moving
    stopped = movement(*moves, (11.0, 1))
    assert not stopped.is_moving
    assert stopped.quiet_s == 10


def test_a_gauge_has_changes_and_no_rates() -> None:
    found = movement((0.0, 9), (5.0, 7), (20.0, 3), name="sockstat.TCP.tw")
    assert found == Movement(3, None, None, -4, -6, 0)


def test_a_counter_that_goes_backwards_has_no_rate() -> None:
    found = movement((0.0, 9), (1.0, 3))
    assert (found.rate, found.smoothed) == (None, None)


def test_what_the_kernel_lacks_did_nothing() -> None:
    assert course((0.0, {FIRST: 1})).movement(SECOND) is None


def test_a_counter_that_appears_later_counts_from_there() -> None:
    found = course((0.0, {FIRST: 1}), (1.0, {FIRST: 1, SECOND: 50}), (2.0, {FIRST: 1, SECOND: 51}))
    later = found.movement(SECOND)
    assert later is not None
    assert (later.rate, later.smoothed, later.total) == (1, None, 1)


def test_a_reading_that_failed_is_skipped() -> None:
    readings = [(0.0, {FIRST: 1}), (1.0, {}), (2.0, {FIRST: 5})]
    failed = course(*readings[:2])
    assert failed.movement(FIRST) is None
    found = course(*readings).movement(FIRST)
    assert found is not None
    assert (found.rate, found.total, found.quiet_s) == (2, 4, 0)
    assert course((0.0, {})).movement(FIRST) is None


def test_the_reasons_come_with_the_reading() -> None:
    history = CounterHistory()
    assert history.add(0.0, Counters({}, ("netstat: permission denied",))).unreadable == (
        "netstat: permission denied",
    )


def test_those_that_moved_come_first_in_the_order_given() -> None:
    found = course((0.0, dict.fromkeys(NAMES, 0)), (1.0, {FIRST: 0, SECOND: 3, THIRD: 9}))
    assert found.in_order_of_movement(NAMES) == ([SECOND, THIRD], [FIRST])


def test_those_that_stopped_follow_the_latest_first() -> None:
    zero = dict.fromkeys(NAMES, 0)
    readings = [
        (0.0, zero),
        (1.0, {**zero, FIRST: 1}),
        (12.0, {FIRST: 1, SECOND: 1, THIRD: 0}),
        (40.0, {FIRST: 1, SECOND: 1, THIRD: 1}),
    ]
    assert course(*readings).in_order_of_movement(NAMES) == ([THIRD, SECOND, FIRST], [])


@given(st.lists(st.sets(st.sampled_from(NAMES)), max_size=40))
def test_nothing_that_stands_still_or_keeps_moving_ever_swaps_places(moves: list[set[str]]) -> None:
    history = CounterHistory()
    values = dict.fromkeys(NAMES, 0)
    order: list[str] = []
    for second, moving in enumerate(moves):
        values = {name: value + (name in moving) for name, value in values.items()}
        now = history.add(float(second), Counters(values))
        before, (order, _) = order, now.in_order_of_movement(NAMES)
        # Only one that begins to move, or has just stopped, may change its place.
        settled = [name for name in before if name not in moving and _quiet(now, name) >= LATELY_S + 1]
        assert [name for name in order if name in settled] == settled


def _quiet(now: CounterCourse, name: str) -> float:
    found = now.movement(name)
    assert found is not None
    assert found.quiet_s is not None
    return found.quiet_s


@pytest.mark.parametrize("interval_s", [0.05, 0.5, 1.0, 3.0])
def test_what_is_kept_is_bounded(interval_s: float) -> None:
    history = CounterHistory()
    now = None
    for number in range(400):
        now = history.add(number * interval_s, Counters({FIRST: number}))
    assert now is not None
    assert len(history._readings) <= LATELY_S / 0.4 + 2
    found = now.movement(FIRST)
    assert found is not None
    assert found.smoothed == pytest.approx(1 / interval_s)
    assert LATELY_S <= now.span_s < LATELY_S + 0.5 + interval_s
