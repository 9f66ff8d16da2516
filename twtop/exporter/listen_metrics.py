"""Metrics of accept queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twtop.core.states import State
from twtop.diagnosis.listeners import SETTLED_S, listeners
from twtop.diagnosis.subjects import local_text
from twtop.exporter.families import gauge, label
from twtop.exporter.port_metrics import OTHER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client.metrics_core import Metric

    from twtop.exporter.looks import Told


class _Queue(NamedTuple):
    """The fullest of the accept queues that share an address and port (SO_REUSEPORT)."""

    waiting: int
    limit: int

    @property
    def share(self) -> float:
        return self.waiting / (self.limit + 1)


class _Namespace(NamedTuple):
    netns: str
    named: dict[str, _Queue]
    total: int
    """Connections that wait in any queue."""
    waiting_named: int
    """Those of them at the ends in `named`."""
    full: int


def listen_metrics(told: Sequence[Told], top: int) -> Iterator[Metric]:
    """Yield the accept queues nearest to their limits, ``top`` of each namespace, and the rest summed.

    Where netlink is refused queues have no limits, and there are no such metrics.
    """
    known = [each for each in told if each.frame.moment.snapshot.tells_backlogs]
    found = [_queues(each, top) for each in known]
    labels = ("netns", "local")
    yield gauge(
        "twtop_accept_queue_length",
        "Connections that wait for accept(), by the address and port listened on: where several sockets share"
        f" it, of the fullest; all that is not named together as {OTHER}.",
        labels,
        (
            sample
            for each in found
            for sample in (
                *(((each.netns, name), float(queue.waiting)) for name, queue in each.named.items()),
                ((each.netns, OTHER), float(each.total - each.waiting_named)),
            )
        ),
    )
    yield gauge(
        "twtop_accept_queue_limit",
        "Its limit, the smaller of somaxconn and the number given to listen(); it takes one more.",
        labels,
        (((each.netns, name), queue.limit) for each in found for name, queue in each.named.items()),
    )
    yield gauge(
        "twtop_accept_queues_full",
        "How many listening sockets take nobody any more.",
        ("netns",),
        (((each.netns,), each.full) for each in found),
    )


def _queues(told: Told, top: int) -> _Namespace:
    snapshot = told.frame.moment.snapshot
    rows = np.flatnonzero(snapshot.sockets.state == State.LISTEN)
    found = listeners(told.frame.moment, rows, None)
    waiting, limits = found.sockets.rqueue.tolist(), found.sockets.wqueue.tolist()
    full = found.full
    # Those of FTP's data and the like come and go by the thousand.
    port, ephemeral = found.sockets.local_port, snapshot.sysctls.port_range
    passing = (port >= ephemeral.low) & (port <= ephemeral.high) & (found.known_s < SETTLED_S)
    queues: dict[str, _Queue] = {}
    sums: dict[str, int] = {}
    for at in np.flatnonzero(full | ~passing).tolist():
        name = local_text(found.sockets, at)
        queue = _Queue(waiting[at], limits[at])
        queues[name] = max(queues.get(name, queue), queue, key=lambda one: one.share)
        sums[name] = sums.get(name, 0) + queue.waiting
    fullest = sorted(queues, key=lambda name: (-queues[name].share, name))[:top]
    return _Namespace(
        netns=label(told.netns),
        named={name: queues[name] for name in fullest},
        total=sum(waiting),
        waiting_named=sum(sums[name] for name in fullest),
        full=int(np.count_nonzero(full)),
    )
