"""SYN-RECV: handshakes that nobody completes, and those that the application does not hear of yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.mixing import mixed
from twtop.core.states import State
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.groups import REMOTE_ADDRESS, groups
from twtop.diagnosis.rule import MOST, Rule, Symptom, only
from twtop.diagnosis.rules.listen import SOMAXCONN, wanted_backlog
from twtop.diagnosis.subjects import in_states, on_port, remote_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.sockets import Mask, Rows
    from twtop.diagnosis.evidence import Evidence

_COOKIES: Final = "net.ipv4.tcp_syncookies"
_SYN_BACKLOG: Final = "net.ipv4.tcp_max_syn_backlog"
_RETRIES: Final = "net.ipv4.tcp_synack_retries"
_WITH_COOKIE: Final = "TcpExt.TCPReqQFullDoCookies"
_DROPPED: Final = "TcpExt.TCPReqQFullDrop"

_LEAST: Final = 5
_HALF: Final = 0.5
_STUCK_S: Final = 0.9
"""A handshake takes one round trip. Snapshots are a second apart."""
_MANY_SOURCES: Final = 0.5

_DEFERRED: Final = 10
_DEFERRED_S: Final = 3.0
_FIRST_TIMEOUT_MS: Final = 1200
"""TCP_TIMEOUT_INIT, and some: a SYN-ACK without an answer is repeated after it."""


def _waiting(evidence: Evidence) -> Rows:
    """Return the SYN-RECV of listeners; a simultaneous open is somebody's socket."""
    rows = evidence.rows(State.SYN_RECV)
    waiting: Rows = rows[evidence.sockets.inode[rows] == 0]
    return waiting


def _full(evidence: Evidence) -> Iterator[Symptom]:
    beyond_per_s = evidence.rate(_WITH_COOKIE) + evidence.rate(_DROPPED)
    told = False
    for rows in groups(evidence.sockets, _waiting(evidence), "local_port")[:MOST]:
        room = _room(evidence, int(evidence.sockets.local_port[rows[0]]))
        if room and _overflows(evidence, rows, room, beyond=beyond_per_s > 0):
            yield _queue(evidence, rows, room)
            told = True
    if beyond_per_s and not told:
        yield Symptom(
            severity=_severity(evidence),
            headline=f"{beyond_per_s:,.1f} SYNs/s found their queue full, for a moment each time",
            evidence=_growth(evidence),
            sockets=in_states(State.SYN_RECV),
            values={"peers": "these sources", "wanted": wanted_backlog(0)},
            kinds=frozenset({"many"}),
        )


def _room(evidence: Evidence, port: int) -> int:
    """Return for how many half-open connections a port has room; 0 where its accept queue is the matter."""
    listeners, sysctls = evidence.listeners, evidence.sysctls
    here = listeners.sockets.local_port == port
    if (here & listeners.full).any():
        return 0
    backlogs = listeners.sockets.wqueue[here].astype(np.int64)
    most = sysctls.number(_SYN_BACKLOG)
    if sysctls.number(_COOKIES) == 0 and most is not None:
        # What a quarter of tcp_max_syn_backlog is kept for, a flood is not (tcp_conn_request).
        backlogs = np.minimum(backlogs, most - (most >> 2))
    return int(backlogs.sum())


def _overflows(evidence: Evidence, rows: Rows, room: int, *, beyond: bool) -> bool:
    sockets = evidence.sockets
    stuck = (sockets.retrans[rows] > 0) | (evidence.moment.known_s[rows] >= _STUCK_S)
    full = len(rows) >= max(room, _LEAST) and int(np.count_nonzero(stuck)) >= _HALF * room
    return full or (beyond and len(rows) >= _HALF * room)


def _queue(evidence: Evidence, rows: Rows, room: int) -> Symptom:
    sockets, count = evidence.sockets, len(rows)
    port = int(sockets.local_port[rows[0]])
    address = mixed([getattr(sockets, name)[rows] for name in REMOTE_ADDRESS])
    sources = len(np.unique(address))
    most = groups(sockets, rows, *REMOTE_ADDRESS)[0]
    peer = remote_text(sockets, most[0], port=False)
    many = sources >= _MANY_SOURCES * count
    repeated = int(np.count_nonzero(sockets.retrans[rows]))
    return Symptom(
        severity=_severity(evidence),
        headline=f"{count:,} half-open on port {port}, room for {room:,}, from "
        + (f"{sources:,} addresses" if many else f"{peer}" if sources == 1 else f"{peer} above all"),
        evidence=(
            f"{count:,} SYN-RECV, all from {peer}"
            if sources == 1
            else f"{count:,} SYN-RECV from {sources:,} addresses, at most {len(most):,} from one ({peer})",
            f"{repeated:,} have not answered a repeated SYN-ACK",
            *_growth(evidence),
        ),
        subject=f"port {port}",
        sockets=on_port(port, State.SYN_RECV),
        values={
            "peers": "these sources" if many else peer,
            "wanted": wanted_backlog(room),
        },
        kinds=frozenset({"many" if many else "few"}),
    )


