"""FIN-WAIT-2 that an application holds: it has said its last word, and waits for the peer without limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.states import State, Timer
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rule import MOST, Rule, Symptom
from twtop.diagnosis.services import by_service
from twtop.knowledge.placeholders import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.diagnosis.evidence import Evidence

_WAITED_S: Final = 300
_MANY: Final = 10


def _waiting(evidence: Evidence) -> Iterator[Symptom]:
    sockets, rows = evidence.sockets, evidence.rows(State.FIN_WAIT_2)
    rows = rows[(sockets.inode[rows] != 0) & (sockets.timer[rows] == Timer.OFF)]
    lasted_s = evidence.lasted_s(rows)
    long = rows[lasted_s >= _WAITED_S]
    for service in by_service(evidence, long)[:MOST]:
        count = len(service.rows)
        longest = duration(float(lasted_s[np.isin(rows, service.rows)].max()))
        yield Symptom(
            severity=Severity.WARNING if count >= _MANY else Severity.NOTE,
            headline=f"{count:,} half-closed {service.where}, the oldest for {longest}",
            evidence=(
                f"{count:,} FIN-WAIT-2 with an inode: the application called shutdown(), not close()",
                f"the oldest has waited for {longest} at least, and no timer runs",
            ),
            subject=service.name,
            sockets=service.sockets(sockets, State.FIN_WAIT_2),
        )


RULES: Final = (
    Rule(
        name="half-closed",
        title="half-closed connections that wait without limit",
        threshold=f"FIN-WAIT-2 with an inode and without a timer for {_WAITED_S} s",
        inputs=("sockets",),
        helped_by=("tcp_info",),
        find=_waiting,
        owners="held by",
        cause="The application has closed its sending side and keeps the descriptor to read on. The peer"
        " neither sends nor closes, and may be gone: nothing here would notice.",
        check=(
            "Which process holds them: {list}",
            "At the peer: ss -tanp state close-wait; without an entry there, it is gone.",
        ),
        remedies=(
            "Read with a time limit after shutdown(), then close().",
            "Set SO_KEEPALIVE, with TCP_KEEPIDLE in seconds: it ends those whose peer is gone.",
            "Until then: restart the process; as orphans they end after {fin_wait_2_life}.",
        ),
        dont=("tcp_fin_timeout: its clock starts when the application closes the descriptor.",),
        sysctls=("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout"),
        sources=("RFC 9293 section 3.6", "net/ipv4/tcp_timer.c (tcp_keepalive_timer)"),
    ),
)
