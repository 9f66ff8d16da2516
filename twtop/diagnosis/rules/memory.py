"""Memory of all TCP sockets of the machine together."""

from __future__ import annotations

from mmap import PAGESIZE
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.states import State
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rule import Rule, Symptom, only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.diagnosis.evidence import Evidence

_PAGES: Final = "sockstat.TCP.mem"
_LIMITS: Final = "net.ipv4.tcp_mem"
_PRESSURES: Final = "TcpExt.TCPMemoryPressures"
_MORE: Final = 1.5
_WITH_BYTES: Final = tuple(state for state in State if state is not State.LISTEN)


def _memory(evidence: Evidence) -> Iterator[Symptom]:
    limits = evidence.sysctls.numbers(_LIMITS)
    pages = evidence.counters[_PAGES]
    if len(limits) != 3 or pages < limits[1]:
        return
    _, pressure, most = limits
    full = pages >= most
    yield Symptom(
        severity=Severity.CRITICAL if full else Severity.WARNING,
        headline=f"TCP memory {_megabytes(pages)}, "
        + (f"at its limit {_megabytes(most)}" if full else f"above the pressure mark {_megabytes(pressure)}"),
        evidence=(
            f"sockstat mem {pages:,} pages, tcp_mem {' '.join(map(str, limits))}",
            *_queues(evidence),
            *evidence.growth(_PRESSURES),
        ),
        values={"wanted": " ".join(str(round(_MORE * limit)) for limit in limits)},
    )


def _megabytes(pages: int) -> str:
    return f"{pages * PAGESIZE / 1e6:,.0f} MB"


def _queues(evidence: Evidence) -> Iterator[str]:
    """Sum up what waits in the sockets of this namespace, and on which port the most."""
    sockets, rows = evidence.sockets, evidence.rows(*_WITH_BYTES)
    for name, column in (("Recv-Q", sockets.rqueue), ("Send-Q", sockets.wqueue)):
        by_port = np.bincount(sockets.local_port[rows], weights=column[rows], minlength=1)
        port = int(np.argmax(by_port))
        most = f", of it {by_port[port] / 1e6:,.1f} MB on local port {port}" if by_port[port] else ""
        yield f"{name} in this network namespace {by_port.sum() / 1e6:,.1f} MB{most}"


RULES: Final = (
    Rule(
        name="tcp-memory",
        title="TCP memory under pressure",
        threshold="mem in sockstat >= the second number of tcp_mem; critical from the third on",
        inputs=(_PAGES, _LIMITS),
        helped_by=("sockets", _PRESSURES),
        find=_memory,
        cause="The queues of all sockets of the machine together are this large. Under pressure the kernel"
        " shrinks windows and drops what came out of order; at the limit it resets orphans and lets"
        " senders wait.",
        check=(
            "Who holds it: ss -tanm, and there skmem:(r and t, bytes received and sent",
            "What the kernel says: dmesg | grep 'out of memory'",
        ),
        remedies=(
            "Let the applications with a large Recv-Q read, and limit how much they queue to slow peers.",
            only(
                "Where the machine has the memory: half as much again.",
                command=f'sysctl -w {_LIMITS}="{{wanted}}"',
            ),
        ),
        dont=(
            "larger tcp_rmem or tcp_wmem: they let each socket take more of the same memory.",
            "fewer TIME-WAIT: they have no queues.",
        ),
        sysctls=(_LIMITS, "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_max_orphans"),
        sources=("net/core/sock.c (__sk_mem_raise_allocated)", "net/ipv4/tcp.c (tcp_check_oom)"),
    ),
)
