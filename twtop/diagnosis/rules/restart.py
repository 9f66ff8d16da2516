"""A listener that cannot come back: a connection of this host took its port meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.sysctls import LOCAL_PORT_RANGE, RESERVED_PORTS
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.listeners import SETTLED_S
from twtop.diagnosis.rule import MOST, Rule, Symptom, only
from twtop.diagnosis.subjects import between, remote_text
from twtop.knowledge.placeholders import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.diagnosis.evidence import Evidence
    from twtop.diagnosis.listeners import Vanished


def _taken(evidence: Evidence) -> Iterator[Symptom]:
    span, reserved = evidence.sysctls.port_range, evidence.sysctls.reserved_ports
    for was in evidence.listeners.vanished[:MOST]:
        # Of a port outside the range, or a reserved one, connect() is innocent.
        if was.taken and was.port in span and was.port not in reserved:
            yield _symptom(evidence, was)


def _symptom(evidence: Evidence, was: Vanished) -> Symptom:
    sockets = evidence.sockets
    cookies = np.array(sorted(was.taken), np.uint64)
    rows = np.flatnonzero((sockets.local_port == was.port) & np.isin(sockets.cookie, cookies))
    gone_s = evidence.snapshot.instant_s - was.seen_s
    more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
    wanted = ",".join(filter(None, (evidence.sysctls.get(RESERVED_PORTS, ""), str(was.port))))
    return Symptom(
        severity=Severity.WARNING,
        headline=f"the listener on port {was.port} cannot come back: connect() took its port",
        evidence=(
            f"nobody has listened on port {was.port} for {duration(gone_s)}",
            f"connect() has chosen it since, to {remote_text(sockets, int(rows[0]))}{more}",
        ),
        subject=was.name,
        sockets=between(sockets, rows),
        values={"wanted": wanted},
    )


RULES: Final = (
    Rule(
        name="listener-port-taken",
        title="a listener that cannot start again",
        threshold=f"nobody listens any more on a port of ip_local_port_range that was listened on for"
        f" {SETTLED_S:.0f} s, and a connection from this host began on it",
        inputs=("sockets", LOCAL_PORT_RANGE),
        helped_by=(RESERVED_PORTS,),
        find=_taken,
        cause="The port lies in ip_local_port_range: while nobody listened, connect() chose it. bind() then"
        " fails with EADDRINUSE, also with SO_REUSEADDR, until that connection and its TIME-WAIT are gone.",
        check=(
            "Which program has it: {list}",
            "Does the server really want it back: its log says EADDRINUSE, address already in use.",
        ),
        remedies=(
            "End that connection: restart the program that has it; a TIME-WAIT takes {time_wait_life}.",
            only(
                "For the next time: keep connect() away from the port.",
                command="sysctl -w net.ipv4.ip_local_reserved_ports={wanted}",
            ),
            "Or let the server listen on a port below the range.",
        ),
        dont=(
            "SO_REUSEADDR on the server alone: the connection that is in its way has to have it, too.",
            "waiting for TIME-WAIT only: the connection may stay open for hours.",
        ),
        sysctls=(RESERVED_PORTS, LOCAL_PORT_RANGE),
        sources=("net/ipv4/inet_connection_sock.c (inet_bind_conflict)", "ip(7), ip_local_reserved_ports"),
    ),
)
