"""tcp_tw_reuse: where it would help, where it is dead, and where it makes TIME-WAIT harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.ports.budget import budget, outlook
from twtop.core.ports.reuse import is_loopback, takes_over
from twtop.core.states import State
from twtop.core.sysctls import TIMESTAMPS, TW_REUSE
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rule import MOST, Rule, Symptom, only
from twtop.diagnosis.subjects import in_states, towards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.diagnosis.evidence import Evidence

_DELAY: Final = "net.ipv4.tcp_tw_reuse_delay"
_RECYCLED: Final = "TcpExt.TWRecycled"
_SHARE: Final = 0.5
_LOOPBACK_SHARE: Final = 0.4
"""connect() goes round half of the ports before it meets its own TIME-WAIT again: there are rarely more."""


def _off(evidence: Evidence) -> Iterator[Symptom]:
    for now in evidence.budgets:
        waiting, name = int(now.by_state[State.TIME_WAIT]), now.destination.remote_text
        if now.terms.reuse or now.terms.bind_first or is_loopback(now.destination):
            continue
        # What TWRecycled counts meanwhile is on loopback, or sockets bound with SO_REUSEADDR.
        if waiting < _SHARE * now.outlook.capacity:
            continue
        reused = outlook(now, now.terms._replace(reuse=True))
        yield Symptom(
            severity=Severity.NOTE,
            headline=f"{waiting:,} TIME-WAIT towards {name} may not be taken over",
            evidence=(
                _settings(evidence),
                f"{now.outlook.held - reused.held:,} of them are older than the delay of tcp_tw_reuse",
                f"enough ports for {now.outlook.sustainable_per_s:,.0f}/s now",
                f"enough ports for {reused.sustainable_per_s:,.0f}/s with tcp_tw_reuse 1",
            ),
            subject=now.destination.text,
            sockets=towards(evidence.sockets, int(now.rows[0]), State.TIME_WAIT, source=True),
            values={"remote": name, "address": now.destination.remote_text.rpartition(":")[0]},
            kinds=frozenset({"timestamps" if evidence.sysctls.timestamps else "no timestamps"}),
        )


def _settings(evidence: Evidence) -> str:
    sysctls = evidence.sysctls
    return f"tcp_tw_reuse {sysctls.tw_reuse}, tcp_timestamps {sysctls.get(TIMESTAMPS, 'unknown')}"


def _without_timestamps(evidence: Evidence) -> Iterator[Symptom]:
    sysctls = evidence.sysctls
    if sysctls.timestamps or not sysctls.tw_reuse:
        return
    waiting = int(evidence.ports.waiting.sum())
    yield Symptom(
        severity=Severity.WARNING if sysctls.tw_reuse == 1 else Severity.NOTE,
        headline=f"tcp_tw_reuse {sysctls.tw_reuse} without effect: tcp_timestamps is 0",
        evidence=(f"{waiting:,} TIME-WAIT hold a port here",),
        sockets=in_states(State.TIME_WAIT),
    )


def _loopback(evidence: Evidence) -> Iterator[Symptom]:
    ports, snapshot = evidence.ports, evidence.snapshot
    many = np.flatnonzero(ports.waiting >= _LOOPBACK_SHARE * (ports.capacity + ports.own))
    for at in many[:MOST].tolist():
        name = ports.destination(evidence.sockets, at)
        if not (is_loopback(name) and takes_over(snapshot, name, ports.row[at : at + 1])):
            continue
        now = budget(snapshot, ports, evidence.history, name)
        if now.outlook.half is None or now.outlook.held >= now.outlook.half:
            continue
        yield Symptom(
            severity=Severity.NOTE,
            headline=f"{int(ports.waiting[at]):,} TIME-WAIT towards {name.remote_text}, harmless: loopback",
            evidence=(
                f"{now.reusable:,} of them are old enough for connect() to take over",
                f"TWRecycled grows by {evidence.rate(_RECYCLED):,.0f}/s",
                _settings(evidence),
            ),
            subject=name.text,
            sockets=towards(evidence.sockets, int(now.rows[0]), State.TIME_WAIT, source=True),
        )


RULES: Final = (
    Rule(
        name="reuse-off",
        title="TIME-WAIT that connect() may not take over",
        threshold=f"{_SHARE:.0%} of the ports towards one destination, not loopback, are in TIME-WAIT",
        inputs=("ports", TW_REUSE),
        helped_by=(TIMESTAMPS, _DELAY),
        find=_off,
        cause="tcp_tw_reuse decides whether connect() takes over a TIME-WAIT towards the same destination:"
        " 0 never, 2 (the default) on loopback only, 1 always.",
        check=("Has {remote} timestamps: ss -tio dst {address} shows ts for an open connection.",),
        remedies=(
            only(
                "Set it to 1, if {remote} has timestamps.",
                command="sysctl -w net.ipv4.tcp_tw_reuse=1",
                kind="timestamps",
            ),
            only(
                "Timestamps first, for connections from then on; then tcp_tw_reuse.",
                command="sysctl -w net.ipv4.tcp_timestamps=1",
                kind="no timestamps",
            ),
            "Better keep connections: a pool needs neither.",
        ),
        dont=(
            "tcp_tw_reuse for FIN-WAIT-2: only TIME-WAIT is taken over.",
            "tcp_tw_reuse for a server's TIME-WAIT: it works for outgoing connect() only.",
        ),
        sysctls=(TW_REUSE, TIMESTAMPS, _DELAY),
        sources=("net/ipv4/tcp_ipv4.c (tcp_twsk_unique)",),
    ),
    Rule(
        name="reuse-without-timestamps",
        title="tcp_tw_reuse without timestamps",
        threshold="tcp_timestamps 0, tcp_tw_reuse not 0",
        inputs=(TIMESTAMPS, TW_REUSE),
        find=_without_timestamps,
        cause="connect() takes over only the TIME-WAIT of a connection that had timestamps. With"
        " tcp_timestamps 0 no new connection has them, and nothing says so.",
        check=("Do open connections have them: ss -tio shows ts.",),
        remedies=(
            only(
                "Turn timestamps on, for connections from then on.",
                command="sysctl -w net.ipv4.tcp_timestamps=1",
            ),
        ),
        dont=("tcp_timestamps 0 to save bytes or to hide the uptime: their offset is random already.",),
        sysctls=(TIMESTAMPS, TW_REUSE),
        sources=("net/ipv4/tcp_ipv4.c (tcp_twsk_unique)",),
    ),
    Rule(
        name="loopback-time-wait",
        title="many TIME-WAIT on loopback",
        threshold=f"{_LOOPBACK_SHARE:.0%} of the ports towards one loopback destination are in TIME-WAIT, and"
        " connect() takes these over",
        inputs=("ports", TW_REUSE, TIMESTAMPS),
        helped_by=(_DELAY, _RECYCLED),
        find=_loopback,
        cause="Both ends are on this host, and the one that closes first leaves one TIME-WAIT per connection."
        " connect() takes over those older than {tw_reuse_delay}, so they block nothing.",
        check=("Is it so: nstat -az TcpExtTWRecycled grows, and connect() succeeds.",),
        remedies=("Nothing is needed. A pool or a Unix socket saves the work of connecting.",),
        dont=("tcp_tw_reuse=0: then each of them blocks a port for {time_wait_life}.",),
        sysctls=(TW_REUSE, _DELAY),
        sources=("net/ipv4/tcp_ipv4.c (tcp_twsk_unique)",),
    ),
)
