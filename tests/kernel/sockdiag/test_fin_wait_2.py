"""FIN-WAIT-2 under several ``tcp_fin_timeout``: the true time left, and whether the kernel keeps to it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.lab.oracle import eventually
from twtop.core.lifetimes import fin_wait_2_life, fin_wait_2_phases
from twtop.core.states import State, Timer
from twtop.core.sysctls import FIN_TIMEOUT
from twtop.core.timers import NO_END, in_first_phase
from twtop.errors import HostError
from twtop.lab.lab import Lab, Pair
from twtop.lab.specimen import wait_for_state
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.snapshot import Snapshot

TIMEOUTS = (5, 60, 65, 90)
WATCHED = (5, 65)
EARLY_S = 0.5
LATE_S = 4.0
"""The timer wheel rounds up, by seconds at HZ=1000."""
TICKS_MS = 20
LONGEST_WATCH_S = 30


def take(lab: Lab) -> Snapshot:
    with lab.client.entered(), LiveSource() as source:
        return source.take()


def rows(snapshot: Snapshot, pair: Pair) -> list[int]:
    return np.flatnonzero(snapshot.sockets.local_port == pair.client_end[1]).tolist()


@pytest.fixture(scope="module")
def labs() -> Iterator[dict[int, Lab]]:
    with ExitStack() as stack:
        try:
            made = {timeout: stack.enter_context(Lab()) for timeout in TIMEOUTS}
        except HostError as error:
            pytest.skip(str(error))
        for timeout, lab in made.items():
            lab.client.sysctl("net.ipv4.tcp_fin_timeout", timeout)
        yield made


def orphan(lab: Lab) -> Pair:
    pair = lab.pair()
    pair.client.close()
    # Its FIN may be acknowledged later than it arrives.
    eventually(lambda: state_of(lab, pair), State.FIN_WAIT_2)
    return pair


def state_of(lab: Lab, pair: Pair) -> State | None:
    snapshot = take(lab)
    return next((State(snapshot.sockets.state[row]) for row in rows(snapshot, pair)), None)


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_the_time_left_is_that_of_both_phases(labs: dict[int, Lab], timeout: int) -> None:
    start_s = time.monotonic()
    pair = orphan(labs[timeout])
    snapshot = take(labs[timeout])
    most_ms = 1000 * (snapshot.instant_s - start_s) + TICKS_MS
    (row,) = rows(snapshot, pair)
    sysctls = {FIN_TIMEOUT: str(timeout)}
    first_phase, second_phase = fin_wait_2_phases(sysctls)
    assert snapshot.sysctls.fin_timeout_s == timeout
    assert State(snapshot.sockets.state[row]) == State.FIN_WAIT_2
    assert bool(in_first_phase(snapshot.sockets)[row]) == (timeout > 60)
    assert Timer(snapshot.sockets.timer[row]) == (Timer.KEEPALIVE if first_phase else Timer.TIMEWAIT)
    present_phase_ms = 1000 * (first_phase or second_phase)
    life_ms = 1000 * fin_wait_2_life(sysctls)
    assert -TICKS_MS <= present_phase_ms - int(snapshot.sockets.expires_ms[row]) <= most_ms
    assert -TICKS_MS <= life_ms - int(snapshot.left_ms[row]) <= most_ms


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_no_clock_ends_a_half_close(labs: dict[int, Lab], timeout: int) -> None:
    pair = labs[timeout].pair()
    pair.client.shutdown(1)
    wait_for_state(pair.client, State.FIN_WAIT_2)
    snapshot = take(labs[timeout])
    (row,) = rows(snapshot, pair)
    assert State(snapshot.sockets.state[row]) == State.FIN_WAIT_2
    assert not in_first_phase(snapshot.sockets)[row]
    assert snapshot.left_ms[row] == NO_END


def test_orphans_end_when_predicted(labs: dict[int, Lab]) -> None:
    pairs = {timeout: orphan(labs[timeout]) for timeout in WATCHED}
    held = labs[5].pair()
    held.client.shutdown(1)
    predicted: dict[int, list[float]] = {timeout: [] for timeout in WATCHED}
    timers: dict[int, list[Timer]] = {timeout: [] for timeout in WATCHED}
    seen: dict[int, float] = {}
    gone: dict[int, float] = {}
    deadline = time.monotonic() + LONGEST_WATCH_S
    while len(gone) < len(WATCHED) and time.monotonic() < deadline:
        for timeout in pairs.keys() - gone.keys():
            snapshot = take(labs[timeout])
            for row in rows(snapshot, pairs[timeout]):
                predicted[timeout].append(snapshot.instant_s + snapshot.left_ms[row] / 1000)
                timers[timeout].append(Timer(snapshot.sockets.timer[row]))
                seen[timeout] = snapshot.instant_s
            if not rows(snapshot, pairs[timeout]):
                gone[timeout] = snapshot.instant_s
        time.sleep(0.1)

    assert gone.keys() == set(WATCHED)
    for timeout in WATCHED:
        # It ended between the last look that showed it and the next one.
        assert gone[timeout] - max(predicted[timeout]) >= -EARLY_S
        assert seen[timeout] - min(predicted[timeout]) <= LATE_S
    # Each phase is seen, and the second does not go back to the first.
    assert set(timers[5]) == {Timer.TIMEWAIT}
    assert set(timers[65]) == {Timer.KEEPALIVE, Timer.TIMEWAIT}
    assert timers[65] == sorted(timers[65])
    assert len(rows(take(labs[5]), held)) == 1
