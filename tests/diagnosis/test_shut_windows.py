"""For how long a peer has taken nothing, from persist timers seen now and before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.core.build import table
from twtop.core.states import State, Timer
from twtop.diagnosis.shut_windows import ShutWindows, shut_windows

if TYPE_CHECKING:
    from twtop.core.sockets import Sockets


def sockets(*, expires_ms: list[int], wqueue: list[int], timer: Timer = Timer.PERSIST) -> Sockets:
    count = len(expires_ms)
    return table(
        state=[State.ESTAB] * count,
        timer=[timer] * count,
        cookie=range(count, 0, -1),
        expires_ms=expires_ms,
        wqueue=wqueue,
    )


def of(table: Sockets, before: ShutWindows | None = None, seconds: float = 0.0) -> ShutWindows:
    return shut_windows(table, np.arange(len(table)), before, seconds)


def test_at_first_it_has_been_shut_for_as_long_as_the_next_probe_is_away() -> None:
    windows = of(sockets(expires_ms=[12_000, 200, 10_000], wqueue=[9, 9, 9]))
    assert windows.cookies.tolist() == [1, 2, 3]
    assert windows.shut_s.tolist() == [10, 0.2, 12]
    assert windows.longer_than(10).tolist() == [0, 2]
    assert windows.longest_s(np.array([1, 2])) == 10


def test_other_timers_are_none_of_its_business() -> None:
    assert len(of(sockets(expires_ms=[12_000], wqueue=[9], timer=Timer.ON)).rows) == 0


def test_what_stays_shut_grows_older_even_when_its_timer_has_just_fired() -> None:
    first = of(sockets(expires_ms=[300], wqueue=[9]))
    second = of(sockets(expires_ms=[100], wqueue=[9]), first, 2.0)
    third = of(sockets(expires_ms=[12_800], wqueue=[900]), second, 10.0)
    assert [round(each.shut_s[0], 1) for each in (first, second, third)] == [0.3, 2.3, 12.8]


def test_a_peer_that_takes_something_begins_anew() -> None:
    first = of(sockets(expires_ms=[30_000, 30_000], wqueue=[9, 9]))
    second = of(sockets(expires_ms=[200, 200], wqueue=[9, 8]), first, 1.0)
    assert second.shut_s[np.argsort(second.rows)].tolist() == [31, 0.2]


def test_two_looks_far_apart_say_nothing_of_the_time_between() -> None:
    first = of(sockets(expires_ms=[300], wqueue=[9]))
    assert of(sockets(expires_ms=[200], wqueue=[9]), first, 61.0).shut_s.tolist() == [0.2]


def test_after_none_at_all_there_may_be_some() -> None:
    nothing = of(sockets(expires_ms=[], wqueue=[]))
    assert of(sockets(expires_ms=[500], wqueue=[1]), nothing, 1.0).shut_s.tolist() == [0.5]
