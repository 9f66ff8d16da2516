"""Orphans in FIN-WAIT-2: this side has closed, the peer's application has not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.filter.nodes import all_of
from twtop.core.states import State, Timer
from twtop.core.sysctls import FIN_TIMEOUT
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.groups import REMOTE, REMOTE_ADDRESS, groups
from twtop.diagnosis.rule import MOST, Rule, Symptom, only
from twtop.diagnosis.subjects import on_port, remote_text, towards
from twtop.knowledge.placeholders import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.filter import Expr
    from twtop.core.sockets import Rows
    from twtop.diagnosis.evidence import Evidence

_MANY: Final = 100
_LEAST: Final = 20
_SHARE: Final = 0.2
_STUCK_S: Final = 0.9
"""So long FIN-WAIT-2 has been seen: normally it lasts for one round trip. Snapshots are a second apart."""


def _waiting(evidence: Evidence) -> Iterator[Symptom]:
    sockets, rows = evidence.sockets, evidence.rows(State.FIN_WAIT_2)
    rows = rows[sockets.timer[rows] == Timer.TIMEWAIT]
    rows = rows[evidence.moment.known_s[rows] >= _STUCK_S]
    server = evidence.snapshot.server[rows]
    for group in groups(sockets, rows[~server], *REMOTE, least=_LEAST)[:MOST]:
        yield from _towards(evidence, group, served=False)
    for group in groups(sockets, rows[server], *REMOTE_ADDRESS, "local_port", least=_LEAST)[:MOST]:
        yield from _towards(evidence, group, served=True)


def _towards(evidence: Evidence, rows: Rows, *, served: bool) -> Iterator[Symptom]:
    sockets, row, count = evidence.sockets, int(rows[0]), len(rows)
    peer = remote_text(sockets, row, port=not served)
    port = int(sockets.local_port[row])
    every = int(np.count_nonzero(_with_peer(evidence, row, served=served).mask(sockets)))
    if count < _MANY and count < _SHARE * every:
        return
    where = f"{peer} (port {port} here)" if served else peer
    yield Symptom(
        severity=Severity.NOTE if served else Severity.WARNING,
        headline=f"{count:,} FIN-WAIT-2 towards {where}: the peer does not close",
        evidence=(
            f"{count:,} of {every:,} sockets with it; all of them for a second or more",
            f"longest time left {_longest(evidence, rows)}",
            "each holds a port that connect() cannot have" if not served else "each takes 256 bytes, no port",
        ),
        subject=where,
        sockets=_with_peer(evidence, row, State.FIN_WAIT_2, served=served),
        values={"peer": peer},
        kinds=frozenset(() if served else {"client"}),
    )


def _with_peer(evidence: Evidence, row: int, *states: State, served: bool) -> Expr:
    """Return a filter for a service, or for one client address at a port served here."""
    sockets = evidence.sockets
    if not served:
        return towards(sockets, row, *states)
    port = int(sockets.local_port[row])
    return all_of((on_port(port, *states), towards(sockets, row, port=False)))


def _longest(evidence: Evidence, rows: Rows) -> str:
    return duration(float(evidence.snapshot.left_ms[rows].max()) / 1000)


RULES: Final = (
    Rule(
        name="peer-does-not-close",
        title="orphans in FIN-WAIT-2 towards one peer",
        threshold=f"{_MANY} for a second or more, or {_LEAST} if that is {_SHARE:.0%} of all sockets with it",
        inputs=("sockets",),
        helped_by=(FIN_TIMEOUT,),
        find=_waiting,
        cause="This side has closed and its FIN is acknowledged. The peer's application has not called"
        " close(): there the connection is in CLOSE-WAIT.",
        check=(
            "Here: {timers}",
            "At the peer: ss -tanp state close-wait shows the process that does not close.",
        ),
        remedies=(
            "Repair the application at {peer}: close() after read() returned 0.",
            only(
                "Let the peer close idle connections: a shorter idle timeout there than here.",
                kind="client",
            ),
            only(
                "Keep orphans for less (per socket: TCP_LINGER2). A FIN that comes later gets a RST.",
                command="sysctl -w net.ipv4.tcp_fin_timeout=15",
                when="net.ipv4.tcp_fin_timeout > 15",
            ),
        ),
        dont=(
            "tcp_tw_reuse: connect() never takes over FIN-WAIT-2.",
            "tcp_fin_timeout above 60: 61 to 89 is shorter than 60, and orphans are full sockets then.",
        ),
        sysctls=(FIN_TIMEOUT, "net.ipv4.tcp_max_tw_buckets"),
        sources=("RFC 9293 section 3.6", "net/ipv4/tcp_minisocks.c (tcp_time_wait)"),
    ),
)
