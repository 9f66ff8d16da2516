"""When looks were, and the way to one of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtop.errors import RecordingError
from twtop.recording.tape import Index
from twtop.sources.replay.course import FAR_S, NEAR_S, Budget, Pace, course
from twtop.sources.replay.schedule import Schedule


def schedule(wall_s: list[float], keys: set[int], sockets: int = 100) -> Schedule:
    count = len(wall_s)
    return Schedule.of(
        Index(
            number=np.arange(7, 7 + count),
            wall_s=np.array(wall_s, np.float64),
            is_key=np.array([row in keys for row in range(count)]),
            sockets=np.full(count, sockets, np.int64),
        )
    )


def each_second(count: int, sockets: int = 100) -> Schedule:
    return schedule([1000.0 + row for row in range(count)], set(range(0, count, 60)), sockets)


def test_times_and_rows() -> None:
    hour = schedule([0.0, 1.0, 2.0, 3.0, 60.0, 61.0, 62.0], {0, 4})
    assert [hour.row_at(wall_s) for wall_s in (-5, 0, 2.5, 59, 60, 1e9)] == [0, 0, 2, 3, 4, 6]
    assert [hour.row_of(number) for number in (0, 7, 10, 13, 99)] == [0, 0, 3, 6, 6]
    assert [hour.begin(row) for row in range(7)] == [0, 0, 0, 0, 4, 4, 4]
    assert [hour.next_begin(row) for row in range(7)] == [4, 4, 4, 4, 7, 7, 7]
    assert [hour.gap_s(row) for row in range(7)] == [0, 0, 0, 0, 57, 0, 0]
    assert [hour.key(row) for row in (0, 3, 4, 6)] == [0, 0, 4, 4]
    assert [hour.next_key(row) for row in (0, 3, 4)] == [4, 4, None]
    assert hour.since_last_s(0) == 0.0
    assert hour.since_last_s(4) == 57.0


def test_few_looks_a_minute_are_no_gaps() -> None:
    assert schedule([60.0 * row for row in range(9)], {0}).begins.tolist() == [0]
    assert schedule([5.0], {0}).begins.tolist() == [0]


def test_a_clock_that_was_set_back_stands_still() -> None:
    back = schedule([10.0, 11.0, 5.0, 6.0, 12.0], {0})
    assert back.wall_s.tolist() == [10.0, 11.0, 11.0, 11.0, 12.0]
    assert back.row_at(11.5) == 3


def test_growth_is_noticed() -> None:
    short, longer = each_second(10), each_second(11)
    assert short.is_of(each_second(10).index)
    assert not short.is_of(longer.index)


def test_the_way_to_a_look_is_the_minute_before_and_full_looks_farther_back() -> None:
    steps = course(each_second(900), 800, None, Pace(), Budget(1e9))
    far = [step.row for step in steps if step.row < 720]
    assert far == [row for row in range(0, 720, 60) if row >= 800 - FAR_S]
    near = [step for step in steps if step.row >= 720]
    assert [step.row for step in near] == list(range(720, 801))
    assert {step.row for step in near if not step.seen} <= {
        row for row in range(720, 800) if row < 800 - NEAR_S
    }


def test_what_costs_too_much_is_left_out_but_for_the_looks_right_before() -> None:
    steps = course(each_second(900, sockets=500_000), 800, None, Pace(), Budget(0.0, least=2))
    assert [step.row for step in steps] == list(range(780, 801))
    assert [step.row for step in steps if step.seen] == [798, 799, 800]


def test_going_on_takes_one_step() -> None:
    (step,) = course(each_second(900), 801, 800, Pace(), Budget(0.0))
    assert (step.row, step.number, step.seen) == (801, 808, True)


def test_a_pace_is_learned() -> None:
    pace = Pace()
    for _ in range(20):
        pace.learn(90_000, 2.0, seen=True)
        pace.learn(90_000, 0.1, seen=False)
    assert pace.cost_s(90_000, seen=True) == pytest.approx(2.0, rel=0.01)
    assert pace.cost_s(190_000, seen=False) == pytest.approx(0.2, rel=0.01)


@given(
    gaps=st.lists(st.sampled_from([0.1, 1.0, 1.0, 1.0, 2.0, 50.0, 4000.0]), min_size=1, max_size=60),
    data=st.data(),
    cpu_s=st.sampled_from([0.0, 0.02, 0.1, 1e9]),
    least=st.integers(0, 3),
)
def test_every_way_can_be_gone(gaps: list[float], data: st.DataObject, cpu_s: float, least: int) -> None:
    wall_s = np.cumsum(gaps).tolist()
    keys = {0} | data.draw(st.sets(st.integers(0, len(gaps) - 1)))
    made = schedule(wall_s, keys)
    row = data.draw(st.integers(0, len(gaps) - 1))
    begin = made.begin(row)
    since = data.draw(st.none() | st.integers(begin, row - 1)) if row > begin else None
    steps = course(made, row, since, Pace(), Budget(cpu_s, least))
    before = since
    for step in steps:
        # Nothing is decoded without what comes before it.
        assert step.row in keys or before == step.row - 1
        assert before is None or step.row > before
        assert not step.seen or step.row >= begin
        before = step.row
    assert steps[-1].row == row
    assert steps[-1].seen
    seen = {step.row for step in steps if step.seen}
    decoded = {step.row for step in steps}
    assert {each for each in range(max(begin, row - min(least, 2)), row) if each in decoded} <= seen


def test_nothing_can_be_decoded_before_the_first_full_look() -> None:
    with pytest.raises(RecordingError, match="begins in the middle of a minute"):
        course(schedule([1.0, 2.0, 3.0], {2}), 1, None, Pace(), Budget(1.0))
