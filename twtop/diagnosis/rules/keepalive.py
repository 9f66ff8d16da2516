"""Connections that would not notice the end of their peer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.filter.nodes import any_of
from twtop.core.mixing import mixed
from twtop.core.states import State, Timer
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rule import MOST, Rule, Symptom
from twtop.diagnosis.services import by_service
from twtop.knowledge.placeholders import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.sockets import Mask, Rows
    from twtop.diagnosis.evidence import Evidence

_TIME: Final = "net.ipv4.tcp_keepalive_time"
_LEAST: Final = 100
_NAMED: Final = 3


def _missing(evidence: Evidence) -> Iterator[Symptom]:
    idle_s = evidence.sysctls.number(_TIME)
    sockets, rows = evidence.sockets, evidence.rows(State.ESTAB)
    rows = rows[(sockets.timer[rows] == Timer.OFF) & (sockets.inode[rows] != 0)]
    if idle_s is None or len(rows) < _LEAST:
        return
    silent_s = evidence.silent_s(rows)
    # Unknown is not longer than anything.
    long = silent_s > idle_s
    rows, silent_s = rows[long], silent_s[long]
    far = _to_other_hosts(evidence, rows)
    rows, silent_s = rows[far], silent_s[far]
    if len(rows) < _LEAST:
        return
    services = by_service(evidence, rows)
    yield Symptom(
        severity=Severity.NOTE,
        headline=f"{len(rows):,} connections idle for more than {duration(idle_s)}, without keepalive",
        evidence=(
            f"the longest has received nothing for {duration(float(silent_s.max()))}",
            *(f"{service.name}: {len(service.rows):,}" for service in services[:_NAMED]),
        ),
        sockets=any_of(tuple(service.sockets(sockets, State.ESTAB) for service in services[:MOST])),
    )


def _to_other_hosts(evidence: Evidence, rows: Rows) -> Mask:
    """Tell which sockets have their other end elsewhere: of one on this host the kernel always hears."""
    sockets, opened = evidence.sockets, evidence.rows(State.ESTAB)
    local = mixed([sockets.local_hi[opened], sockets.local_lo[opened], sockets.local_port[opened]])
    remote = mixed([sockets.remote_hi[rows], sockets.remote_lo[rows], sockets.remote_port[rows]])
    elsewhere: Mask = ~np.isin(remote, local)
    return elsewhere


RULES: Final = (
    Rule(
        name="keepalive-missing",
        title="idle connections without keepalive",
        threshold=f"{_LEAST} ESTAB without a timer that have received nothing for tcp_keepalive_time",
        inputs=("sockets", "tcp_info", _TIME),
        find=_missing,
        owners="held by",
        cause="If a peer loses power, its network or its NAT entry, no FIN and no RST arrives. Without"
        " SO_KEEPALIVE, and as long as this host sends nothing, such a connection stays open for ever.",
        check=(
            "Which processes: {list}",
            "Since when each is idle: lastrcv and lastack of ss -tino.",
        ),
        remedies=(
            "Set SO_KEEPALIVE, with TCP_KEEPIDLE below the timeout of firewalls and NAT on the way.",
            "Or let the application close, or ping, what is idle.",
        ),
        dont=(
            "tcp_keepalive_time alone: it counts for sockets with SO_KEEPALIVE, and these have none.",
            "counting them as clients: some of them may be gone for hours.",
        ),
        sysctls=(_TIME, "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"),
        sources=("RFC 9293 section 3.8.4", "include/net/tcp.h (keepalive_time_elapsed)"),
    ),
)
