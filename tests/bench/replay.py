"""What it costs to jump in a recording, to step back in it, and to play it sixty times as fast."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tests.bench.report import Figure, Target, milliseconds, show, where
from tests.bench.snapshot import Stopwatch
from twtop.core.snapshot import snapshot
from twtop.lab.bulk import time_waits
from twtop.lab.lab import Lab
from twtop.lab.namespaces import require_namespaces
from twtop.recording.ring import Ring
from twtop.sources.live import LiveSource
from twtop.sources.observer import Observer
from twtop.sources.replay.course import Budget
from twtop.sources.replay.player import BACK, JUMP
from twtop.sources.replay.projector import Projector
from twtop.sources.replay.schedule import Schedule
from twtop.sources.taping import Taper
from twtop.sources.watch import OWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.snapshot import Snapshot

_LIFE_S: Final = 60
_SECONDS: Final = 150
_JUMPS: Final = (149, 80, 140, 70, 130)
_BACK: Final = 12
_JUMP: Final = Target(1500)
_SHARE: Final = Target(100)
_TOGETHER: Final = 12
"""Looks of which one is shown, at 60x: five a second are."""
_SIXTY: Final = Budget(0.1)


def run(sockets: int) -> None:
    """Record sockets of which a sixtieth is another one each second, and print what replaying costs."""
    require_namespaces()
    print(f"{_SECONDS} looks, CPU time; {where()}")
    clock = Stopwatch()
    with Lab() as lab, lab.client.entered(), LiveSource() as source:
        time_waits(lab.client, sockets)
        with clock.time("live"):
            taken = source.take()
            Observer(source.host).observe(taken)
        tape, observer = Ring(1e9, 1 << 40), Observer(source.host)
        taper = Taper(tape)
        for later in _seconds(taken):
            taper.add(observer.observe(later), OWN)
    projector, schedule = Projector(tape), Schedule.of(tape.index())
    for row in _JUMPS:
        with clock.time("jump"):
            _show(projector, schedule, row, JUMP)
    for row in range(_JUMPS[-1] - 1, _JUMPS[-1] - 1 - _BACK, -1):
        with clock.time("back"):
            _show(projector, schedule, row, BACK)
    _show(projector, schedule, _LIFE_S, JUMP)
    with clock.time("minute"):
        for row in range(_LIFE_S + _TOGETHER, 2 * _LIFE_S + 1, _TOGETHER):
            _show(projector, schedule, row, _SIXTY)
    show(
        f"{len(taken.sockets):,} sockets, {tape.size / _SECONDS / 1000:,.0f} kB a look",
        [
            Figure("a look at the kernel", milliseconds(clock["cpu live"])),
            Figure.of("a jump", 1000 * clock["cpu jump"], "ms", _JUMP),
            Figure("a jump, in looks at the kernel", f"{clock['cpu jump'] / clock['cpu live']:.1f}"),
            Figure("a step back, on average", milliseconds(clock.mean("cpu back"))),
            Figure.of("playing at 60x, of a core", 100 * clock["cpu minute"], "%", _SHARE),
        ],
    )


def _seconds(taken: Snapshot) -> Iterator[Snapshot]:
    """Yield the sockets second after second: each lasts a minute, and another one takes its place."""
    sockets = taken.sockets
    lot = np.arange(len(sockets)) % _LIFE_S
    for second in range(_SECONDS):
        age = (second - lot) % _LIFE_S
        born = (second - age + _LIFE_S).astype(np.uint64)
        yield snapshot(
            replace(
                sockets,
                cookie=sockets.cookie + (born << np.uint64(40)),
                expires_ms=(1000 * (_LIFE_S - age)).astype(np.uint32),
            ),
            wall_s=taken.wall_s + second,
            instant_s=taken.instant_s + second,
            sysctls=taken.sysctls,
            counters=taken.counters,
            udp_ports=taken.udp_ports,
        )


def _show(projector: Projector, schedule: Schedule, row: int, budget: Budget) -> None:
    projector.aim(schedule, row, budget)
    while projector.work() is None:
        pass
