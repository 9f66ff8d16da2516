"""SYN-SENT: connections that nobody answers, and the ports that they hold meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.lifetimes import syn_sent_life
from twtop.core.ports.reuse import is_loopback
from twtop.core.ports.usage import destination_of, rows_towards
from twtop.core.states import State
from twtop.core.sysctls import LOCAL_PORT_RANGE
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.groups import REMOTE, groups
from twtop.diagnosis.rule import MOST, Rule, Symptom, only
from twtop.diagnosis.subjects import remote_text, towards
from twtop.knowledge.placeholders import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.sockets import Rows
    from twtop.diagnosis.evidence import Evidence

_RETRIES: Final = "net.ipv4.tcp_syn_retries"
_LINEAR: Final = "net.ipv4.tcp_syn_linear_timeouts"
_LEAST: Final = 5
_SHARE: Final = 0.25
_USED: Final = 0.5
_FEWER: Final = 2


def _unanswered(evidence: Evidence) -> Iterator[Symptom]:
    sockets, rows = evidence.sockets, evidence.rows(State.SYN_SENT)
    repeated = rows[sockets.retrans[rows] > 0]
    for group in groups(sockets, repeated, *REMOTE, least=_LEAST)[:MOST]:
        yield _silent(evidence, group)


def _silent(evidence: Evidence, rows: Rows) -> Symptom:
    sockets, row = evidence.sockets, int(rows[0])
    peer, host = remote_text(sockets, row), remote_text(sockets, row, port=False)
    there = evidence.to_same_address(evidence.rows(State.ESTAB), row)
    opened = int(np.count_nonzero(sockets.remote_port[there] == sockets.remote_port[row]))
    most = int(sockets.retrans[rows].max())
    here = is_loopback(destination_of(sockets, row))
    return Symptom(
        severity=Severity.WARNING if opened else Severity.CRITICAL,
        headline=f"{len(rows):,} connections to {peer} get no answer",
        evidence=(
            f"{len(rows):,} SYN-SENT that have repeated their SYN, up to {most} times",
            f"open to it: {opened:,}; to other ports of {host}: {len(there) - opened:,}",
            f"each gives up after {duration(syn_sent_life(evidence.sysctls))}, if its application does not",
        ),
        subject=peer,
        sockets=towards(sockets, row, State.SYN_SENT),
        values={"peer": peer, "host": host},
        kinds=frozenset({"partly" if opened else "never", "here" if here else "far"}),
    )


def _holding(evidence: Evidence) -> Iterator[Symptom]:
    ports, sockets = evidence.ports, evidence.sockets
    if not len(evidence.rows(State.SYN_SENT)):
        return
    used_up = np.flatnonzero(ports.used >= _USED * (ports.capacity + ports.own))
    for at in used_up[:MOST].tolist():
        name, used = ports.destination(sockets, at), int(ports.used[at])
        rows = rows_towards(evidence.snapshot, name)
        waiting = rows[sockets.state[rows] == State.SYN_SENT]
        if len(waiting) < max(_LEAST, _SHARE * used):
            continue
        yield Symptom(
            severity=Severity.WARNING,
            headline=f"{len(waiting):,} of {used:,} ports towards {name.remote_text} wait for an answer",
            evidence=(
                f"{used:,} of {ports.capacity_of(at):,} ports in use, {len(waiting):,} of them in SYN-SENT",
                f"each holds its port for {duration(syn_sent_life(evidence.sysctls))}",
            ),
            subject=name.text,
            sockets=towards(sockets, int(waiting[0]), State.SYN_SENT, source=True),
            values={"peer": name.remote_text, "fewer": _fewer(evidence)},
        )


def _fewer(evidence: Evidence) -> str:
    return duration(syn_sent_life({**evidence.sysctls, _RETRIES: str(_FEWER)}))


RULES: Final = (
    Rule(
        name="connect-unanswered",
        title="connections that nobody answers",
        threshold=f"{_LEAST} SYN-SENT to one address and port that have repeated their SYN",
        inputs=("sockets",),
        helped_by=(_RETRIES, _LINEAR),
        find=_unanswered,
        cause="SYNs go out, and neither a SYN-ACK nor a RST comes back: a firewall drops them, the host is"
        " down, its answers are lost, or the accept queue there is full.",
        check=(
            "Which process: {list}",
            only(
                "Does the way exist: ip route get {host}; tcpdump -ni any 'host {host} or icmp'", kind="far"
            ),
            only("The service is on this host: see Recv-Q and Send-Q in ss -tln.", kind="here"),
            only("At the peer: nstat -az TcpExtListenOverflows, for others do get in.", kind="partly"),
        ),
        remedies=(
            "Find what drops them: firewall, security group, route, or the accept queue of {peer}.",
            "Give connect() a time limit in the application, and stop trying for a while when it fails.",
        ),
        dont=("tcp_syn_retries higher: everyone waits longer for the same failure.",),
        sysctls=(_RETRIES, _LINEAR),
        sources=("RFC 9293 section 3.8.3", "net/ipv4/tcp_timer.c (tcp_write_timeout)"),
    ),
    Rule(
        name="connect-holds-ports",
        title="ports held by connections without an answer",
        threshold=f"{_USED:.0%} of the ports towards a destination in use, {_SHARE:.0%} of those by SYN-SENT",
        inputs=("sockets", "ports"),
        helped_by=(_RETRIES, _LINEAR),
        find=_holding,
        cause="A connection that gets no answer holds its port until it gives up. New ones come sooner than"
        " that, and take the rest of the ports.",
        check=("Which process: {list}", "Why {peer} does not answer: tcpdump, and its accept queue."),
        remedies=(
            "Give connect() a time limit in the application (or TCP_SYNCNT, TCP_USER_TIMEOUT).",
            only(
                "Give up sooner, after {fewer}: for all connections of this host.",
                command=f"sysctl -w {_RETRIES}={_FEWER}",
                when=f"{_RETRIES} > {_FEWER}",
            ),
        ),
        dont=(
            "a wider port range: it only takes longer to be full of them.",
            "tcp_tw_reuse: none of them is in TIME-WAIT.",
        ),
        sysctls=(_RETRIES, _LINEAR, LOCAL_PORT_RANGE),
        sources=("net/ipv4/tcp_timer.c (tcp_write_timeout)",),
    ),
)
