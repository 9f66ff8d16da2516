"""Memory of all TCP sockets: the whole machine has one limit, which no lab may touch."""

from __future__ import annotations

from mmap import PAGESIZE
from typing import TYPE_CHECKING, Final

import pytest

from tests.core.build import table
from tests.diagnosis.records import findings_in
from twtop.core.counters import Counters
from twtop.core.snapshot import snapshot
from twtop.core.states import State
from twtop.core.sysctls import Sysctls
from twtop.diagnosis.finding import Severity

if TYPE_CHECKING:
    from twtop.core.snapshot import Snapshot

LIMITS: Final = "300000 400000 600000"


def recorded(pages: int, seconds: float = 0.0, pressures: int = 0, limits: str = LIMITS) -> Snapshot:
    return snapshot(
        table(
            state=[State.LISTEN, State.ESTAB, State.ESTAB, State.CLOSE_WAIT],
            local_port=[80, 8080, 8080, 9000],
            rqueue=[128, 3_000_000, 2_000_000, 100_000],
            wqueue=[4096, 0, 0, 700_000],
        ),
        instant_s=seconds,
        sysctls=Sysctls({"net.ipv4.tcp_mem": limits}),
        counters=Counters({"sockstat.TCP.mem": pages, "TcpExt.TCPMemoryPressures": pressures}),
    )


@pytest.mark.parametrize("taken", [recorded(399_999), recorded(10**6, limits="unlimited")])
def test_recorded_memory_below_the_mark_or_without_one_is_nothing(taken: Snapshot) -> None:
    assert "tcp-memory" not in findings_in(taken)


def test_recorded_memory_above_the_pressure_mark() -> None:
    finding = findings_in(recorded(400_000), recorded(400_000, 2.0, 1))["tcp-memory"]
    assert finding.severity is Severity.WARNING
    mark = f"{400_000 * PAGESIZE / 1e6:,.0f} MB"
    assert finding.headline == f"TCP memory {mark}, above the pressure mark {mark}"
    assert finding.evidence == (
        f"sockstat mem 400,000 pages, tcp_mem {LIMITS}",
        "Recv-Q in this network namespace 5.1 MB, of it 5.0 MB on local port 8080",
        "Send-Q in this network namespace 0.7 MB, of it 0.7 MB on local port 9000",
        "TCPMemoryPressures grows by 0.5/s",
    )
    assert finding.commands == ('sysctl -w net.ipv4.tcp_mem="450000 600000 900000"',)


def test_recorded_memory_at_the_limit_is_critical() -> None:
    finding = findings_in(recorded(600_000))["tcp-memory"]
    assert finding.severity is Severity.CRITICAL
    assert ", at its limit " in finding.headline


def test_recorded_remedies_end_it() -> None:
    assert "tcp-memory" not in findings_in(recorded(500_000, limits="450000 600000 900000"))
