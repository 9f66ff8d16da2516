from __future__ import annotations

from typing import Final

import pytest

from tests.core.build import table
from tests.diagnosis.records import findings_in
from twtop.core.address import MAPPED_PREFIX
from twtop.core.counters import Counters
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.sockets import Sockets
from twtop.core.states import State, Timer
from twtop.core.sysctls import Sysctls
from twtop.diagnosis.finding import Severity

LOW: Final = 32_768
SYSCTLS: Final = Sysctls(
    {
        "net.ipv4.ip_local_port_range": "32768 60999",
        "net.ipv4.tcp_tw_reuse": "2",
        "net.ipv4.tcp_timestamps": "1",
        "net.ipv4.tcp_max_tw_buckets": "131072",
        "net.ipv4.tcp_rfc1337": "0",
        "net.ipv4.tcp_fin_timeout": "60",
    }
)
HERE: Final = MAPPED_PREFIX | 10 << 24
LOOPBACK: Final = MAPPED_PREFIX | 127 << 24 | 1
SERVERS: Final = 8
PER_S: Final = 100
LIFE_S: Final = 60
FIRST_PARITY: Final = 14_116


def spread(count: int) -> list[int]:
    """Times left of sockets that were closed at an even pace."""
    return [59_999 * at // count for at in range(count)]


def closed(second: int, server: int) -> Sockets:
    """TIME-WAITs of 100 calls a second to one server, the last of them closed just now."""
    calls = range(second * PER_S, second * PER_S + LIFE_S * PER_S)
    count = len(calls)
    here, there = (LOOPBACK, LOOPBACK) if server == 0 else (HERE, HERE + server)
    return table(
        state=[State.TIME_WAIT] * count,
        timer=[Timer.TIMEWAIT] * count,
        expires_ms=spread(count),
        local_port=[LOW + 2 * (call % FIRST_PARITY) for call in calls],
        remote_port=[443] * count,
        local_lo=[here] * count,
        remote_lo=[there] * count,
        cookie=[1_000_000 * (server + 1) + call for call in calls],
    )


def busy(second: int) -> Snapshot:
    """A healthy host: many calls to eight servers, as many on loopback, pools, and a listener of its own."""
    pools = table(
        state=[State.ESTAB] * 200,
        local_port=range(LOW, LOW + 400, 2),
        remote_port=[5432] * 200,
        local_lo=[HERE] * 200,
        remote_lo=[HERE + 99] * 200,
        inode=range(1, 201),
    )
    listener = table(state=[State.LISTEN], local_port=[443], inode=[999], cookie=[999])
    calls = [closed(second, server) for server in range(SERVERS + 1)]
    counters = Counters({"sockstat.TCP.tw": sum(map(len, calls)), "TcpExt.TCPTimeWaitOverflow": 7})
    sockets = Sockets.concatenate([listener, *calls, pools])
    return snapshot(sockets, instant_s=float(second), sysctls=SYSCTLS, counters=counters)


def test_a_healthy_busy_host_raises_nothing() -> None:
    assert findings_in(*(busy(second) for second in range(8))) == {}


def one_destination(count: int, *, state: State = State.ESTAB) -> Sockets:
    return table(
        state=[state] * count,
        timer=[Timer.TIMEWAIT if state is State.TIME_WAIT else Timer.OFF] * count,
        # connect() takes even ports first.
        local_port=[
            LOW + 2 * at if at < FIRST_PARITY else LOW + 2 * (at - FIRST_PARITY) + 1 for at in range(count)
        ],
        remote_port=[443] * count,
        remote_lo=[MAPPED_PREFIX | 10 << 24 | 1] * count,
        expires_ms=spread(count) if state is State.TIME_WAIT else [0] * count,
        inode=[0 if state is State.TIME_WAIT else 7] * count,
    )


def rule_at(count: int, *, state: State = State.ESTAB, reuse: str = "2") -> dict[str, Severity]:
    sysctls = Sysctls({**SYSCTLS, "net.ipv4.tcp_tw_reuse": reuse})
    found = findings_in(snapshot(one_destination(count, state=state), sysctls=sysctls))
    return {name: finding.severity for name, finding in found.items()}


def test_the_marks_of_the_default_range() -> None:
    assert rule_at(14_115) == {}
    assert rule_at(14_116) == {"connect-slow": Severity.WARNING}
    assert rule_at(25_408) == {"connect-slow": Severity.WARNING}
    assert rule_at(25_409) == {"ports-nearly-gone": Severity.WARNING}
    assert rule_at(28_232) == {"ports-nearly-gone": Severity.CRITICAL}


def test_time_waits_that_are_taken_over_are_no_finding() -> None:
    slow = {"connect-slow", "reuse-off"}
    assert rule_at(20_000, state=State.TIME_WAIT, reuse="2").keys() == slow
    assert rule_at(20_000, state=State.TIME_WAIT, reuse="0").keys() == slow
    assert rule_at(20_000, state=State.TIME_WAIT, reuse="1") == {}


@pytest.mark.parametrize("apart_s", [1, 15])
def test_growth_is_seen_also_where_somebody_looks_seldom(apart_s: int) -> None:
    """What Prometheus asks every 15 s must not know less than the screen."""
    looks = [
        snapshot(one_destination(1000 + 380 * second), instant_s=100.0 + second, sysctls=SYSCTLS)
        for second in range(0, 31, apart_s)
    ]
    assert findings_in(*looks)["ports-gone-soon"].severity is Severity.CRITICAL
