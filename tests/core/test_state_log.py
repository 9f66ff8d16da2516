"""The log of births: against a list, and how it forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import later, snapshots, table
from twtop.core.changes import follow
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.state_log import Birth, Seen, StateLog, merged
from twtop.core.states import State

if TYPE_CHECKING:
    from twtop.core.changes import Moment

START_S = 1_700_000_000.0


def moments(*tables: dict[int, State]) -> list[Moment]:
    """Return a moment a second, each with the cookies and states given."""
    made: list[Moment] = []
    for second, states in enumerate(tables):
        sockets = table(cookie=list(states), state=[int(state) for state in states.values()])
        taken = snapshot(sockets, wall_s=START_S + second, instant_s=float(second))
        made.append(follow(made[-1] if made else None, taken))
    return made


def logged(*tables: dict[int, State], room: int = 100) -> StateLog:
    log = StateLog(room)
    for moment in moments(*tables):
        log.add(moment)
    return log


def test_a_socket_is_followed_through_its_states() -> None:
    log = logged(
        {1: State.ESTAB},
        {1: State.ESTAB, 2: State.SYN_SENT},
        {1: State.FIN_WAIT_2, 2: State.ESTAB},
        {1: State.TIME_WAIT, 2: State.ESTAB},
    )
    assert log.of(1) == [
        Birth(State.FIN_WAIT_2, State.ESTAB, START_S + 2),
        Birth(State.TIME_WAIT, State.FIN_WAIT_2, START_S + 3),
    ]
    assert log.of(2) == [
        Birth(State.SYN_SENT, 0, START_S + 1),
        Birth(State.ESTAB, State.SYN_SENT, START_S + 2),
    ]
    assert log.of(3) == []
    assert log.start_s == log.reaches_s == START_S


def test_what_was_there_at_first_was_not_born() -> None:
    log = logged({1: State.ESTAB, 2: State.LISTEN}, {1: State.ESTAB, 2: State.LISTEN})
    assert log.of(1) == log.of(2) == []


def test_the_oldest_are_forgotten_first() -> None:
    tables = [{number: State.ESTAB} for number in range(1, 12)]
    log = logged({}, *tables, room=5)
    assert [len(log.of(number)) for number in range(1, 12)] == [0] * 6 + [1] * 5
    assert log.reaches_s == START_S + 7
    assert log.of(11) == [Birth(State.ESTAB, 0, START_S + 11)]


def test_more_births_at_once_than_there_is_room_for() -> None:
    log = logged({}, dict.fromkeys(range(1, 13), State.ESTAB), room=5)
    assert sum(len(log.of(number)) for number in range(1, 13)) == 5


def test_order_is_kept_where_the_room_begins_anew() -> None:
    flips = [{1: State.SYN_SENT if second % 2 else State.ESTAB} for second in range(20)]
    for room in range(2, 9):
        seen = logged(*flips, room=room).of(1)
        assert [birth.wall_s for birth in seen] == [START_S + second for second in range(20 - room, 20)]


@given(snapshots, st.integers(0, 2**32), st.sampled_from((0, 5, 60)))
def test_births_are_those_of_the_moments(first: Snapshot, seed: int, count: int) -> None:
    log, moment = StateLog(), follow(None, first)
    expected: dict[int, list[int]] = {}
    log.add(moment)
    for step in range(3):
        moment = follow(moment, later(moment.snapshot, seed + step, count))
        log.add(moment)
        sockets = moment.snapshot.sockets
        for row in np.flatnonzero(moment.born).tolist():
            expected.setdefault(int(sockets.cookie[row]), []).append(int(sockets.state[row]))
    for cookie, states in expected.items():
        assert [birth.state for birth in log.of(cookie)] == states


def test_it_takes_four_megabytes_at_most() -> None:
    log = StateLog()
    assert sum(column.nbytes for column in (log._cookie, log._states, log._after_s)) <= 4_000_000


def test_an_empty_log_says_nothing() -> None:
    log = StateLog()
    assert (log.of(7), log.start_s, log.reaches_s) == ([], 0.0, 0.0)
    with pytest.raises(OverflowError):
        log.of(-1)


ESTAB, FIN_WAIT_2, TIME_WAIT, CLOSING = State.ESTAB, State.FIN_WAIT_2, State.TIME_WAIT, State.CLOSING


@pytest.mark.parametrize(
    ("log", "looks", "course"),
    [
        ([], [(FIN_WAIT_2, 5.0)], [(FIN_WAIT_2, 5.0)]),
        ([(FIN_WAIT_2, 4.0)], [], [(FIN_WAIT_2, 4.0)]),
        ([(FIN_WAIT_2, 5.0)], [(FIN_WAIT_2, 4.0)], [(FIN_WAIT_2, 5.0)]),
        ([(TIME_WAIT, 6.0)], [(FIN_WAIT_2, 5.0), (TIME_WAIT, 7.0)], [(FIN_WAIT_2, 5.0), (TIME_WAIT, 6.0)]),
        # The log's clock is that of the end of a dump, when a look found more already.
        ([(TIME_WAIT, 5.0)], [(FIN_WAIT_2, 5.1), (TIME_WAIT, 5.2)], [(FIN_WAIT_2, 5.1), (TIME_WAIT, 5.0)]),
        ([(FIN_WAIT_2, 5.2), (TIME_WAIT, 6.0)], [(TIME_WAIT, 5.1)], [(FIN_WAIT_2, 5.2), (TIME_WAIT, 6.0)]),
        ([(CLOSING, 5.0)], [(TIME_WAIT, 6.0)], [(CLOSING, 5.0), (TIME_WAIT, 6.0)]),
        ([(TIME_WAIT, 6.0)], [(CLOSING, 5.0)], [(CLOSING, 5.0), (TIME_WAIT, 6.0)]),
    ],
)
def test_what_one_record_missed_is_in_the_other(
    log: list[tuple[int, float]], looks: list[tuple[int, float]], course: list[tuple[int, float]]
) -> None:
    assert merged([Seen(*seen) for seen in log], [Seen(*seen) for seen in looks]) == course


@given(st.lists(st.sampled_from(State), unique=True), st.data())
def test_two_parts_of_one_course_make_no_other(states: list[State], data: st.DataObject) -> None:
    course = [Seen(state, float(second)) for second, state in enumerate(states)]
    log, looks = ([seen for seen in course if data.draw(st.booleans())] for _ in range(2))
    assert merged(log, looks) == sorted({*log, *looks}, key=course.index)
