"""Accept queues: full ones, and those whose limit is too near."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.states import State
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rule import MOST, Rule, Symptom, only
from twtop.diagnosis.subjects import at_local_end, in_states, local_text
from twtop.knowledge.placeholders import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.sockets import Mask, Rows
    from twtop.diagnosis.evidence import Evidence

_OVERFLOWS: Final = "TcpExt.ListenOverflows"
SOMAXCONN: Final = "net.core.somaxconn"
_ABORT: Final = "net.ipv4.tcp_abort_on_overflow"
_FAMILY: Final = "accept-queue"

_HALF: Final = 0.5
_NEARLY: Final = 0.8
_LEAST: Final = 10
"""Whoever gives less to listen() knows why."""
_LARGEST: Final = 65_535
_DEFAULT: Final = 4096
"""Of somaxconn (include/linux/socket.h, SOMAXCONN; 128 before Linux 5.4)."""


def _overflowing(evidence: Evidence) -> Iterator[Symptom]:
    dropped_per_s = evidence.rate(_OVERFLOWS)
    found = np.flatnonzero(_told_full(evidence))
    longest_first = np.argsort(-evidence.most_waiting[found].astype(np.int64), kind="stable")
    for at in found[longest_first][:MOST].tolist():
        yield _full(evidence, at, dropped_per_s)
    if dropped_per_s and not len(found):
        yield Symptom(
            severity=Severity.WARNING,
            headline=f"{dropped_per_s:,.1f}/s dropped by an accept queue that was full between two looks",
            evidence=evidence.growth(_OVERFLOWS) + _fullest(evidence),
            sockets=in_states(State.LISTEN),
            values={"listeners": "ss -tlnp", "wanted": wanted_backlog(0)},
        )


def _told_full(evidence: Evidence) -> Mask:
    """Tell whose accept queue is full and stays so, or was lately where connections drop.

    Where they do, one that was a single connection from it was full between two looks.
    """
    listeners, most = evidence.listeners, evidence.most_waiting
    if evidence.rate(_OVERFLOWS):
        return (most >= listeners.sockets.wqueue) & (most > 0)
    if not evidence.past:
        return np.zeros(len(listeners.rows), np.bool_)
    before = evidence.past[-1].listeners
    stayed: Mask = listeners.full & np.isin(listeners.sockets.cookie, before.sockets.cookie[before.full])
    return stayed


def _full(evidence: Evidence, at: int, dropped_per_s: float) -> Symptom:
    row = int(evidence.listeners.rows[at])
    sockets = evidence.sockets
    name, now = local_text(sockets, row), int(sockets.rqueue[row])
    most, backlog = int(evidence.most_waiting[at]), int(sockets.wqueue[row])
    headline = f"{name}: {most:,} waited for accept(), its queue is full beyond {backlog:,}"
    if dropped_per_s:
        headline = f"{name} does not accept(): queue of {backlog:,} full, {dropped_per_s:,.1f}/s dropped"
    lines = (
        f"Recv-Q {now:,} now and {most:,} at most, Send-Q {backlog:,}: it takes one more than Send-Q",
        *evidence.growth(_OVERFLOWS),
        *_unaccepted(evidence, row),
        *_half_open(evidence, row),
    )
    return _symptom(evidence, row, Severity.CRITICAL if dropped_per_s else Severity.WARNING, headline, lines)


def _symptom(
    evidence: Evidence, row: int, severity: Severity, headline: str, lines: tuple[str, ...]
) -> Symptom:
    """Return a symptom of one listener."""
    sockets, backlog = evidence.sockets, int(evidence.sockets.wqueue[row])
    return Symptom(
        severity=severity,
        headline=headline,
        evidence=lines,
        subject=local_text(sockets, row),
        sockets=at_local_end(sockets, row, State.LISTEN),
        values={
            "listeners": f"ss -tlnp sport = :{int(sockets.local_port[row])}",
            "wanted": wanted_backlog(backlog),
        },
        kinds=frozenset({_limited_by(evidence, backlog)}),
    )


def _on_port(evidence: Evidence, state: State, row: int) -> Rows:
    """Return what has been begun by clients of a listener and not been accepted."""
    sockets, rows = evidence.sockets, evidence.rows(state)
    found: Rows = rows[(sockets.local_port[rows] == sockets.local_port[row]) & (sockets.inode[rows] == 0)]
    return found


def _unaccepted(evidence: Evidence, row: int) -> tuple[str, ...]:
    waiting = _on_port(evidence, State.ESTAB, row)
    if not len(waiting):
        return ()
    longest = duration(float(evidence.lasted_s(waiting).max()))
    return (f"{len(waiting):,} ESTAB without an owner, the oldest for {longest} at least",)


def _half_open(evidence: Evidence, row: int) -> tuple[str, ...]:
    opening = _on_port(evidence, State.SYN_RECV, row)
    repeated = int(np.count_nonzero(evidence.sockets.retrans[opening]))
    return (f"{repeated:,} SYN-RECV with a SYN-ACK sent again",) if repeated else ()


def _fullest(evidence: Evidence) -> tuple[str, ...]:
    most = evidence.most_waiting
    if not most.any():
        return ("no listener was seen with a connection waiting",)
    at = int(np.argmax(most))
    sockets, row = evidence.sockets, int(evidence.listeners.rows[at])
    name, backlog = local_text(sockets, row), int(sockets.wqueue[row])
    return (f"the most seen in the last minute: {int(most[at]):,} at {name}, backlog {backlog:,}",)


def _limited_by(evidence: Evidence, backlog: int) -> str:
    """Name what made the backlog what it is: the smaller of somaxconn and the argument of listen()."""
    largest = evidence.sysctls.number(SOMAXCONN)
    return "somaxconn" if largest is not None and backlog >= largest else "argument"


def wanted_backlog(backlog: int) -> str:
    """Write the number to raise a backlog to."""
    return str(min(_LARGEST, max(_DEFAULT, 4 * backlog)))


def _nearly_full(evidence: Evidence) -> Iterator[Symptom]:
    listeners, sockets = evidence.listeners, evidence.sockets
    backlogs, most = listeners.sockets.wqueue, evidence.most_waiting
    near = (backlogs >= _LEAST) & (most >= _HALF * backlogs)
    for at in np.flatnonzero(near & ~_told_full(evidence))[:MOST].tolist():
        row, backlog, waited = int(listeners.rows[at]), int(backlogs[at]), int(most[at])
        largest = evidence.sysctls.number(SOMAXCONN)
        limits = _limited_by(evidence, backlog) == "somaxconn"
        lines = (
            f"Recv-Q {int(sockets.rqueue[row]):,} now and {waited:,} at most, Send-Q {backlog:,}",
            f"somaxconn {'unknown' if largest is None else f'{largest:,}'}: "
            + ("the limit here" if limits else "more than the application asked for"),
        )
        headline = f"{local_text(sockets, row)}: {waited:,} waited for accept(), its backlog is {backlog:,}"
        severity = Severity.WARNING if waited >= _NEARLY * backlog else Severity.NOTE
        yield _symptom(evidence, row, severity, headline, lines)


_RAISE: Final = (
    only(
        "Raise both somaxconn and the number that the application gives to listen(), then restart it.",
        command="sysctl -w net.core.somaxconn={wanted}",
        kind="somaxconn",
    ),
    only(
        "Give listen() a larger number, in the application's settings (backlog), and restart it;"
        " somaxconn {net.core.somaxconn} allows more.",
        kind="argument",
    ),
)
_SOURCES: Final = (
    "include/net/sock.h (sk_acceptq_is_full)",
    "net/ipv4/tcp_input.c (tcp_conn_request)",
    "net/socket.c (__sys_listen)",
)

RULES: Final = (
    Rule(
        name="accept-queue-full",
        title="an application that does not accept()",
        threshold="Recv-Q of a LISTEN above its Send-Q in two snapshots, or ListenOverflows grows",
        inputs=("sockets", "backlogs"),
        helped_by=(_OVERFLOWS, SOMAXCONN, "tcp_info"),
        find=_overflowing,
        owners="held by",
        cause="Connections come faster than the application calls accept(), or it has stopped to. A full"
        " queue drops SYNs and last ACKs: clients try again, wait, and time out.",
        check=(
            "Whose it is: {listeners}",
            "Is it out of descriptors (EMFILE): ls /proc/PID/fd | wc -l; grep 'open files' /proc/PID/limits",
            "What its threads do: CPU in top -H, a stack trace of each.",
        ),
        remedies=(
            "Let it accept() faster: more threads or processes, and no slow work between two calls.",
            *_RAISE,
        ),
        dont=(
            "tcp_abort_on_overflow=1: clients get a RST where they would have come in a second later.",
            "tcp_max_syn_backlog: it is about half-open connections, not about those that wait here.",
            "a larger backlog alone: if accept() stays slower than clients come, it only fills later.",
        ),
        sysctls=(SOMAXCONN, _ABORT),
        sources=_SOURCES,
        family=_FAMILY,
    ),
    Rule(
        name="backlog-small",
        title="an accept queue near its limit",
        threshold=f"{_HALF:.0%} of a backlog of {_LEAST} or more in use within the last minute, but not full",
        inputs=("sockets", "backlogs"),
        helped_by=(SOMAXCONN,),
        find=_nearly_full,
        owners="held by",
        cause="The backlog is the smaller of somaxconn and the number given to listen(), when it was called."
        " Bursts of new connections come near it; beyond it they are dropped.",
        check=("Whose it is: {listeners}", "Do drops begin: nstat TcpExtListenOverflows"),
        remedies=_RAISE,
        dont=(
            "only one of somaxconn and the number for listen(): the smaller one counts.",
            "expecting the new somaxconn at once: it counts from the next listen() on.",
        ),
        sysctls=(SOMAXCONN,),
        sources=_SOURCES,
        family=_FAMILY,
    ),
)
