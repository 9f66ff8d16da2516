"""TIME-WAIT on the server side, too many for the table, and those that begin again."""

from __future__ import annotations

from itertools import islice
from math import ceil
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.states import State, Timer
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.groups import REMOTE_ADDRESS, groups
from twtop.diagnosis.rule import MOST, Rule, Symptom, doubled, only
from twtop.diagnosis.rules.sysctls import RFC1337
from twtop.diagnosis.subjects import in_states, on_ports, remote_text, towards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.filter import Expr
    from twtop.diagnosis.evidence import Evidence

_BUCKETS: Final = "net.ipv4.tcp_max_tw_buckets"
_MINIS: Final = "sockstat.TCP.tw"
_OVERFLOW: Final = "TcpExt.TCPTimeWaitOverflow"

_PILE: Final = 50_000
_PILE_SHARE: Final = 0.5
_SERVED_SHARE: Final = 0.9
_FULL_SHARE: Final = 0.9
_BYTES: Final = 256
"""Of one mini in its slab (struct tcp_timewait_sock)."""
_LEAST_BUCKETS: Final = 1 << 14
_RESTARTS: Final = 3
_RESTARTED_SHARE: Final = 0.05
_MANY_RESTARTS: Final = 10
_REJECTED_PER_S: Final = 1.0
_TIMED_OUT_PER_S: Final = 0.1


def _at_server(evidence: Evidence) -> Iterator[Symptom]:
    buckets = evidence.sysctls.number(_BUCKETS)
    least = _PILE if buckets is None else min(_PILE, max(1, ceil(_PILE_SHARE * buckets)))
    every = len(evidence.rows(State.TIME_WAIT))
    if every < least or _nearly_full(evidence):
        return
    served = sum(evidence.served.values())
    if served < _SERVED_SHARE * every:
        return
    limit = "" if buckets is None else f": harmless below {buckets:,}"
    yield Symptom(
        severity=Severity.NOTE,
        headline=f"{served:,} TIME-WAIT on ports served here{limit}",
        evidence=(
            f"{served:,} of {every:,} TIME-WAIT; {_memory(served)} of kernel memory",
            *_fullest(evidence, 3),
        ),
        sockets=_served(evidence),
    )


def _fullest(evidence: Evidence, most: int) -> Iterator[str]:
    """Yield the ports with the most TIME-WAIT, a line each."""
    for port, count in islice(evidence.served.items(), most):
        yield f"port {port}: {count:,}"


def _served(evidence: Evidence) -> Expr:
    """Return a filter for TIME-WAIT on the ports served here, or for all where these are too many to name."""
    few = len(evidence.served) <= MOST
    return on_ports(evidence.served, State.TIME_WAIT) if few else in_states(State.TIME_WAIT)


def _memory(minis: int) -> str:
    return f"{max(1, round(minis * _BYTES / 1e6)):,} MB"


def _nearly_full(evidence: Evidence) -> bool:
    buckets, minis = evidence.sysctls.number(_BUCKETS), evidence.counters.get(_MINIS)
    return buckets is not None and minis is not None and minis >= _FULL_SHARE * buckets


def _overflow(evidence: Evidence) -> Iterator[Symptom]:
    lost_per_s = evidence.rate(_OVERFLOW)
    buckets = evidence.sysctls.number(_BUCKETS)
    if buckets is None or not (lost_per_s or _nearly_full(evidence)):
        return
    minis = evidence.counters[_MINIS]
    orphans = evidence.rows(State.FIN_WAIT_2)
    orphaned = int(np.count_nonzero(evidence.sockets.timer[orphans] == Timer.TIMEWAIT))
    wanted = _wanted_buckets(evidence, max(buckets, minis), lost_per_s)
    headline = f"{minis:,} of {buckets:,} TIME-WAIT buckets in use"
    if not buckets:
        headline = "tcp_max_tw_buckets is 0: this host keeps no TIME-WAIT"
    elif lost_per_s:
        headline += f", {lost_per_s:,.1f} closed/s get none"
    states = (State.TIME_WAIT, State.FIN_WAIT_2) if orphaned else (State.TIME_WAIT,)
    yield Symptom(
        severity=Severity.WARNING,
        headline=headline,
        evidence=(
            f"sockstat tw {minis:,}, tcp_max_tw_buckets {buckets:,}",
            f"of them {orphaned:,} in FIN-WAIT-2: orphans without a FIN from their peer count too",
            f"TCPTimeWaitOverflow grows by {lost_per_s:,.1f}/s",
        ),
        sockets=in_states(*states),
        values={"wanted": str(wanted), "memory": _memory(wanted)},
        kinds=frozenset({"orphans"} if orphaned >= 0.1 * minis and orphaned else ()),
    )


