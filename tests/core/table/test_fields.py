from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import moment_of, moments, table, unhurried
from twtop.core.changes import follow
from twtop.core.runs import Runs
from twtop.core.signs import ASCII, UNICODE
from twtop.core.snapshot import snapshot
from twtop.core.states import State, Timer
from twtop.core.table.fields import DEFAULT_SORT, FIELDS, Cell
from twtop.core.table.measures import measure

if TYPE_CHECKING:
    from twtop.core.changes import Moment
    from twtop.core.signs import Signs
    from twtop.core.sockets import Sockets


def socket_text(name: str, sockets: Sockets, elapsed_ms: int = 0) -> str:
    return FIELDS[name].socket_text(Cell(moment_of(sockets), ASCII, elapsed_ms), 0)


def group_text(name: str, moment: Moment, elapsed_ms: int = 0) -> str:
    everyone = measure(moment, Runs(np.arange(len(moment.snapshot.sockets)), np.zeros(1, np.intp)))
    return FIELDS[name].group_text(Cell(moment, ASCII, elapsed_ms), everyone, 0)


@unhurried
@given(moments, st.integers(0, 10**5), st.sampled_from((UNICODE, ASCII)), st.sampled_from(list(FIELDS)))
def test_every_text_fits_its_column(moment: Moment, elapsed_ms: int, signs: Signs, name: str) -> None:
    field = FIELDS[name]
    assert len(field.title) <= field.width
    cell = Cell(moment, signs, elapsed_ms)
    rows = np.arange(len(moment.snapshot.sockets))
    starts = np.unique(np.array([0, len(rows) // 3, len(rows) // 2], np.intp)) if len(rows) else rows
    measures = measure(moment, Runs(rows, starts))
    texts = [field.socket_text(cell, row) for row in rows.tolist()]
    texts += [field.group_text(cell, measures, index) for index in range(len(measures))]
    assert max(map(len, texts), default=0) <= field.width
    assert field.group_value(measures).shape == (len(measures),)
    assert field.group_value(measures).dtype == field.socket_value(moment, rows).dtype == np.int64
    assert field.socket_value(moment, rows).shape == rows.shape


def test_the_default_is_a_column() -> None:
    assert DEFAULT_SORT in FIELDS
    assert [field.name for field in FIELDS.values()] == list(FIELDS)


@pytest.mark.parametrize(
    ("timer", "retrans", "text"),
    [
        (Timer.OFF, 0, ""),
        (Timer.ON, 0, "retrans"),
        (Timer.ON, 3, "retran/3"),
        (Timer.ON, 255, "retr/255"),
        (Timer.KEEPALIVE, 0, "keepaliv"),
        (Timer.PERSIST, 2, "persis/2"),
        (Timer.TIMEWAIT, 0, "timewait"),
        (Timer.DELACK, 0, "delack"),
        (6, 0, "timer-6"),
        (200, 0, "timer-20"),
    ],
)
def test_timers(timer: int, retrans: int, text: str) -> None:
    assert socket_text("histogram", table(state=[State.ESTAB], timer=[timer], retrans=[retrans])) == text


@pytest.mark.parametrize(
    ("timer", "expires_ms", "elapsed_ms", "text"),
    [
        (Timer.TIMEWAIT, 43_000, 0, "43s"),
        (Timer.TIMEWAIT, 43_000, 40_000, "3.0s"),
        (Timer.TIMEWAIT, 43_000, 50_000, "0.0s"),
        (Timer.ON, 1_500, 500, "(1.0s)"),
        (Timer.KEEPALIVE, 7_200_000, 0, "(2h00m)"),
        (Timer.OFF, 0, 0, ""),
    ],
)
def test_only_a_clock_that_ends_the_socket_stands_without_brackets(
    timer: Timer, expires_ms: int, elapsed_ms: int, text: str
) -> None:
    sockets = table(state=[State.TIME_WAIT], timer=[timer], expires_ms=[expires_ms])
    assert socket_text("left", sockets, elapsed_ms) == text


@pytest.mark.parametrize(
    ("state", "receive", "send", "text"),
    [
        (State.ESTAB, 0, 0, ""),
        (State.ESTAB, 0, 33_624, "0/33,624"),
        (State.ESTAB, 127_480, 33_624, "127k/33k"),
        (State.LISTEN, 0, 0, "0/0"),
        (State.LISTEN, 0, 4_096, "0/4,096"),
        (State.LISTEN, 129, 4_096, "129/4,096"),
        (State.CLOSE_WAIT, 1, 0, "1/0"),
        (State.ESTAB, 2**32 - 1, 2**32 - 1, "4.2G/4.2G"),
    ],
)
def test_queues(state: State, receive: int, send: int, text: str) -> None:
    sockets = table(state=[state], rqueue=[receive], wqueue=[send])
    assert socket_text("queues", sockets) == text
    assert group_text("queues", moment_of(sockets)) == ("" if text == "0/0" else text)


def test_a_group_ticks_and_counts() -> None:
    waits = table(state=[State.TIME_WAIT] * 3, timer=[Timer.TIMEWAIT] * 3, expires_ms=[500, 9_000, 60_000])
    moment = moment_of(waits)
    assert group_text("sockets", moment) == "3"
    assert [group_text("left", moment, elapsed) for elapsed in (0, 2_000, 90_000)] == ["1-60s", "0-58s", "0s"]
    assert group_text("soon", moment) == "2"
    assert group_text("histogram", moment) == "@@     @"
    assert group_text("left", moment_of(table(state=[State.ESTAB]))) == ""


def test_rates_need_a_snapshot_before() -> None:
    first = moment_of(table(state=[State.ESTAB] * 2, cookie=[1, 2]))
    assert group_text("born", first) == group_text("gone", first) == ""
    now = follow(first, snapshot(table(state=[State.ESTAB] * 3, cookie=[2, 3, 4]), instant_s=2))
    assert group_text("born", now) == "1.0"
    assert FIELDS["born"].socket_text(Cell(now, ASCII, 0), 0) == ""
    assert FIELDS["born"].socket_text(Cell(now, ASCII, 0), 1) == "new"
