"""Ephemeral ports towards one destination: nearly gone, so many that connect() is slow, or soon."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from twtop.core.drain import MINUTE_S
from twtop.core.ports.ages import closed_within
from twtop.core.ports.budget import outlook
from twtop.core.ports.reuse import is_loopback
from twtop.core.ports.trend import TREND_S
from twtop.core.ports.what_if import NO_PARITY_SINCE
from twtop.core.release import version
from twtop.core.states import IN_LIFE_ORDER, State
from twtop.core.sysctls import LOCAL_PORT_RANGE, RESERVED_PORTS, TIMESTAMPS, TW_REUSE, PortRange
from twtop.diagnosis.budgets import CHURN_SHARE
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rule import Rule, Symptom, only
from twtop.diagnosis.subjects import towards
from twtop.knowledge.placeholders import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.ports.budget import Budget
    from twtop.diagnosis.evidence import Evidence

_FAMILY: Final = "ports"
_GONE: Final = "ports-nearly-gone"
_SLOW: Final = "connect-slow"
_SOON: Final = "ports-gone-soon"

_NEARLY: Final = 0.9
_WORTH_WIDENING: Final = 1.25
_OPEN_SHARE: Final = 0.5
_LAST_PORT: Final = 65535
_FIRST_USER_PORT: Final = 1024


def _level(now: Budget) -> str | None:
    """Return the one rule that speaks for a destination, if any."""
    held, look = now.outlook.held, now.outlook
    if held >= _NEARLY * look.capacity:
        return _GONE
    if look.half is not None and held >= look.half:
        return _SLOW
    return _SOON if _full_soon(now) else None


def _full_soon(now: Budget) -> bool:
    full_in_s = now.outlook.trend.full_in_s
    return full_in_s is not None and full_in_s <= MINUTE_S


def _tight(evidence: Evidence, *, level: str) -> Iterator[Symptom]:
    for now in evidence.budgets:
        if _level(now) == level:
            yield _symptom(evidence, now)


def _symptom(evidence: Evidence, now: Budget) -> Symptom:
    look, name = now.outlook, now.destination.remote_text
    fails = look.held >= look.capacity or _full_soon(now)
    headline = f"{look.held:,} of {look.capacity:,} ports towards {name} in use"
    if look.held >= look.capacity:
        headline += ": bind() fails" if now.terms.bind_first else ": connect() fails"
    elif look.trend.full_in_s is not None:
        headline += f", full in {duration(look.trend.full_in_s)}"
    elif _level(now) == _SLOW:
        headline += ": connect() is slow"
    wider = _wider(evidence)
    return Symptom(
        severity=Severity.CRITICAL if fails else Severity.WARNING,
        headline=headline,
        evidence=_numbers(now),
        subject=now.destination.text,
        sockets=towards(evidence.sockets, int(now.rows[0]), source=True),
        values={
            "remote": name,
            "low": str(wider.low),
            "high": str(wider.high),
            "wider": f"{outlook(now, now.terms._replace(range=wider)).sustainable_per_s:,.0f}",
            "reused": f"{outlook(now, now.terms._replace(reuse=True)).sustainable_per_s:,.0f}",
        },
        kinds=frozenset(_kinds(evidence, now)),
    )


def _numbers(now: Budget) -> tuple[str, ...]:
    ports = now.ports
    states = sorted(
        (state for state in IN_LIFE_ORDER if now.by_state[state]), key=lambda state: -now.by_state[state]
    )
    lines = [", ".join(f"{now.by_state[state]:,} {state.label}" for state in states[:4])]
    if now.reusable:
        lines.append(f"{now.reusable:,} TIME-WAIT not counted: old enough for connect() to take over")
    lines.append(f"{now.new_per_s:,.0f} new/s; {_suffices(now)}")
    lost = {
        "reserved": ports.reserved,
        "listened on or only bound": ports.bound,
        "bound first": ports.bound_first,
    }
    if missing := ", ".join(f"{count:,} {why}" for why, count in lost.items() if count):
        lines.append(f"not to be had of {ports.range.low}-{ports.range.high}: {missing}")
    return tuple(lines)


def _kinds(evidence: Evidence, now: Budget) -> Iterator[str]:
    """Yield what is true of this destination, for the texts."""
    sysctls, waiting = evidence.sysctls, int(now.by_state[State.TIME_WAIT])
    yield "bound" if now.terms.bind_first else "chosen"
    yield "closed" if waiting >= _OPEN_SHARE * now.used else "open"
    if waiting and not now.terms.reuse and not now.terms.bind_first:
        yield "reuse" if sysctls.timestamps else "no timestamps"
    if _wider(evidence).capacity >= _WORTH_WIDENING * now.ports.range.capacity:
        yield "wider"
    if now.outlook.half is not None and version(evidence.host.release) >= NO_PARITY_SINCE:
        yield "socket range"
    if not is_loopback(now.destination):
        yield "far"


def _wider(evidence: Evidence) -> PortRange:
    """Return the widest range that the kernel takes, and that leaves the well-known ports alone."""
    return PortRange(max(_FIRST_USER_PORT, evidence.sysctls.first_port), _LAST_PORT)


def _churn(evidence: Evidence) -> Iterator[Symptom]:
    for now in evidence.budgets:
        look, name = now.outlook, now.destination.remote_text
        closed_per_s = closed_within(evidence.snapshot, now.rows, TREND_S) / TREND_S
        easy_per_s = look.easy_per_s or look.sustainable_per_s / 2
        if _level(now) or closed_per_s < CHURN_SHARE * easy_per_s:
            continue
        yield Symptom(
            severity=Severity.NOTE,
            headline=f"{closed_per_s:,.0f} connections/s to {name}, each closed by us after use",
            evidence=tuple(_lives(evidence, now, closed_per_s)),
            subject=now.destination.text,
            sockets=towards(evidence.sockets, int(now.rows[0]), source=True),
            values={"remote": name},
        )


def _lives(evidence: Evidence, now: Budget, closed_per_s: float) -> Iterator[str]:
    opened, life = int(now.by_state[State.ESTAB]), duration(evidence.snapshot.life_ms / 1000)
    yield f"{int(now.by_state[State.TIME_WAIT]):,} TIME-WAIT, {opened:,} open"
    if opened:
        yield f"open for {duration(opened / closed_per_s)} on average, then {life} in TIME-WAIT"
    yield _suffices(now)


def _suffices(now: Budget) -> str:
    easy_per_s = now.outlook.easy_per_s
    easy = "" if easy_per_s is None else f", {easy_per_s:,.0f}/s before connect() is slow"
    return f"ports suffice for {now.outlook.sustainable_per_s:,.0f}/s{easy}"


_KEEP: Final = "Keep connections: a pool, HTTP keep-alive, one client object for all requests."
_POOL: Final = only(_KEEP, kind="closed")
_OPEN: Final = only(
    "Find out why so many stay open: a pool without a limit, or answers that never come.", kind="open"
)
_WIDER: Final = only(
    "Widen the range: enough for {wider}/s. First reserve the ports of listeners in it.",
    command='sysctl -w net.ipv4.ip_local_port_range="{low} {high}"',
    kind="wider",
)
_REUSE: Final = only(
    "Let connect() take over TIME-WAIT after {tw_reuse_delay}: {reused}/s, if {remote} has timestamps.",
    command="sysctl -w net.ipv4.tcp_tw_reuse=1",
    kind="reuse",
)
_TIMESTAMPS: Final = only(
    "Timestamps first: without them no TIME-WAIT is taken over.",
    command="sysctl -w net.ipv4.tcp_timestamps=1",
    kind="no timestamps",
)
_NO_PORT: Final = only(
    "Set IP_BIND_ADDRESS_NO_PORT before bind(): then connect() chooses the port, per destination.",
    kind="bound",
)
_SPREAD: Final = only(
    "Spread over more addresses or ports of the service, or over more source addresses.", kind="far"
)
_SOCKET_RANGE: Final = only(
    "Set IP_LOCAL_PORT_RANGE on the socket, to the whole range: then connect() tries no parity first.",
    kind="socket range",
)

_CHECK: Final = ("Who has them: {list}", "Its budget, and what a change would do: key b in twtop.")
_DONT: Final = (
    "tcp_fin_timeout: TIME-WAIT does not look at it.",
    "tcp_max_tw_buckets lower: it drops the protection against old segments.",
    "SO_LINGER 0: data on their way are lost, and the peer gets a RST.",
)
_SYSCTLS: Final = (LOCAL_PORT_RANGE, TW_REUSE, TIMESTAMPS, RESERVED_PORTS)
_SOURCES: Final = (
    "net/ipv4/inet_hashtables.c (__inet_hash_connect)",
    "net/ipv4/tcp_ipv4.c (tcp_twsk_unique)",
)

RULES: Final = (
    Rule(
        name=_GONE,
        family=_FAMILY,
        title="ephemeral ports nearly gone",
        threshold=f"{_NEARLY:.0%} of the ports towards one destination are in use, without TIME-WAITs that"
        " connect() may take over",
        inputs=("sockets", "ports"),
        find=partial(_tight, level=_GONE),
        owners="used by",
        cause="Every connection needs a port of its own towards this destination, and keeps it through"
        " TIME-WAIT. With none left connect() fails: EADDRNOTAVAIL; or bind() before it: EADDRINUSE.",
        check=_CHECK,
        remedies=(_POOL, _OPEN, _NO_PORT, _REUSE, _TIMESTAMPS, _WIDER, _SPREAD),
        dont=_DONT,
        sysctls=_SYSCTLS,
        sources=_SOURCES,
    ),
    Rule(
        name=_SLOW,
        family=_FAMILY,
        title="connect() searches long for a port",
        threshold="as many ports are in use as there are of the parity that connect() tries first, but below"
        f" {_NEARLY:.0%} of all",
        inputs=("sockets", "ports"),
        find=partial(_tight, level=_SLOW),
        owners="used by",
        cause="connect() tries ports of one parity first. Towards this destination they are all taken: it"
        " walks past every one of them, each time, and takes a hundred times as long.",
        check=(*_CHECK, "CPU time in connect(): perf top -g, __inet_hash_connect"),
        remedies=(_POOL, _OPEN, _SOCKET_RANGE, _REUSE, _TIMESTAMPS, _WIDER, _SPREAD),
        dont=(
            "waiting for EADDRNOTAVAIL: ports are left, but connect() is slow already.",
            *_DONT,
        ),
        sysctls=_SYSCTLS,
        sources=_SOURCES,
    ),
    Rule(
        name=_SOON,
        family=_FAMILY,
        title="ephemeral ports gone within a minute",
        threshold=f"below half, and all of them in {MINUTE_S} s if the last {TREND_S} s go on",
        inputs=("sockets", "ports"),
        find=partial(_tight, level=_SOON),
        owners="used by",
        cause="Ports towards this destination are taken faster than they come back.",
        check=_CHECK,
        remedies=(_POOL, _OPEN, _NO_PORT, _REUSE, _TIMESTAMPS, _WIDER, _SPREAD),
        dont=("counting TIME-WAIT alone: what matters is how many ports are left, and for how long.", *_DONT),
        sysctls=_SYSCTLS,
        sources=_SOURCES,
        snapshots=2,
    ),
    Rule(
        name="short-connections",
        family=_FAMILY,
        title="a new connection for every request",
        threshold=f"connections to one destination that we close, at {CHURN_SHARE:.0%} of the rate that makes"
        " connect() slow for good",
        inputs=("sockets", "ports"),
        find=_churn,
        owners="used by",
        cause="The application opens a connection, uses it once and closes it first: no pool.",
        check=("Which program: {list}", "Is it nearly every new one: nstat TcpActiveOpens TcpExtTW"),
        remedies=(_KEEP,),
        dont=("a sysctl instead of a pool: each connection also costs the peer a handshake.",),
        sysctls=(LOCAL_PORT_RANGE, TW_REUSE),
        sources=_SOURCES,
    ),
)
