from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import LATER_S, later, snapshots, table, unhurried
from tests.lab.oracle import eventually, states
from twtop.core import drain as drain_module
from twtop.core.changes import READING_MS
from twtop.core.drain import Drain, DrainTrack, drain
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.sockets import Sockets
from twtop.core.states import State, Timer
from twtop.core.sysctls import FIN_TIMEOUT, Sysctls
from twtop.core.timers import NO_END
from twtop.lab import bulk
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.sockets import Rows
    from twtop.lab.lab import Lab

PATIENCE_S = 60
LIFE_S = 6
"""Of an orphan in the lab: until the first look at it even a busy machine needs less."""


def waits(left_ms: Sequence[int], instant_s: float = 0.0, first: int = 1) -> Snapshot:
    """Make TIME-WAITs with cookies ``first``, ..."""
    count = len(left_ms)
    rows = table(
        state=[State.TIME_WAIT] * count,
        timer=[Timer.TIMEWAIT] * count,
        expires_ms=left_ms,
        cookie=range(first, first + count),
    )
    return snapshot(rows, instant_s=instant_s)


def everything(taken: Snapshot) -> Rows:
    return np.arange(len(taken.sockets))


def followed(*taken: Snapshot) -> Drain:
    track = DrainTrack()
    return [track.follow("all", each, everything(each)) for each in taken][-1]


@unhurried
@given(snapshots, st.integers(1, 130))
def test_the_drain_is_counted_second_by_second(taken: Snapshot, seconds: int) -> None:
    left = [int(ms) for ms in taken.left_ms]
    # What shows 0 is still there.
    ends = [max(1, ms) for ms in left if ms != NO_END]
    expected = [len(left) - sum(end <= 1000 * second for end in ends) for second in range(seconds + 1)]
    assert drain(taken, everything(taken), seconds).tolist() == expected


@unhurried
@given(snapshots, st.integers(1, 90))
def test_the_histogram_counts_every_clock_once(taken: Snapshot, seconds: int) -> None:
    seen = followed(taken)
    left = [int(ms) for ms in taken.left_ms if ms != NO_END]
    assert (seen.sockets, seen.endless) == (len(taken.sockets), len(taken.sockets) - len(left))
    assert len(seen.ends) == seen.span_s
    assert seen.due == left.count(0)
    assert sum(seen.ends) == len(left) - seen.due
    last = seen.span_s - 1
    for second, count in enumerate(seen.ends):
        until = 10**10 if second == last else 1000 * (second + 1)
        assert count == sum(1000 * second < ms <= until for ms in left)
    if seconds < seen.span_s:
        assert seen.back_within(seconds) == sum(ms <= 1000 * seconds for ms in left)
    else:
        assert seen.back_within(seconds) == len(left)


@unhurried
@given(snapshots, st.integers(0, 2**32), st.sampled_from((60, 20, 0)), st.floats(0, 1))
def test_what_became_of_a_forecast_is_told_by_cookies(
    before: Snapshot, seed: int, count: int, share: float
) -> None:
    now = later(before, seed, count)
    rng = np.random.default_rng(seed)
    rows_before, rows = (np.flatnonzero(rng.random(len(each.sockets)) < share) for each in (before, now))
    track = DrainTrack()
    track.follow("group", before, rows_before)
    outcome = track.follow("group", now, rows).outcome

    then = {int(before.sockets.cookie[row]): int(before.left_ms[row]) for row in rows_before}
    present = {int(now.sockets.cookie[row]): row for row in rows}
    ran_ms = round(1000 * LATER_S)
    late = [present[cookie] for cookie, ms in then.items() if cookie in present and ms <= ran_ms]
    anew = [now.sockets.state[row] == State.TIME_WAIT and now.left_ms[row] > READING_MS for row in late]
    gone = [ms for cookie, ms in then.items() if cookie not in present]
    assert outcome.age_s == LATER_S
    assert outcome.sockets == len(then)
    assert outcome.left == len(then.keys() & present.keys())
    assert outcome.new == len(present) - outcome.left
    assert (outcome.due, outcome.restarted) == (len(late) - sum(anew), sum(anew))
    assert outcome.closed == gone.count(NO_END)
    assert outcome.early == sum(ran_ms + READING_MS < ms < NO_END for ms in gone)
    in_time = sum(ran_ms < ms <= ran_ms + READING_MS for ms in gone)
    assert outcome.expected == sum(ms > ran_ms for ms in then.values()) - in_time


def test_a_load_seen_half_a_minute_later() -> None:
    """A steady load of 10/s: half of the first sockets have gone, and as many new ones have come."""
    steady = [100 * nth for nth in range(1, 601)]
    outcome = followed(waits(steady), waits(steady, 30.0, first=301)).outcome
    assert (outcome.sockets, outcome.expected, outcome.left, outcome.new) == (600, 300, 300, 300)
    assert (outcome.due, outcome.restarted, outcome.early, outcome.closed) == (0, 0, 0, 0)
    assert outcome.curve.tolist() == [600 - 10 * second for second in range(61)]
    assert outcome.measured == ((0.0, 600), (30.0, 300))


