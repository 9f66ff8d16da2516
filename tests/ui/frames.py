"""A host that never changes: frames with fixed sockets, clocks and names, for pictures."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from tests.core.build import table
from tests.knowledge.hosts import DEFAULTS
from twtop.core.address import MAPPED_PREFIX
from twtop.core.counters import Counters
from twtop.core.snapshot import snapshot
from twtop.core.sockets import Sockets
from twtop.core.states import State, Timer
from twtop.core.sysctls import Sysctls
from twtop.kernel.host import HostInfo
from twtop.sources.collector import Collector
from twtop.sources.observer import Frame, Observer

if TYPE_CHECKING:
    from twtop.core.options import ScreenOptions
    from twtop.sources.panorama import Looked

HOST: Final = HostInfo("web-3", "6.18.0", "host", False)
OWN: Final = "10.0.0.7"
NOBODY: Final = "0.0.0.0"  # noqa: S104 - nothing is bound
WALL_S: Final = 1_800_000_000.0
INSTANT_S: Final = 1e9
"""Later than any clock of a running machine: no time has passed since."""

SECONDS: Final = 20
CLIMB: Final = 240
"""New TIME-WAITs towards the database a second."""


class Crowd(NamedTuple):
    """Sockets alike but for their ports."""

    state: State
    local: tuple[str, int]
    remote: tuple[str, int]
    size: int = 1
    step: tuple[int, int] = (0, 0)
    """What each adds to the local and the remote port."""
    timer: Timer = Timer.OFF
    expires_ms: int = 0
    retrans: int = 0
    rqueue: int = 0
    wqueue: int = 0
    owned: bool = True


def _crowds() -> list[Crowd]:
    own, client = (OWN, 32768), (0, 2)
    return [
        Crowd(State.LISTEN, (NOBODY, 443), (NOBODY, 0), wqueue=4096),
        Crowd(State.LISTEN, (NOBODY, 8080), (NOBODY, 0), rqueue=129, wqueue=128),
        Crowd(State.ESTAB, (OWN, 443), ("198.51.100.7", 40001), 180, client, Timer.KEEPALIVE, 7_100_000),
        Crowd(State.ESTAB, (OWN, 443), ("2001:db8::5", 50001), 40, client),
        Crowd(State.ESTAB, (OWN, 8080), ("192.0.2.9", 61001), 129, client, rqueue=312, owned=False),
        Crowd(State.ESTAB, own, ("10.0.0.5", 5432), 24, (2, 0), wqueue=3),
        Crowd(State.CLOSE_WAIT, (OWN, 8080), ("192.0.2.40", 33001), 37, client, rqueue=1),
        Crowd(State.CLOSE_WAIT, (OWN, 8080), ("192.0.2.41", 34001), 5, client),
        Crowd(State.SYN_SENT, (OWN, 34002), ("203.0.113.80", 443), 6, (2, 0), Timer.ON, 3_200, 2, 0, 1),
        Crowd(State.SYN_RECV, (OWN, 443), ("198.51.100.99", 1025), 3, client, Timer.ON, 700, 1, owned=False),
        Crowd(
            State.FIN_WAIT_1, (OWN, 443), ("198.51.100.8", 2001), 2, client, Timer.ON, 9_400, 3, 0, 41, False
        ),
        Crowd(State.FIN_WAIT_2, own, ("10.0.0.6", 6379), 3, (2, 0), Timer.TIMEWAIT, 41_200, owned=False),
        Crowd(State.FIN_WAIT_2, (OWN, 35002), ("10.0.0.6", 6379), 2, (2, 0)),
        Crowd(State.LAST_ACK, (OWN, 8080), ("192.0.2.77", 9001), 1, client, Timer.ON, 1_500, 1, 0, 1, False),
        Crowd(State.UNCONN, (OWN, 36001), (NOBODY, 0)),
    ]


def _columns(crowd: Crowd, cookie: int) -> Sockets:
    number = np.arange(crowd.size)
    ends = {
        "local": (ip_address(crowd.local[0]), crowd.local[1] + crowd.step[0] * number),
        "remote": (ip_address(crowd.remote[0]), crowd.remote[1] + crowd.step[1] * number),
    }
    columns: dict[str, list[int]] = {"cookie": (cookie + number).tolist()}
    for name, (address, ports) in ends.items():
        whole = int(address) if address.version == 6 else MAPPED_PREFIX | int(address)
        columns[f"{name}_port"] = ports.tolist()
        columns[f"{name}_hi"], columns[f"{name}_lo"] = [whole >> 64], [whole & (1 << 64) - 1]
    alike = {
        "family": 10 if ":" in crowd.local[0] + crowd.remote[0] else 2,
        "state": crowd.state,
        "timer": crowd.timer,
        "retrans": crowd.retrans,
        "expires_ms": crowd.expires_ms,
        "rqueue": crowd.rqueue,
        "wqueue": crowd.wqueue,
        "inode": 4711 if crowd.owned else 0,
    }
    columns |= {name: [int(value)] for name, value in alike.items()}
    return table(
        **{name: values * (crowd.size if len(values) == 1 else 1) for name, values in columns.items()}
    )


def _time_waits(second: int) -> list[Sockets]:
    """Closed towards the database, the most of them lately: each second's lot left at its own time."""
    lots = []
    for age in range(min(60, 40 + second)):
        born = second - age
        first = 32768 + (born + 60) * CLIMB * 2 % 28200
        crowd = Crowd(
            State.TIME_WAIT, (OWN, first // 2 * 2), ("10.0.0.5", 5432), CLIMB, (2, 0), Timer.TIMEWAIT,
            60_000 - 1000 * age, owned=False,
        )  # fmt: skip
        lots.append(_columns(crowd, (born + 61) * 100_000))
    server = Crowd(State.TIME_WAIT, (OWN, 443), ("198.51.100.20", 5001), 11, (0, 2), Timer.TIMEWAIT, 8_000)
    return [*lots, _columns(server, 50_000)]


def _counters(second: int) -> Counters:
    """Count what the database's clients do, and an accept queue that overflows now and then."""
    return Counters(
        {
            "Tcp.ActiveOpens": 70_000 + CLIMB * second,
            "Tcp.PassiveOpens": 9_000 + 3 * second,
            "Tcp.CurrEstab": 373,
            "Tcp.RetransSegs": 120 + second,
            "TcpExt.TW": 69_000 + CLIMB * second,
            "TcpExt.ListenOverflows": 40 + second // 4,
            "TcpExt.ListenDrops": 41 + second // 4,
            "sockstat.TCP.tw": 14_000,
            "sockstat.TCP.orphan": 3,
        }
    )


@cache
def frames() -> list[Frame]:
    """Return a frame a second, the last ones past half of the ports towards the database."""
    observer, made = Observer(HOST), []
    standing = [_columns(crowd, 1000 * (at + 1)) for at, crowd in enumerate(_crowds())]
    for second in range(SECONDS):
        taken = snapshot(
            Sockets.concatenate([*standing, *_time_waits(second)]),
            wall_s=WALL_S + second,
            instant_s=INSTANT_S + second,
            sysctls=Sysctls(DEFAULTS),
            counters=_counters(second),
        )
        made.append(replace(observer.observe(taken), interval_s=1.0, cpu_s=0.004))
    return made


class Recorded(Collector):
    """Delivers what it was given, at once, and nothing else; of several, the last one counts."""

    def __init__(self, options: ScreenOptions, *recorded: Looked) -> None:
        super().__init__(options)
        self._recorded = recorded

    def start(self) -> None:
        """Deliver."""
        for frame in self._recorded:
            self._deliver(frame)
