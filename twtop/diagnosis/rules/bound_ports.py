"""Ports that connect() passes over for every destination, because bind() has chosen them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.core.filter.nodes import any_of
from twtop.core.sysctls import LOCAL_PORT_RANGE
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.groups import DESTINATION, groups
from twtop.diagnosis.rule import MOST, Rule, Symptom
from twtop.diagnosis.subjects import towards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.ports.supply import BindPool
    from twtop.diagnosis.evidence import Evidence

_SHARE: Final = 0.25
_NEARLY: Final = 0.9
_POOLS_TOLD: Final = 3


def _bound_first(evidence: Evidence) -> Iterator[Symptom]:
    ports, sockets = evidence.ports, evidence.sockets
    every = ports.capacity + ports.bound_first
    pool = max(ports.pools, key=_share_used, default=None)
    poisoned = ports.bound_first >= _SHARE * every
    if pool is None or not (poisoned or _share_used(pool) >= _NEARLY):
        return
    destinations = groups(sockets, ports.bound_first_rows, *DESTINATION)[:MOST]
    fails = pool.used >= pool.capacity or ports.bound_first >= _NEARLY * every
    headline = f"{ports.bound_first:,} of {every:,} ports lost to connect() everywhere: bind() chose them"
    if not poisoned:
        left = max(0, pool.capacity - pool.used)
        headline = f"bind() before connect() from {pool.source} has {left:,} of {pool.capacity:,} ports left"
    yield Symptom(
        severity=Severity.CRITICAL if fails else Severity.WARNING,
        headline=headline,
        evidence=(
            f"{ports.bound_first:,} ports were bound first: connect() would have chosen others",
            f"{ports.capacity:,} are left to connect(), for each destination",
            *(
                f"bind() from {each.source}: {each.used:,} of {each.capacity:,} in use, whoever chose them"
                for each in ports.pools[:_POOLS_TOLD]
            ),
        ),
        sockets=any_of(tuple(towards(sockets, group[0], source=True) for group in destinations)),
    )


def _share_used(pool: BindPool) -> float:
    return pool.used / max(1, pool.capacity)


RULES: Final = (
    Rule(
        name="ports-bound-first",
        title="bind() before connect() takes ports from everyone",
        threshold=f"{_SHARE:.0%} of the ports were chosen by bind(), or {_NEARLY:.0%} of those it can choose"
        " on one source address are in use",
        inputs=("sockets", "ports"),
        find=_bound_first,
        owners="used by",
        cause="A program binds its source address, and so a port, before it connects. connect() passes"
        " over that port then for every destination, also while only a TIME-WAIT of it is left; and bind()"
        " takes none that is in use on its address, towards wherever.",
        check=(
            "Which program: {list}",
            "In its source: bind() with port 0 before connect(), without IP_BIND_ADDRESS_NO_PORT.",
        ),
        remedies=(
            "Set IP_BIND_ADDRESS_NO_PORT before bind(): then connect() chooses, per destination.",
            "Do not bind the source address where the route chooses the same one.",
        ),
        dont=(
            "tcp_tw_reuse: connect() passes over these ports, whatever it is.",
            "looking for one full destination: none needs to be full.",
        ),
        sysctls=(LOCAL_PORT_RANGE, "net.ipv4.ip_autobind_reuse"),
        sources=(
            "net/ipv4/inet_hashtables.c (__inet_hash_connect)",
            "net/ipv4/inet_connection_sock.c (inet_csk_find_open_port)",
        ),
        snapshots=3,
    ),
)