def test_the_timer_wheel_is_late_and_a_restart_is_later() -> None:
    before = waits([1000, 2000, 3000, 50_000])
    after = waits([0, 57_000, 0, 46_000], 4.0)
    seen = followed(before, after)
    assert (seen.due, seen.ends[0], seen.back_within(10)) == (2, 0, 2)
    assert (seen.outcome.expected, seen.outcome.left) == (1, 4)
    assert (seen.outcome.due, seen.outcome.restarted) == (2, 1)


def test_what_was_taken_over_went_before_its_time() -> None:
    outcome = followed(waits([10_000, 20_000, 60_000]), waits([6_000], 4.0)).outcome
    assert (outcome.expected, outcome.left, outcome.early) == (3, 1, 2)


def test_what_no_clock_ends_is_closed_by_somebody() -> None:
    before, after = (snapshot(table(state=[State.ESTAB] * n), instant_s=5.0 * n) for n in (3, 4))
    seen = followed(before, after)
    assert (seen.sockets, seen.endless, seen.span_s, sum(seen.ends)) == (4, 4, 60, 0)
    assert (seen.outcome.expected, seen.outcome.left, seen.outcome.new) == (3, 3, 1)
    lost = followed(after, replace_instant(before, 25.0)).outcome
    assert (lost.expected, lost.left, lost.closed, lost.early) == (4, 3, 1, 0)
    assert lost.curve.tolist() == [4] * 61


def replace_instant(taken: Snapshot, instant_s: float) -> Snapshot:
    return replace(taken, instant_s=instant_s)


