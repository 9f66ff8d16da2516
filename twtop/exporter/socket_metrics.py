"""Metrics of sockets by state, of those that come and go, and of the kernel's counters and limits."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.states import IN_LIFE_ORDER
from twtop.exporter.families import counter, gauge, label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from prometheus_client.metrics_core import Metric

    from twtop.core.snapshot import Snapshot
    from twtop.exporter.families import Samples
    from twtop.exporter.looks import Told


class _Counted(NamedTuple):
    """A metric that is one of the kernel's counters."""

    metric: str
    counter: str
    explained: str


_COUNTERS: Final = (
    _Counted("active_opens", "Tcp.ActiveOpens", "SYNs sent by connect(), each connection once"),
    _Counted("passive_opens", "Tcp.PassiveOpens", "Handshakes completed as server"),
    _Counted("attempt_fails", "Tcp.AttemptFails", "connect() that failed, or SYN-RECV that was reset"),
    _Counted("established_resets", "Tcp.EstabResets", "ESTAB or CLOSE-WAIT that ended by RST"),
    _Counted("sent_segments", "Tcp.OutSegs", "Segments sent, without those sent again"),
    _Counted("retransmitted_segments", "Tcp.RetransSegs", "Segments sent again"),
    _Counted("sent_resets", "Tcp.OutRsts", "RSTs sent"),
    _Counted(
        "time_wait_overflows",
        "TcpExt.TCPTimeWaitOverflow",
        "TIME-WAIT or orphaned FIN-WAIT-2 that ended at once: their table was full, or there was no memory",
    ),
    _Counted("time_wait_reused", "TcpExt.TWRecycled", "TIME-WAIT that connect() took over"),
    _Counted(
        "listen_overflows",
        "TcpExt.ListenOverflows",
        "SYNs and last ACKs dropped because an accept queue was full",
    ),
    _Counted("listen_drops", "TcpExt.ListenDrops", "All that listeners dropped, overflows too"),
    _Counted("syn_queue_drops", "TcpExt.TCPReqQFullDrop", "SYNs dropped because a SYN queue was full"),
    _Counted(
        "syn_queue_cookies",
        "TcpExt.TCPReqQFullDoCookies",
        "SYNs answered by a cookie because a SYN queue was full",
    ),
    _Counted(
        "memory_aborts", "TcpExt.TCPAbortOnMemory", "Connections aborted: too many orphans, or no TCP memory"
    ),
    _Counted(
        "timeout_aborts", "TcpExt.TCPAbortOnTimeout", "Connections given up because the peer does not answer"
    ),
)
"""What is exact although connections come and go between two looks; each end of a connection counts."""


def socket_metrics(told: Sequence[Told]) -> Iterator[Metric]:
    """Yield sockets by state, zeros too, and how many came and went."""
    labels = ("netns", "state")
    yield gauge(
        "twtop_sockets",
        "TCP sockets by state, named as ss names it.",
        labels,
        _by_state((each, each.frame.moment.snapshot.state_counts()) for each in told),
    )
    yield counter(
        "twtop_sockets_born_total",
        "Sockets that were not there at the look before, told by the kernel's cookie, by the state in which"
        " they were first seen. What came and went between two looks is in twtop_tcp_*_opens_total only.",
        labels,
        _by_state((each, each.tally.born) for each in told),
    )
    yield counter(
        "twtop_sockets_gone_total",
        "Sockets that were there at the look before and are no more, by the state they were last seen in.",
        labels,
        _by_state((each, each.tally.gone) for each in told),
    )


def _by_state(numbers: Iterator[tuple[Told, NDArray[np.int64]]]) -> Samples:
    for each, counts in numbers:
        netns = label(each.netns)
        for state in IN_LIFE_ORDER:
            yield (netns, state.label), int(counts[state])


def counter_metrics(told: Sequence[Told]) -> Iterator[Metric]:
    """Yield the kernel's own counters; what this kernel does not count is left out."""
    for metric, name, explained in _COUNTERS:
        yield counter(
            f"twtop_tcp_{metric}_total",
            f"{explained} (the kernel's {name}).",
            ("netns",),
            [
                ((label(each.netns),), each.frame.moment.snapshot.counters[name])
                for each in told
                if name in each.frame.moment.snapshot.counters
            ],
        )


def limit_metrics(told: Sequence[Told]) -> Iterator[Metric]:
    """Yield what is limited beside ports, with the limits."""
    snapshots = [(label(each.netns), each.frame.moment.snapshot) for each in told]

    def of_namespace(name: str, explained: str, source: str, *, sysctl: bool) -> Metric:
        numbers = (
            (netns, snapshot.sysctls.number(source) if sysctl else snapshot.counters.get(source))
            for netns, snapshot in snapshots
        )
        return gauge(
            name, explained, ("netns",), [((netns,), value) for netns, value in numbers if value is not None]
        )

    yield of_namespace(
        "twtop_time_wait_table_entries",
        "TIME-WAIT and orphaned FIN-WAIT-2, which share one limit.",
        "sockstat.TCP.tw",
        sysctl=False,
    )
    yield of_namespace(
        "twtop_time_wait_table_limit",
        "How many TIME-WAIT and orphaned FIN-WAIT-2 are kept; the next ends at once (tcp_max_tw_buckets).",
        "net.ipv4.tcp_max_tw_buckets",
        sysctl=True,
    )
    yield of_namespace(
        "twtop_conntrack_entries",
        "Connections in the firewall's table (nf_conntrack_count).",
        "net.netfilter.nf_conntrack_count",
        sysctl=True,
    )
    yield of_namespace(
        "twtop_conntrack_limit",
        "How many connections fit into the firewall's table; beyond, packets of new ones are dropped"
        " (nf_conntrack_max).",
        "net.netfilter.nf_conntrack_max",
        sysctl=True,
    )
    yield from _of_the_machine([snapshot for _, snapshot in snapshots])


def _of_the_machine(snapshots: Sequence[Snapshot]) -> Iterator[Metric]:
    """Yield what all namespaces share, as the first one that knows it tells it."""
    page = os.sysconf("SC_PAGE_SIZE")
    memory = _first(snapshot.counters.get("sockstat.TCP.mem") for snapshot in snapshots)
    levels = next(
        (told for each in snapshots if len(told := each.sysctls.numbers("net.ipv4.tcp_mem")) == 3), ()
    )
    orphans = _first(snapshot.counters.get("sockstat.TCP.orphan") for snapshot in snapshots)
    most = _first(snapshot.sysctls.number("net.ipv4.tcp_max_orphans") for snapshot in snapshots)
    yield gauge(
        "twtop_orphans", "Closed connections that no process holds, on the machine.", (), _only(orphans)
    )
    yield gauge(
        "twtop_orphans_limit",
        "How many orphans there may be on the machine; beyond, they are reset (tcp_max_orphans).",
        (),
        _only(most),
    )
    yield gauge(
        "twtop_tcp_memory_bytes",
        "Memory of all TCP buffers of the machine.",
        (),
        _only(memory, page),
    )
    for name, explained, at in (
        ("pressure", "Memory of TCP from where on buffers are kept small (tcp_mem, second number).", 1),
        ("limit", "Memory of TCP beyond which orphans are reset (tcp_mem, third number).", 2),
    ):
        yield gauge(
            f"twtop_tcp_memory_{name}_bytes", explained, (), _only(levels[at] if levels else None, page)
        )


def _first(numbers: Iterator[int | None]) -> int | None:
    return next((number for number in numbers if number is not None), None)


def _only(number: int | None, times: int = 1) -> list[tuple[tuple[str, ...], float]]:
    return [] if number is None else [((), number * times)]