def _wanted_buckets(evidence: Evidence, known: int, lost_per_s: float) -> int:
    """Return a limit with room for twice what there is, and for twice what begins within one life."""
    begun_per_s = evidence.rate("TcpExt.TW") + lost_per_s
    needed = max(known, begun_per_s * evidence.snapshot.life_ms / 1000, _LEAST_BUCKETS / 2)
    return doubled(needed)


def _restarts(evidence: Evidence) -> Iterator[Symptom]:
    sockets, waiting = evidence.sockets, evidence.rows(State.TIME_WAIT)
    rows = np.flatnonzero(evidence.moment.restarted)
    paws, paws_per_s = _rejected(evidence)
    for group in groups(sockets, rows, *REMOTE_ADDRESS, least=_RESTARTS)[:MOST]:
        every, again = len(evidence.to_same_address(waiting, group[0])), len(group)
        if again < _RESTARTED_SHARE * every:
            continue
        peer = remote_text(sockets, group[0], port=False)
        skipped_per_s = evidence.rate("TcpExt.TCPACKSkippedTimeWait")
        yield Symptom(
            severity=Severity.WARNING if again >= _MANY_RESTARTS else Severity.NOTE,
            headline=f"{again:,} of {every:,} TIME-WAIT towards {peer} began their time again",
            evidence=(
                "they began again within the last minute, after they had been seen in TIME-WAIT",
                f"TCPACKSkippedTimeWait {skipped_per_s:,.1f}/s, {paws} {paws_per_s:,.1f}/s",
            ),
            subject=peer,
            sockets=towards(sockets, group[0], State.TIME_WAIT, port=False),
            values={"peer": peer},
            kinds=frozenset({"paws"} if paws_per_s else ()),
        )


def _rejected(evidence: Evidence) -> tuple[str, float]:
    """Return the counter of segments that TIME-WAIT rejected for an old timestamp, and its rate."""
    own = "PAWSTimewait"
    name = own if f"TcpExt.{own}" in evidence.counters else "PAWSEstab"
    return name, evidence.rate(f"TcpExt.{name}")


def _old_timestamps(evidence: Evidence) -> Iterator[Symptom]:
    name, per_s = _rejected(evidence)
    ignored = bool(evidence.sysctls.number(RFC1337))
    if per_s < (_TIMED_OUT_PER_S if ignored else _REJECTED_PER_S):
        return
    if not evidence.served:
        return
    yield Symptom(
        severity=Severity.CRITICAL if ignored else Severity.NOTE,
        headline=f"{per_s:,.1f} segments/s with old timestamps meet TIME-WAIT: "
        + ("clients time out" if ignored else "clients connect 10 ms later"),
        evidence=(
            f"{name} grows by {per_s:,.1f}/s",
            f"{sum(evidence.served.values()):,} TIME-WAIT on {len(evidence.served):,} ports served here",
            *_fullest(evidence, 2),
        ),
        sockets=_served(evidence),
        kinds=frozenset({name, "ignored" if ignored else "answered"}),
    )