@pytest.mark.parametrize(
    ("timeout", "expires_ms", "first_phase", "span_s", "left_ms"),
    [(3, 2_900, False, 3, 2_900), (90, 10_000, True, 60, 40_000), (120, 59_000, True, 120, 119_000)],
)
def test_fin_wait_2_has_its_own_life(
    timeout: int, expires_ms: int, first_phase: bool, span_s: int, left_ms: int
) -> None:
    timer = Timer.KEEPALIVE if first_phase else Timer.TIMEWAIT
    rows = table(state=[State.FIN_WAIT_2], timer=[timer], expires_ms=[expires_ms])
    seen = followed(snapshot(rows, sysctls=Sysctls({FIN_TIMEOUT: str(timeout)})))
    assert seen.span_s == len(seen.ends) == span_s
    assert seen.ends.index(1) == -(-left_ms // 1000) - 1


def test_a_life_longer_than_the_sysctl_says_is_seen() -> None:
    rows = table(state=[State.FIN_WAIT_2], timer=[Timer.TIMEWAIT], expires_ms=[40_000])
    assert followed(snapshot(rows, sysctls=Sysctls({FIN_TIMEOUT: "5"}))).span_s == 40
    assert followed(waits([61_100])).span_s == 60
    assert followed(waits([119_000])).span_s == 119


def test_nothing_there_is_nothing_to_say() -> None:
    nothing = snapshot(Sockets.empty(), instant_s=3.0)
    seen = followed(waits([60_000]), nothing)
    assert (seen.sockets, seen.outcome.left, seen.outcome.early) == (0, 0, 1)
    assert followed(nothing, waits([60_000], 4.0)).outcome.new == 1


def test_forecasts_overlap_so_that_one_can_always_be_told_of() -> None:
    track = DrainTrack()
    ages = []
    for second in range(200):
        taken = waits([60_000], float(second))
        ages.append(track.follow("all", taken, everything(taken)).outcome.age_s)
    assert ages[:61] == list(range(61))
    assert all(30 < age <= 60 for age in ages[61:])
    assert all(now == before + 1 or now == 31 for before, now in pairwise(ages))


def test_short_lives_are_forecast_more_often() -> None:
    track = DrainTrack()
    rows = table(state=[State.FIN_WAIT_2], timer=[Timer.TIMEWAIT], expires_ms=[2_000])
    ages = []
    for second in range(40):
        taken = snapshot(rows, instant_s=float(second), sysctls=Sysctls({FIN_TIMEOUT: "3"}))
        ages.append(track.follow("all", taken, everything(taken)).outcome.age_s)
    assert max(ages) == 10
    assert min(ages[11:]) == 6


def test_another_group_is_another_forecast() -> None:
    track = DrainTrack()
    first, second = waits([60_000]), waits([59_000], 1.0)
    track.follow("one", first, everything(first))
    assert track.follow("two", second, everything(second)).outcome.age_s == 0
    assert track.follow("two", second, everything(second)).outcome.measured == ((0.0, 1),)
    track.forget()
    assert track.follow("two", waits([58_000], 2.0), np.array([0])).outcome.age_s == 0


def test_a_screen_that_goes_back_by_a_snapshot_is_told_the_same_again() -> None:
    track = DrainTrack()
    taken = [waits([60_000 - 1000 * at], float(at)) for at in range(3)]
    told = [track.follow("all", each, everything(each)) for each in taken]
    assert track.follow("all", taken[1], everything(taken[1])) is told[1]
    assert track.follow("all", taken[2], everything(taken[2])) is told[2]


def test_each_forecast_is_measured_from_its_beginning() -> None:
    track = DrainTrack()
    for second in range(75):
        taken = waits([100 * nth for nth in range(1, 601)], float(second), first=1 + 10 * second)
        outcome = track.follow("all", taken, everything(taken)).outcome
    # Told of is the second forecast, made when the first was half a minute old.
    assert outcome.age_s == 44
    assert outcome.measured == tuple((float(age), 600 - 10 * age) for age in range(45))


@pytest.mark.parametrize("part", [1, 7, 8192])
def test_large_groups_are_looked_at_in_parts(monkeypatch: pytest.MonkeyPatch, part: int) -> None:
    monkeypatch.setattr(drain_module, "_PART", part)
    rng = np.random.default_rng(part)
    left, cookies = rng.integers(0, 60_000, 500), rng.permutation(500) + 1
    track, survivors = DrainTrack(), np.ones(500, np.bool_)
    for second in range(0, 25, 6):
        survivors &= rng.random(500) < 0.8
        now = np.maximum(left[survivors] - 1000 * second, 0)
        rows = table(
            state=[State.TIME_WAIT] * len(now),
            timer=[Timer.TIMEWAIT] * len(now),
            expires_ms=now.tolist(),
            cookie=cookies[survivors].tolist(),
        )
        taken = snapshot(rows, instant_s=float(second))
        if not second:
            first = survivors.copy()
        seen = track.follow("all", taken, everything(taken))
        gone, late = left[first & ~survivors], left[survivors] <= 1000 * second
        assert (seen.outcome.left, seen.outcome.new) == (len(now), 0)
        assert seen.outcome.due == (np.count_nonzero(late) if second else 0)
        assert seen.outcome.early == np.count_nonzero(gone > 1000 * second + READING_MS)
        assert drain(taken, everything(taken))[0] == len(now) == sum(seen.ends) + seen.due


def test_the_kernel_keeps_to_the_forecast_of_its_orphans(lab: Lab) -> None:
    """Twenty orphans, one half-close that no clock ends, and one orphan that comes after the forecast."""
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", LIFE_S)
    lab.pair().client.shutdown(1)
    pairs = [lab.pair() for _ in range(21)]
    for pair in pairs[1:]:
        pair.client.close()
    eventually(lambda: states(lab.client)["FIN-WAIT-2"], 21)
    track = DrainTrack()
    told: list[Drain] = []
    deadline = time.monotonic() + PATIENCE_S
    with lab.client.entered(), LiveSource() as source:
        while time.monotonic() < deadline and (not told or told[-1].sockets > 1):
            taken = source.take()
            group = np.flatnonzero(taken.sockets.state == State.FIN_WAIT_2)
            told.append(track.follow("orphans", taken, group))
            pairs[0].client.close()
            time.sleep(0.25)
    outcomes = [seen.outcome for seen in told]
    assert (told[0].sockets, told[0].endless) == (21, 1)
    assert 0 < told[0].span_s <= LIFE_S
    assert told[0].back_within(10) == 20
    curve = outcomes[0].curve.tolist()
    assert (curve[0], set(curve[LIFE_S:])) == (21, {1})
    assert max(outcome.new for outcome in outcomes) == 1
    # The kernel's timers never ring early, and nothing began anew.
    assert {(seen.early, seen.closed, seen.restarted) for seen in outcomes} == {(0, 0, 0)}
    assert outcomes[-1].measured[-1].left == outcomes[-1].left == outcomes[-1].expected == 1
    lefts = [measurement.left for measurement in outcomes[-1].measured]
    assert (lefts[0], lefts) == (21, sorted(lefts, reverse=True))
    assert states(lab.client)["FIN-WAIT-2"] == 1


def closed_by_client(lab: Lab) -> None:
    pair = lab.pair()
    pair.client.close()
    pair.server.close()
    eventually(lambda: states(lab.client)["TIME-WAIT"] > 300, True)


def test_time_waits_of_the_kernel_are_forecast_for_a_minute(lab: Lab) -> None:
    bulk.time_waits(lab.client, 300)
    eventually(lambda: states(lab.client)["TIME-WAIT"], 300)
    track = DrainTrack()
    with lab.client.entered(), LiveSource() as source:
        for _ in range(2):
            taken = source.take()
            seen = track.follow("waits", taken, np.flatnonzero(taken.sockets.state == State.TIME_WAIT))
            closed_by_client(lab)
    assert (seen.endless, seen.span_s, seen.back_within(30), seen.back_within(60)) == (0, 60, 0, 301)
    outcome = seen.outcome
    assert (outcome.sockets, outcome.expected, outcome.left, outcome.new) == (300, 300, 300, 1)
    assert outcome.curve[30] == 300
