"""Births, deaths and restarts: against dictionaries, and on real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import LATER_S, later, moment_of, rows_of, snapshots, table, unhurried
from tests.lab.oracle import eventually
from twtop.core.changes import Moment, follow
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.sockets import Sockets
from twtop.core.states import State
from twtop.lab.recipes import EVERY_STATE
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

MARGIN_MS = 500


def keyed(taken: Snapshot) -> dict[tuple[int, int], int]:
    return {(row.cookie, row.state): nth for nth, row in enumerate(rows_of(taken.sockets))}


def restarted_slowly(before: Moment, now: Snapshot) -> list[bool]:
    old, restarted = keyed(before.snapshot), []
    for row in rows_of(now.sockets):
        at = old.get((row.cookie, row.state))
        rose = False
        if at is not None:
            expected = int(before.snapshot.sockets.expires_ms[at]) - round(
                1000 * (now.instant_s - before.snapshot.instant_s)
            )
            rose = row.state == State.TIME_WAIT and row.expires_ms > max(0, expected) + MARGIN_MS
        restarted.append(rose or (at is not None and bool(before.restarted[at])))
    return restarted


@unhurried
@given(snapshots, st.integers(0, 2**32), st.sampled_from((0, 1, 100)))
def test_changes_are_those_of_dictionaries(first: Snapshot, seed: int, count: int) -> None:
    moment = follow(None, first)
    for step in range(3):
        now = later(moment.snapshot, seed + step, count)
        following = follow(moment, now)
        old, new = keyed(moment.snapshot), keyed(now)
        assert following.seconds == pytest.approx(LATER_S)
        assert following.born.tolist() == [key not in old for key in new]
        gone = [row for key, row in old.items() if key not in new]
        assert rows_of(following.gone) == rows_of(moment.snapshot.sockets.take(np.array(gone, np.intp)))
        assert following.gone_server.tolist() == moment.snapshot.server[gone].tolist()
        assert following.restarted.tolist() == restarted_slowly(moment, now)
        moment = following


def test_at_first_nothing_is_new() -> None:
    moment = moment_of(table(state=[State.ESTAB, State.TIME_WAIT]))
    assert not moment.born.any()
    assert not moment.restarted.any()
    assert len(moment.gone) == len(moment.gone_server) == 0
    assert moment.seconds == 0


def test_everything_comes_and_everything_goes() -> None:
    some = snapshot(table(state=[State.ESTAB] * 3), instant_s=1)
    none = snapshot(Sockets.empty(), instant_s=2)
    appeared = follow(follow(None, none), some)
    assert appeared.born.all()
    left = follow(appeared, none)
    assert rows_of(left.gone) == rows_of(some.sockets)


def test_a_new_state_is_a_death_and_a_birth() -> None:
    before = follow(None, snapshot(table(state=[State.ESTAB, State.LISTEN])))
    after = follow(before, snapshot(table(state=[State.TIME_WAIT, State.LISTEN]), instant_s=1))
    assert after.born.tolist() == [True, False]
    assert rows_of(after.gone)[0].state == State.ESTAB


@pytest.mark.parametrize(
    ("earlier_ms", "seconds", "now_ms", "restarted"),
    [
        (50_000, 1.0, 49_000, False),
        (50_000, 1.0, 49_500, False),  # a dump takes time
        (50_000, 1.0, 49_501, True),
        (50_000, 1.0, 60_000, True),
        (0, 1.0, 0, False),  # it has run out and waits for the timer wheel
        (200, 5.0, 500, False),
        (200, 5.0, 501, True),
    ],
)
def test_only_a_timer_that_went_up_was_restarted(
    earlier_ms: int, seconds: float, now_ms: int, restarted: bool
) -> None:
    before = follow(None, snapshot(table(state=[State.TIME_WAIT], expires_ms=[earlier_ms])))
    now = snapshot(table(state=[State.TIME_WAIT], expires_ms=[now_ms]), instant_s=seconds)
    assert follow(before, now).restarted.tolist() == [restarted]


@pytest.mark.parametrize(("now_ms", "restarted"), [(52_500, False), (52_501, True)])
def test_a_dump_that_took_long_restarts_nothing(now_ms: int, restarted: bool) -> None:
    """On a busy machine this one was read at any time of the three seconds."""
    before = follow(None, snapshot(table(state=[State.TIME_WAIT], expires_ms=[50_000])))
    dump = table(state=[State.TIME_WAIT], expires_ms=[now_ms])
    now = snapshot(dump, instant_s=1.0, reading_ms=3000)
    assert follow(before, now).restarted.tolist() == [restarted]


def take(host: Host) -> Snapshot:
    with host.entered(), LiveSource() as source:
        return source.take()


def test_a_real_connection_is_followed_from_birth_to_time_wait(lab: Lab) -> None:
    moment = follow(None, take(lab.client))
    pair = lab.pair()
    moment = follow(moment, take(lab.client))
    assert moment.born.tolist() == [True]
    (cookie,) = moment.snapshot.sockets.cookie
    moment = follow(moment, take(lab.client))
    assert moment.born.tolist() == [False]
    pair.client.close()
    pair.server.recv(1)
    pair.server.close()
    eventually(lambda: take(lab.client).sockets.state.tolist(), [State.TIME_WAIT])
    moment = follow(moment, take(lab.client))
    assert moment.snapshot.sockets.cookie.tolist() == [cookie]
    assert moment.born.tolist() == [True]
    assert moment.gone.state.tolist() == [State.ESTAB]


def test_a_real_time_wait_is_restarted_by_the_fin_of_a_peer_that_heard_no_ack(lab: Lab) -> None:
    calm, restarting = (EVERY_STATE[name](lab) for name in ("time_wait/v4", "time_wait_restarting/v4"))
    moment = follow(None, take(lab.client))

    def marked() -> set[int]:
        nonlocal moment
        moment = follow(moment, take(lab.client))
        return set(moment.snapshot.sockets.local_port[moment.restarted].tolist())

    eventually(marked, {restarting.local[1]})
    # The mark stays, and the other one never gets it.
    assert marked() == {restarting.local[1]}
    assert calm.local[1] in moment.snapshot.sockets.local_port
