"""Recordings to replay: of the host that never changes, and of made-up sockets that come and go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tests.core.build import table
from tests.knowledge.hosts import DEFAULTS
from tests.ui.frames import HOST, WALL_S, frames
from twtop.core.counters import Counters
from twtop.core.snapshot import snapshot
from twtop.core.states import State, Timer
from twtop.core.sysctls import Sysctls
from twtop.recording.file.saving import save
from twtop.recording.ring import Ring
from twtop.sources.observer import Frame, Observer
from twtop.sources.taping import Taper
from twtop.sources.watch import OWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from twtop.core.snapshot import Snapshot
    from twtop.sources.panorama import Looked
    from twtop.sources.watch import Chosen

LIFE_S: Final = 25
"""Of a made-up connection, from ESTAB through CLOSE-WAIT or TIME-WAIT."""


def incident(path: Path, start_s: float = WALL_S) -> Path:
    """Write the twenty seconds of the host that never changes, as if they began at another time."""
    ring = Ring()
    taper = Taper(ring)
    for frame in frames():
        now = replace(frame.moment.snapshot, wall_s=frame.moment.snapshot.wall_s - WALL_S + start_s)
        taper.add(replace(frame, moment=replace(frame.moment, snapshot=now)), OWN)
    save(ring, path)
    return path


def taped(looks: Iterable[tuple[Looked, Chosen]]) -> Ring:
    """Record looks in a ring that forgets nothing."""
    ring = Ring(1e9, 1 << 40)
    taper = Taper(ring)
    for looked, asked in looks:
        taper.add(looked, asked)
    return ring


def lives(seconds: Sequence[float]) -> list[Frame]:
    """Observe connections that begin every second, and stay for `LIFE_S` in one state after the other.

    ``seconds`` are the times of the looks. At every one some clients lack ports, and an accept queue is full.
    """
    observer = Observer(HOST)
    return [observer.observe(_at(second)) for second in seconds]


def _at(second: float) -> Snapshot:
    born = np.arange(int(second) - LIFE_S + 1, int(second) + 1)
    age = second - born
    waits = age >= 15
    lives_on = born % 3 == 0
    state = np.where(~waits, State.ESTAB, np.where(lives_on, State.CLOSE_WAIT, State.TIME_WAIT))
    is_timed = state == State.TIME_WAIT
    own = np.ones(len(born), np.int64)
    sockets = table(
        state=[State.LISTEN, *state.tolist()],
        cookie=[1, *(born + 1000).tolist()],
        timer=[Timer.OFF, *np.where(is_timed, Timer.TIMEWAIT, Timer.OFF).tolist()],
        expires_ms=[0, *np.where(is_timed, 60_000 - (age - 15) * 1000, 0).astype(np.int64).tolist()],
        local_port=[8080, *(32768 + born % 20_000).tolist()],
        remote_port=[0, *(own * 5432).tolist()],
        remote_hi=[0] * (len(born) + 1),
        rqueue=[129 if second % 40 > 20 else 3, *(born % 7).tolist()],
        wqueue=[128, *(born % 2).tolist()],
        inode=[5, *np.where(is_timed, 0, born + 9000).tolist()],
    )
    opened = int(second) * 3
    return snapshot(
        sockets,
        wall_s=WALL_S + second,
        instant_s=5000.0 + second,
        sysctls=Sysctls(DEFAULTS),
        counters=Counters(
            {
                "Tcp.ActiveOpens": opened,
                "Tcp.PassiveOpens": 7,
                "Tcp.EstabResets": int(second) // 9,
                "TcpExt.ListenOverflows": int(second) // 4 if second % 40 > 20 else 1,
                "TcpExt.TW": opened,
            }
        ),
    )