def _severity(evidence: Evidence) -> Severity:
    return Severity.CRITICAL if evidence.sysctls.number(_COOKIES) == 0 else Severity.WARNING


def _growth(evidence: Evidence) -> tuple[str, ...]:
    found = [name for name in (_WITH_COOKIE, _DROPPED) if evidence.rate(name)]
    return tuple(line for name in found for line in evidence.growth(name))


def _deferring(evidence: Evidence) -> Iterator[Symptom]:
    rows = _waiting(evidence)
    rows = rows[_answered(evidence, rows)]
    for group in groups(evidence.sockets, rows, "local_port", least=_DEFERRED)[:MOST]:
        port = int(evidence.sockets.local_port[group[0]])
        yield Symptom(
            severity=Severity.NOTE,
            headline=f"{len(group):,} clients of port {port} have connected and sent nothing yet",
            evidence=(
                f"{len(group):,} SYN-RECV, none of which had to repeat its SYN-ACK in more than a second",
                f"the longest seen for {float(evidence.moment.known_s[group].max()):.0f} s",
            ),
            subject=f"port {port}",
            sockets=on_port(port, State.SYN_RECV),
            values={"port": str(port)},
        )


def _answered(evidence: Evidence, rows: Rows) -> Mask:
    """Tell which have got the last ACK: else their SYN-ACK would have been repeated by now."""
    sockets = evidence.sockets
    late: Mask = sockets.expires_ms[rows] > _FIRST_TIMEOUT_MS
    late |= evidence.moment.known_s[rows] >= _DEFERRED_S
    late &= sockets.retrans[rows] == 0
    return late


RULES: Final = (
    Rule(
        name="syn-queue-full",
        title="a SYN flood, or SYN-ACKs that get lost",
        threshold="as many SYN-RECV on a port as its backlog (without cookies at most 3/4 of"
        " tcp_max_syn_backlog), or TCPReqQFullDoCookies or TCPReqQFullDrop grows",
        inputs=("sockets", "backlogs"),
        helped_by=(_WITH_COOKIE, _DROPPED, _COOKIES, _SYN_BACKLOG),
        find=_full,
        cause="SYNs arrive, this host answers, and the last ACK does not come. Either their sources are"
        " forged, or the SYN-ACKs do not reach them.",
        check=(
            "Who they are, and how often each SYN-ACK was repeated: {timers}",
            only("One SYN from each of many sources: a flood, or no way back to anyone.", kind="many"),
            only("Do SYN-ACKs reach {peers}: ip route get {peers}; tcpdump -ni any host {peers}", kind="few"),
        ),
        remedies=(
            only(
                "Turn SYN cookies on: then a full queue drops nobody.",
                command="sysctl -w net.ipv4.tcp_syncookies=1",
                when="net.ipv4.tcp_syncookies = 0",
            ),
            only(
                "Leave SYN cookies on: they let real clients in while the queue is full.",
                when="net.ipv4.tcp_syncookies > 0",
            ),
            only("Drop the flood before it reaches this host: at the provider, or a firewall.", kind="many"),
            only("Find what drops SYN-ACKs on the way to {peers}: firewall, asymmetric route.", kind="few"),
            only(
                "A larger backlog: somaxconn, and the number given to listen() with it; then restart.",
                command="sysctl -w net.core.somaxconn={wanted}",
                when="net.core.somaxconn < 4096",
            ),
            only(
                "A larger number for listen(), then restart; somaxconn {net.core.somaxconn} allows more.",
                when="net.core.somaxconn >= 4096",
            ),
        ),
        dont=(
            only(
                "tcp_max_syn_backlog: without effect while tcp_syncookies is {net.ipv4.tcp_syncookies}.",
                when="net.ipv4.tcp_syncookies > 0",
            ),
            "tcp_syncookies=2: cookies without need cost window scaling where timestamps are missing.",
        ),
        sysctls=(_COOKIES, SOMAXCONN, _SYN_BACKLOG, _RETRIES),
        sources=("net/ipv4/tcp_input.c (tcp_conn_request)", "RFC 4987"),
    ),
    Rule(
        name="deferred-accept",
        title="clients that connect and send nothing",
        threshold=f"{_DEFERRED} SYN-RECV on a port whose SYN-ACK was answered, for more than a second",
        inputs=("sockets",),
        find=_deferring,
        cause="The listener has TCP_DEFER_ACCEPT: the handshake is complete, but the kernel tells the"
        " application only when data arrives, or when the time of that option is over.",
        check=(
            "Timer on, and 0 repetitions: {timers}",
            "At a client: ss -tan dport = :{port} shows ESTAB.",
        ),
        remedies=(
            "Nothing, where clients speak first: they opened connections in advance, as browsers do.",
            "Take TCP_DEFER_ACCEPT off a server that speaks first (SMTP, SSH, MySQL).",
        ),
        dont=("a filter against SYN floods: these have answered, so their addresses are not forged.",),
        sources=("tcp(7), TCP_DEFER_ACCEPT", "net/ipv4/inet_connection_sock.c (syn_ack_recalc)"),
    ),
)
