"""Timers come back within the tolerance however long they run, and restarts as they were seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.build import table
from tests.recording.codec.sameness import assert_same_moment
from twtop.core.changes import READING_MS, follow
from twtop.core.snapshot import snapshot
from twtop.core.states import State, Timer
from twtop.recording.codec.decoder import Decoder
from twtop.recording.codec.encoder import Encoder
from twtop.recording.codec.layout import TOLERANCE_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.snapshot import Snapshot

_MINUTE_MS = 60_000


def time_waits(expires_ms: Sequence[int], instant_s: float, reading_ms: int = 0) -> Snapshot:
    count = len(expires_ms)
    return snapshot(
        table(state=[State.TIME_WAIT] * count, timer=[Timer.TIMEWAIT] * count, expires_ms=expires_ms),
        instant_s=instant_s,
        reading_ms=reading_ms,
    )


def test_a_clock_that_runs_as_expected_costs_nothing_and_drifts_nowhere() -> None:
    encoder, decoder = Encoder(), Decoder()
    rng = np.random.default_rng(7)
    ends_ms = rng.integers(50_000, _MINUTE_MS, 400)
    sizes = []
    for look in range(70):
        # Every reading is late by another time, and the clock itself a little fast.
        read = ends_ms - 1001 * look + rng.integers(-TOLERANCE_MS // 2 + 70, TOLERANCE_MS // 2, 400)
        taken = time_waits(np.maximum(read, 0).tolist(), float(look))
        body = encoder.encode(taken, key=look % 30 == 0)
        sizes.append(len(body))
        replayed = decoder.decode(body).sockets.expires_ms.astype(np.int64)
        off_by = np.abs(replayed - taken.sockets.expires_ms)
        assert off_by.max() <= TOLERANCE_MS
    others = [size for look, size in enumerate(sizes) if look % 30]
    assert max(others) < 60 < 400 < sizes[0]


@pytest.mark.parametrize("key", [False, True])
@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.floats(0.05, 3.0),
            st.sampled_from((0, 400)),
            st.lists(st.integers(-3 * READING_MS, 3 * READING_MS), min_size=6, max_size=6),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_what_seems_restarted_live_seems_so_on_replay(
    key: bool, steps: Sequence[tuple[float, int, Sequence[int]]]
) -> None:
    encoder, decoder = Encoder(), Decoder()
    now_s, expires_ms = 100.0, [0, 300, 700, 5_000, 59_000, 2**31]
    taken = time_waits(expires_ms, now_s)
    live, replayed = follow(None, taken), follow(None, decoder.decode(encoder.encode(taken, key=True)))
    for seconds, reading_ms, jumps in steps:
        now_s += seconds
        expires_ms = [
            min(max(0, left - round(1000 * seconds) + jump), 2**31)
            for left, jump in zip(expires_ms, jumps, strict=True)
        ]
        taken = time_waits(expires_ms, now_s, reading_ms)
        live = follow(live, taken)
        replayed = follow(replayed, decoder.decode(encoder.encode(taken, key=key)))
        assert_same_moment(live, replayed)


def test_timers_that_start_stop_and_become_others() -> None:
    encoder, decoder = Encoder(), Decoder()
    live = replayed = None
    kinds = [
        (0, 0),
        (1, 200),
        (1, 200),
        (2, 7_200_000),
        (2, 7_199_000),
        (0, 0),
        (0, 5),
        (4, 5),
        (4, 0),
        (4, 0),
    ]
    for look, (timer, expires_ms) in enumerate(kinds):
        taken = snapshot(
            table(state=[State.ESTAB], timer=[timer], expires_ms=[expires_ms], retrans=[look // 3]),
            instant_s=float(look),
        )
        live = follow(live, taken)
        replayed = follow(replayed, decoder.decode(encoder.encode(taken, key=False)))
        assert_same_moment(live, replayed)
