"""Connections closed here whose end does not come: no answer to the FIN, no window for it, too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.format import counted
from twtop.core.lifetimes import orphan_life, shut_orphan_life
from twtop.core.states import State, Timer
from twtop.core.timers import in_first_phase
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.places import CHECKS, divided, place_of
from twtop.diagnosis.rule import Rule, Symptom, only
from twtop.diagnosis.subjects import in_states, unsent_text
from twtop.knowledge.placeholders import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.sockets import Rows, Sockets
    from twtop.diagnosis.evidence import Evidence
    from twtop.diagnosis.rule import Said

_ORPHANS: Final = "sockstat.TCP.orphan"
_ABORTS: Final = "TcpExt.TCPAbortOnMemory"
_MOST_ORPHANS: Final = "net.ipv4.tcp_max_orphans"
_RETRIES: Final = "net.ipv4.tcp_orphan_retries"

_PRESSED: Final = 0.25
"""From here on the kernel resets those that count fourfold (tcp_out_of_resources)."""
_SHUT_S: Final = 10.0
_RETRANS: Final = 3
_LEAST: Final = 5
_LEAST_SHARE: Final = 0.02
_MANY: Final = 100
_BAD_SHARE: Final = 0.5
_FEWER_RETRIES: Final = 3

_ENDING: Final = (State.FIN_WAIT_1, State.CLOSING, State.LAST_ACK)


def _pressure(evidence: Evidence) -> Iterator[Symptom]:
    orphans = evidence.counters[_ORPHANS]
    most = evidence.sysctls.number(_MOST_ORPHANS)
    aborted_per_s = evidence.rate(_ABORTS)
    crowded = most is not None and orphans >= _PRESSED * most
    if not (crowded or aborted_per_s):
        return
    headline = f"{orphans:,} orphans" if most is None else f"{orphans:,} of {most:,} orphans allowed"
    if aborted_per_s:
        headline += f": {aborted_per_s:,.1f} connections/s are reset"
    sockets = evidence.sockets
    closed = evidence.rows(*_ENDING)
    closed = closed[sockets.inode[closed] == 0]
    phase = evidence.rows(State.FIN_WAIT_2)
    first_phase = int(np.count_nonzero(in_first_phase(sockets.take(phase))))
    by_state = [f"{_count(sockets, closed, state):,} {state.label}" for state in _ENDING]
    states = (*_ENDING, State.FIN_WAIT_2) if first_phase else _ENDING
    yield Symptom(
        severity=Severity.CRITICAL if aborted_per_s or (most and orphans >= most) else Severity.WARNING,
        headline=headline,
        evidence=(
            f"in this network namespace: {', '.join(by_state)}, {first_phase:,} FIN-WAIT-2",
            unsent_text(sockets, closed),
            *evidence.growth(_ABORTS),
        ),
        sockets=in_states(*states),
        values={"wanted": str(2 * max(orphans, most or 0)), "sooner": _sooner(evidence)},
        kinds=frozenset(
            kind for kind, true in {"crowded": crowded, "first phase": first_phase > 0}.items() if true
        ),
    )


def _count(sockets: Sockets, rows: Rows, state: State) -> int:
    return int(np.count_nonzero(sockets.state[rows] == state))


def _sooner(evidence: Evidence) -> str:
    return duration(orphan_life({**evidence.sysctls, _RETRIES: str(_FEWER_RETRIES)}))


def _slow_readers(evidence: Evidence) -> Iterator[Symptom]:
    sockets, windows = evidence.sockets, evidence.shut_windows
    rows = windows.longer_than(_SHUT_S)
    for subject, place in divided(evidence, rows[sockets.state[rows] == State.FIN_WAIT_1], State.FIN_WAIT_1):
        many = len(place.rows)
        owned = int(np.count_nonzero(sockets.inode[place.rows]))
        shut_s = windows.longest_s(place.rows)
        yield Symptom(
            severity=Severity.WARNING if many >= _MANY else Severity.NOTE,
            headline=f"{counted(many, 'FIN')} to {place.text} held by a shut window for {duration(shut_s)}",
            evidence=(
                f"{unsent_text(sockets, place.rows)}, kept in kernel memory",
                f"without an owner: {many - owned:,}; with one: {owned:,}",
            ),
            subject=subject,
            sockets=place.sockets,
            values={"life": duration(shut_orphan_life(evidence.sysctls))},
            kinds=frozenset({"owned"} if owned else ()) | ({"orphan"} if owned < many else set()),
        )


def _unanswered(evidence: Evidence) -> Iterator[Symptom]:
    sockets = evidence.sockets
    ending = evidence.rows(*_ENDING)
    rows = ending[(sockets.timer[ending] == Timer.ON) & (sockets.retrans[ending] >= _RETRANS)]
    every = len(ending) + len(evidence.rows(State.ESTAB))
    if len(rows) < max(_LEAST, _LEAST_SHARE * every):
        return
    place = place_of(evidence, rows, *_ENDING)
    only_fin = int(np.count_nonzero(sockets.wqueue[rows] == 1))
    by_state = [f"{count:,} {state.label}" for state in _ENDING if (count := _count(sockets, rows, state))]
    bad = len(rows) >= max(_BAD_SHARE * every, 2 * _LEAST) or len(rows) >= _MANY
    yield Symptom(
        severity=Severity.WARNING if bad else Severity.NOTE,
        headline=f"{counted(len(rows), 'FIN')} to {place.text} without an answer",
        evidence=(
            f"{', '.join(by_state)}, retransmitted {_RETRANS} times or more",
            f"only the FIN is missing (Send-Q 1): {only_fin:,}; data too: {len(rows) - only_fin:,}",
            *evidence.growth("Tcp.RetransSegs"),
        ),
        sockets=place.sockets,
        values={"where": _WHERE[place.kind], "place": place.name, "sooner": _sooner(evidence)},
        kinds=frozenset({place.kind}),
    )


_WHERE: Final = {
    "peer": "Only one peer is silent: that host, or the way to it.",
    "network": "The silent peers, or most of them, are in one network: that one, or the way to it.",
    "many": "The silent peers are in many networks: our own uplink, or a firewall near us.",
}


def _fewer_retries() -> tuple[Said, ...]:
    """Return the remedy where the setting is not as low already."""
    return tuple(
        only(
            "Give up sooner, about {sooner} instead of {orphan_life} after the FIN; on lossy paths some"
            " clients then miss the end of an answer.",
            command=f"sysctl -w {_RETRIES}={_FEWER_RETRIES}",
            when=f"{_RETRIES} {test}",
        )
        for test in ("= 0", f"> {_FEWER_RETRIES}")
    )


RULES: Final = (
    Rule(
        name="orphan-pressure",
        title="too many closed connections without an owner",
        threshold=f"orphan in sockstat >= {_PRESSED:.0%} of tcp_max_orphans, or TCPAbortOnMemory grows",
        inputs=(_ORPHANS, _ABORTS),
        helped_by=(_MOST_ORPHANS, "sockets"),
        find=_pressure,
        cause="Closed connections without a process wait for their peers, all over the machine. Above"
        " tcp_max_orphans the kernel resets new ones; those that got no answer for long count fourfold.",
        check=(
            "Which: ss -tano state fin-wait-1 state last-ack state closing",
            "What the kernel says: dmesg | grep -e 'orphaned sockets' -e 'out of memory'",
        ),
        remedies=(
            *_fewer_retries(),
            only(
                "Let orphans in FIN-WAIT-2 be minis, which do not count.",
                command="sysctl -w net.ipv4.tcp_fin_timeout=60",
                kind="first phase",
            ),
            only(
                "Where there is the memory, up to 64 KB each: allow more.",
                command=f"sysctl -w {_MOST_ORPHANS}={{wanted}}",
                when=f"present({_MOST_ORPHANS})",
                kind="crowded",
            ),
        ),
        dont=("a lower tcp_max_orphans: it resets connections that were about to end well.",),
        sysctls=(_MOST_ORPHANS, _RETRIES, "net.ipv4.tcp_mem"),
        sources=("net/ipv4/tcp_timer.c (tcp_out_of_resources)", "net/ipv4/tcp.c (tcp_check_oom)"),
    ),
    Rule(
        name="fin-unanswered",
        title="no answer to our FIN",
        threshold=f"{_LEAST} in FIN-WAIT-1, CLOSING or LAST-ACK with {_RETRANS} retransmissions,"
        f" {_LEAST_SHARE:.0%} of these and ESTAB",
        inputs=("sockets",),
        helped_by=("Tcp.RetransSegs",),
        find=_unanswered,
        cause="We closed, and our FIN is sent again and again. {where}",
        check=(
            *CHECKS,
            "Firewalls between forget closed connections sooner than the peers do, then drop what is left.",
            only(
                "conntrack here: {net.netfilter.nf_conntrack_count} of {net.netfilter.nf_conntrack_max}"
                " entries.",
                when="net.netfilter.nf_conntrack_count > 0",
            ),
        ),
        remedies=("Repair the way to them: each is answered at its next retransmission.", *_fewer_retries()),
        dont=(
            "tcp_fin_timeout: FIN-WAIT-1, CLOSING and LAST-ACK do not look at it.",
            "a lower tcp_max_orphans: it resets connections of all other peers too.",
        ),
        sysctls=(_RETRIES, "net.ipv4.tcp_retries2", "net.ipv4.tcp_rto_max_ms"),
        sources=("net/ipv4/tcp_timer.c (tcp_write_timeout, tcp_orphan_retries)", "RFC 9293 section 3.6"),
    ),
    Rule(
        name="fin-behind-window",
        title="closed here, but the peer does not read what was sent before",
        threshold=f"FIN-WAIT-1 with the persist timer, the window shut for {_SHUT_S:.0f} s",
        inputs=("sockets",),
        find=_slow_readers,
        cause="The application at the other end stopped reading, so that data and FIN cannot go: a stalled"
        " client, or one that ties up memory on purpose.",
        check=(
            "All of them: ss -tano state fin-wait-1 | grep persist",
            only("Without an owner each ends by itself after about {life} of probes.", kind="orphan"),
            only("Its owner waits in close() or reads on: ss -tanp state fin-wait-1", kind="owned"),
        ),
        remedies=(
            "In the application: TCP_USER_TIMEOUT before close(); it goes on counting after it.",
            "For abusive peers only: SO_LINGER {1, 0} before close(); unsent data is lost, they get a RST.",
        ),
        dont=(
            "tcp_orphan_retries: it counts probes without an answer, and the peer's kernel answers them.",
            "larger send buffers: they take the same data into more memory.",
        ),
        sysctls=("net.ipv4.tcp_rto_max_ms", _MOST_ORPHANS),
        sources=("net/ipv4/tcp_timer.c (tcp_probe_timer)", "RFC 9293 section 3.8.6.1"),
    ),
)