RULES: Final = (
    Rule(
        name="time-wait-at-server",
        title="many TIME-WAIT on the server side",
        threshold=f"{_PILE:,}, or half of tcp_max_tw_buckets if less; {_SERVED_SHARE:.0%} at served ports",
        inputs=("sockets",),
        helped_by=(_BUCKETS, _MINIS),
        find=_at_server,
        cause="This host closes first. Here a TIME-WAIT takes 256 bytes, and neither a port, a descriptor nor"
        " a process.",
        check=("How far to the limit: grep TCP: /proc/net/sockstat; sysctl net.ipv4.tcp_max_tw_buckets",),
        remedies=("Nothing: they end by themselves, and a new SYN from the same client ends one at once.",),
        dont=(
            "tcp_tw_reuse: it works for outgoing connect() only.",
            "tcp_fin_timeout: TIME-WAIT does not look at it.",
            "making clients close first: then each TIME-WAIT costs them a port.",
        ),
        sysctls=(_BUCKETS,),
        sources=("RFC 9293 section 3.6.1", "net/ipv4/tcp_minisocks.c (tcp_time_wait)"),
    ),
    Rule(
        name="time-wait-overflow",
        title="no room for TIME-WAIT",
        threshold=f"TCPTimeWaitOverflow grows, or tw in sockstat >= {_FULL_SHARE:.0%} of tcp_max_tw_buckets",
        inputs=(_OVERFLOW, _MINIS, _BUCKETS),
        find=_overflow,
        cause="tcp_max_tw_buckets limits TIME-WAIT and orphans in FIN-WAIT-2 together, per network namespace."
        " At the limit a closed socket vanishes at once, without a log line; late FINs then get a RST.",
        check=(
            "What is counted: ss -tan state time-wait | wc -l; ss -tan state fin-wait-2 | wc -l",
            "A namespace made with tcp_child_ehash_entries starts with a limit of half of those.",
        ),
        remedies=(
            only(
                "Raise the limit; full, it takes {memory}.",
                command="sysctl -w net.ipv4.tcp_max_tw_buckets={wanted}",
            ),
            only("Find out why peers do not close: orphans in FIN-WAIT-2 fill it too.", kind="orphans"),
            "Keep connections: then fewer are closed.",
        ),
        dont=(
            'a lower tcp_max_tw_buckets "to reduce TIME-WAIT": it drops the protection, not the cause.',
            "tcp_tw_reuse: it works for outgoing connect() only, and makes no room.",
        ),
        sysctls=(_BUCKETS, "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_child_ehash_entries"),
        sources=("net/ipv4/inet_timewait_sock.c (inet_twsk_alloc)",),
    ),
    Rule(
        name="time-wait-restarts",
        title="TIME-WAIT that begins again",
        threshold=f"{_RESTARTS} towards one address within a minute, and {_RESTARTED_SHARE:.0%} of all there",
        inputs=("sockets",),
        helped_by=("TcpExt.TCPACKSkippedTimeWait", "TcpExt.PAWSTimewait"),
        find=_restarts,
        cause="Segments of finished connections still arrive from there, and each starts the 60 s again. As a"
        " rule the peer is in LAST-ACK and repeats its FIN: our last ACK does not reach it.",
        check=(
            "At the peer: ss -tano state last-ack",
            "What arrives: tcpdump -ni any 'src host {peer} and tcp[tcpflags] & (tcp-fin|tcp-syn) != 0'",
            only("PAWS rejects grow: SYNs with old timestamps do the same.", kind="paws"),
        ),
        remedies=("Find what drops our ACKs on the way to {peer}: firewall, conntrack, asymmetric route.",),
        dont=("ss -K on them: the peer's next FIN then gets a RST, and old segments find no guard.",),
        sysctls=("net.ipv4.tcp_invalid_ratelimit",),
        sources=("net/ipv4/tcp_minisocks.c (tcp_timewait_state_process)", "RFC 9293 section 3.10.7.4"),
    ),
    Rule(
        name="old-timestamps",
        title="clients whose SYN meets their old TIME-WAIT",
        threshold=f"PAWSTimewait (before Linux 6.16: PAWSEstab) grows by {_REJECTED_PER_S:.0f}/s; with"
        f" tcp_rfc1337 by {_TIMED_OUT_PER_S}/s",
        inputs=("sockets", "TcpExt.PAWSEstab"),
        helped_by=("TcpExt.PAWSTimewait", RFC1337),
        find=_old_timestamps,
        cause="Another host behind the same NAT address, or one whose clock jumped, took the ports of a"
        " connection that is in TIME-WAIT here, with an older timestamp.",
        check=(
            "Is it growing: nstat -az TcpExtPAWSTimewait TcpExtPAWSEstab",
            only("PAWSEstab also counts segments of open connections: see who sends them.", kind="PAWSEstab"),
        ),
        remedies=(
            only(
                "Let the client's RST end the TIME-WAIT.",
                command="sysctl -w net.ipv4.tcp_rfc1337=0",
                kind="ignored",
            ),
            only("Nothing: the client resets the TIME-WAIT and tries again after 10 ms.", kind="answered"),
        ),
        dont=("tcp_timestamps=0: it takes PAWS and tcp_tw_reuse away from everyone.",),
        sysctls=(RFC1337, "net.ipv4.tcp_timestamps"),
        sources=("net/ipv4/tcp_minisocks.c (tcp_timewait_state_process)", "RFC 6191", "RFC 7323 section 5"),
    ),
)
