"""The firewall's table of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.core.states import State
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rule import Rule, Symptom, doubled, only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.diagnosis.evidence import Evidence

_NETFILTER: Final = "net.netfilter.nf_conntrack_"
_COUNT: Final = f"{_NETFILTER}count"
_MOST: Final = f"{_NETFILTER}max"
_BUCKETS: Final = f"{_NETFILTER}buckets"
_ESTABLISHED: Final = f"{_NETFILTER}tcp_timeout_established"
_CLOSED: Final = f"{_NETFILTER}tcp_timeout_time_wait"

_NEARLY: Final = 0.8
_FULL: Final = 0.99
_DAY_S: Final = 86_400


def _full(evidence: Evidence) -> Iterator[Symptom]:
    count, most = evidence.sysctls.number(_COUNT), evidence.sysctls.number(_MOST)
    if count is None or not most or count < _NEARLY * most:
        return
    full = count >= _FULL * most
    alone = len(evidence.rows(State.LISTEN, State.UNCONN))
    own = len(evidence.sockets) - alone
    yield Symptom(
        severity=Severity.CRITICAL if full else Severity.WARNING,
        headline=f"{count:,} of {most:,} conntrack entries in use"
        + (": new connections are dropped" if full else ""),
        evidence=(
            f"{own:,} TCP sockets here; the other entries are forwarded, not TCP, or of ended connections",
            f"{len(evidence.rows(State.TIME_WAIT)):,} of these sockets are TIME-WAIT",
        ),
        values={"wanted": str(doubled(max(count, most))), "day": str(_DAY_S)},
        kinds=frozenset({"namespaced" if evidence.host.namespaced else "here"}),
    )


RULES: Final = (
    Rule(
        name="conntrack-full",
        title="the firewall's connection table is nearly full",
        threshold=f"nf_conntrack_count >= {_NEARLY:.0%} of nf_conntrack_max; critical from {_FULL:.0%} on",
        inputs=(_COUNT, _MOST),
        helped_by=("sockets",),
        find=_full,
        cause="Connection tracking remembers every connection for a time of its own, also after the sockets"
        " are gone. When its table is full, packets of new connections are dropped.",
        check=(
            "What fills it: conntrack -L -p tcp | awk '{print $4}' | sort | uniq -c",
            "Drops so far: conntrack -S; dmesg | grep 'table full'",
        ),
        remedies=(
            only(
                "Make it larger, and its hash with it.", command=f"sysctl -w {_MOST}={{wanted}}", kind="here"
            ),
            only(
                "Keep its hash as fast as before.",
                command=f"sysctl -w {_BUCKETS}={{wanted}}",
                when=f"present({_BUCKETS})",
                kind="here",
            ),
            only(
                f"Make it larger, where the machine itself is ruled: {_MOST}={{wanted}}.", kind="namespaced"
            ),
            only(
                f"Forget silent connections after a day instead of {{{_ESTABLISHED}}} s.",
                command=f"sysctl -w {_ESTABLISHED}={{day}}",
                when=f"{_ESTABLISHED} > {_DAY_S}",
            ),
            "Do not track what needs no tracking: notrack for the ports of busy services.",
        ),
        dont=(
            "TIME-WAIT sysctls: an entry lives by the timeouts of conntrack, whatever the socket does.",
            only(
                f"a {_CLOSED} of a few seconds: late FINs then find no entry and may be dropped.",
                when=f"present({_CLOSED})",
            ),
        ),
        sysctls=(_MOST, _COUNT, _BUCKETS, _ESTABLISHED, _CLOSED),
        sources=("net/netfilter/nf_conntrack_core.c (__nf_conntrack_alloc)",),
    ),
)
