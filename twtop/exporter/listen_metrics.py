"""Metrics of accept queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twtop.core.states import State
from twtop.diagnosis.listeners import SETTLED_S, listeners
from twtop.diagnosis.subjects import local_text
from twtop.exporter.families import OTHER, gauge, label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client.metrics_core import Metric

    from twtop.exporter.families import Samples
    from twtop.exporter.looks import Told


class _Queue(NamedTuple):
    """The accept queue of an address and port; the fullest where several sockets share it (SO_REUSEPORT)."""

    netns: str
    local: str
    waiting: int
    limit: int
    shared: int
    """How many connections wait in all that share it."""

    @property
    def share(self) -> float:
        return self.waiting / (self.limit + 1)

    def beside(self, other: _Queue) -> _Queue:
        """Return what two that share an address and port are together."""
        return max(self, other, key=lambda one: one.share)._replace(shared=self.shared + other.shared)


class _Namespace(NamedTuple):
    netns: str
    queues: tuple[_Queue, ...]
    """Those that may be named."""
    waiting: int
    """Connections that wait in any queue."""
    full: int


def listen_metrics(told: Sequence[Told], top: int) -> Iterator[Metric]:
    """Yield the ``top`` accept queues of all namespaces nearest to their limits, and the rest summed.

    Where netlink is refused queues have no limits, and there are no such metrics.
    """
    found = [_namespace(each) for each in told if each.frame.moment.snapshot.tells_backlogs]
    queues = [queue for each in found for queue in each.queues]
    named = sorted(queues, key=lambda queue: (-queue.share, queue.netns, queue.local))[:top]
    labels = ("netns", "local")
    yield gauge(
        "twtop_accept_queue_length",
        "Connections that wait for accept(), by the address and port listened on: where several sockets share"
        f" it, of the fullest; all that is not named together as {OTHER}.",
        labels,
        _lengths(found, named),
    )
    yield gauge(
        "twtop_accept_queue_limit",
        "Limit of an accept queue, the smaller of somaxconn and what listen() was given; it takes one more.",
        labels,
        (((queue.netns, queue.local), queue.limit) for queue in named),
    )
    yield gauge(
        "twtop_accept_queues_full",
        "How many listening sockets take nobody any more.",
        ("netns",),
        (((each.netns,), each.full) for each in found),
    )


def _lengths(found: Sequence[_Namespace], named: Sequence[_Queue]) -> Samples:
    for queue in named:
        yield (queue.netns, queue.local), queue.waiting
    for each in found:
        shown = sum(queue.shared for queue in named if queue.netns == each.netns)
        yield (each.netns, OTHER), each.waiting - shown


def _namespace(told: Told) -> _Namespace:
    snapshot, netns = told.frame.moment.snapshot, label(told.netns)
    rows = np.flatnonzero(snapshot.sockets.state == State.LISTEN)
    found = listeners(told.frame.moment, rows, None)
    waiting, limits = found.sockets.rqueue.tolist(), found.sockets.wqueue.tolist()
    # Those of FTP's data and the like come and go by the thousand.
    port, ephemeral = found.sockets.local_port, snapshot.sysctls.port_range
    passing = (port >= ephemeral.low) & (port <= ephemeral.high) & (found.known_s < SETTLED_S)
    queues: dict[str, _Queue] = {}
    for at in np.flatnonzero(found.full | ~passing).tolist():
        local = local_text(found.sockets, at)
        queue = _Queue(netns, local, waiting[at], limits[at], waiting[at])
        queues[local] = queues[local].beside(queue) if local in queues else queue
    return _Namespace(netns, tuple(queues.values()), sum(waiting), int(np.count_nonzero(found.full)))
