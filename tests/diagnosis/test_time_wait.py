from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tests.core.build import table
from tests.diagnosis.records import findings_in
from twtop.core.address import MAPPED_PREFIX
from twtop.core.counters import Counters
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.states import State, Timer
from twtop.core.sysctls import Sysctls
from twtop.diagnosis.finding import Severity

if TYPE_CHECKING:
    from twtop.diagnosis.finding import Finding

CLIENT: Final = MAPPED_PREFIX | 198 << 24 | 9


def at_port_443(
    count: int, *, again: int = 0, instant_s: float = 0.0, counters: dict[str, int] | None = None
) -> Snapshot:
    """TIME-WAITs of a server, the timers of some begun anew."""
    left = np.full(count, 30_000) - round(instant_s * 1000)
    left[:again] = 60_000
    sockets = table(
        state=[State.LISTEN] + [State.TIME_WAIT] * count,
        timer=[Timer.OFF] + [Timer.TIMEWAIT] * count,
        local_port=[443] * (count + 1),
        remote_port=[0, *(1024 + at % 60_000 for at in range(count))],
        remote_lo=[MAPPED_PREFIX] + [CLIENT] * count,
        expires_ms=[0, *left.tolist()],
    )
    sysctls = Sysctls({"net.ipv4.tcp_max_tw_buckets": "131072", "net.ipv4.tcp_rfc1337": "0"})
    return snapshot(sockets, instant_s=instant_s, sysctls=sysctls, counters=Counters(counters or {}))


def test_recorded_piles_at_a_server() -> None:
    assert findings_in(at_port_443(49_999)) == {}
    finding = findings_in(at_port_443(50_000))["time-wait-at-server"]
    assert finding.headline == "50,000 TIME-WAIT on ports served here: harmless below 131,072"
    assert finding.evidence[0] == "50,000 of 50,000 TIME-WAIT; 13 MB of kernel memory"
    full = at_port_443(50_000, counters={"sockstat.TCP.tw": 120_000, "TcpExt.TCPTimeWaitOverflow": 0})
    overflow = findings_in(full)
    assert overflow.keys() == {"time-wait-overflow"}
    assert overflow["time-wait-overflow"].headline == "120,000 of 131,072 TIME-WAIT buckets in use"
    assert overflow["time-wait-overflow"].commands == ("sysctl -w net.ipv4.tcp_max_tw_buckets=262144",)


def restarts(again: int, count: int) -> Finding | None:
    found = findings_in(at_port_443(count), at_port_443(count, again=again, instant_s=1.0))
    return found.get("time-wait-restarts")


def test_a_few_restarts_among_many_are_a_lossy_network() -> None:
    assert restarts(2, 2) is None
    assert restarts(10, 1000) is None
    few, many = restarts(3, 60), restarts(50, 1000)
    assert few is not None
    assert many is not None
    assert (few.severity, many.severity) == (Severity.NOTE, Severity.WARNING)
    assert many.headline == "50 of 1,000 TIME-WAIT towards 198.0.0.9 began their time again"


def test_recorded_kernels_before_6_16_count_in_paws_estab() -> None:
    before = at_port_443(10, counters={"TcpExt.PAWSEstab": 100})
    after = at_port_443(10, instant_s=1.0, counters={"TcpExt.PAWSEstab": 105})
    finding = findings_in(before, after)["old-timestamps"]
    assert (
        finding.headline == "5.0 segments/s with old timestamps meet TIME-WAIT: clients connect 10 ms later"
    )
    assert any(line.startswith("PAWSEstab also counts") for line in finding.check)
    newer = replace(after, counters=Counters({"TcpExt.PAWSEstab": 105, "TcpExt.PAWSTimewait": 0}))
    assert "old-timestamps" not in findings_in(before, newer)
