"""Metrics of ephemeral ports: what there is, and what is used towards the busiest destinations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.exporter.families import OTHER, gauge, label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prometheus_client.metrics_core import Metric

    from twtop.core.ports.usage import Ports
    from twtop.core.table.measures import Counts
    from twtop.exporter.families import Samples
    from twtop.exporter.looks import Told

LEAST_USED: Final = 10
"""Who uses fewer ports is never named: a crawler has thousands of such destinations, new ones every minute,
and each name is a series that Prometheus keeps for weeks."""


class _Named(NamedTuple):
    """A destination that is told by name."""

    netns: str
    ports: Ports
    at: int
    """Its index in them."""
    source: str
    remote: str

    @property
    def labels(self) -> tuple[str, str, str]:
        return self.netns, self.source, self.remote


def port_metrics(told: Sequence[Told], top: int) -> Iterator[Metric]:
    """Yield the supply of ports, and what is used towards ``top`` destinations and all others together."""
    yield from _supply([(label(each.netns), each.frame.ports) for each in told])
    named = _busiest(told, top)
    labels = ("netns", "source", "remote")

    def of_each(number: Callable[[Ports, int], int]) -> Samples:
        return ((each.labels, number(each.ports, each.at)) for each in named)

    def with_the_rest(counts: Callable[[Ports], Counts]) -> Samples:
        for one in named:
            yield one.labels, int(counts(one.ports)[one.at])
        for each in told:
            ports = each.frame.ports
            shown = sum(int(counts(ports)[one.at]) for one in named if one.ports is ports)
            yield (label(each.netns), OTHER, OTHER), int(counts(ports).sum()) - shown

    yield gauge(
        "twtop_destination_ports_used",
        "Ephemeral ports in use from a source address to a remote address and port, of those that use most;"
        f" the others, and who uses fewer than {LEAST_USED}, together as {OTHER}.",
        labels,
        with_the_rest(lambda ports: ports.used),
    )
    yield gauge(
        "twtop_destination_ports_time_wait",
        "Those of twtop_destination_ports_used that are in TIME-WAIT.",
        labels,
        with_the_rest(lambda ports: ports.waiting),
    )
    yield gauge(
        "twtop_destination_ports_capacity",
        "How many ports can be in use towards a destination; beyond, connect() fails.",
        labels,
        of_each(lambda ports, at: ports.capacity_of(at)),
    )
    yield gauge(
        "twtop_destination_ports_half",
        "From how many ports in use on connect() is slow: those of the parity that it tries first are taken.",
        labels,
        of_each(lambda ports, at: ports.half_of(at)),
    )
    yield from _pools(told, top)
    yield gauge(
        "twtop_destinations",
        "How many destinations have a port in use.",
        ("netns",),
        (((label(each.netns),), len(each.frame.ports)) for each in told),
    )


def _pools(told: Sequence[Told], top: int) -> Iterator[Metric]:
    """Yield what programs share that bind before they connect: the fullest of all namespaces together."""
    found = [(label(each.netns), pool) for each in told for pool in each.frame.ports.pools[:top]]
    pools = sorted(found, key=lambda one: -one[1].used)[:top]
    labels = ("netns", "source")
    yield gauge(
        "twtop_bind_pool_ports_used",
        "Ephemeral ports in use on a source address, as bind() before connect() has to share them.",
        labels,
        (((netns, pool.source), pool.used) for netns, pool in pools),
    )
    yield gauge(
        "twtop_bind_pool_ports_capacity",
        "How many ports bind() before connect() can choose on a source address; beyond, it fails.",
        labels,
        (((netns, pool.source), pool.capacity) for netns, pool in pools),
    )


def _busiest(told: Sequence[Told], top: int) -> list[_Named]:
    """Return the destinations to name: the most ports in use first, of all namespaces together."""
    found = [
        (int(each.frame.ports.used[index]), each, index)
        for each in told
        for index in range(min(top, len(each.frame.ports)))
        if each.frame.ports.used[index] >= min(LEAST_USED, each.frame.ports.half_of(index))
    ]
    found.sort(key=lambda one: -one[0])
    named = []
    for _, each, index in found[:top]:
        ports = each.frame.ports
        destination = ports.destination(each.frame.moment.snapshot.sockets, index)
        named.append(
            _Named(label(each.netns), ports, index, destination.source_text, destination.remote_text)
        )
    return named


def _supply(told: Sequence[tuple[str, Ports]]) -> Iterator[Metric]:
    def of_each(name: str, explained: str, number: Callable[[Ports], int]) -> Metric:
        return gauge(name, explained, ("netns",), (((netns,), number(ports)) for netns, ports in told))

    yield of_each(
        "twtop_ephemeral_port_first", "The first port of ip_local_port_range.", lambda ports: ports.range.low
    )
    yield of_each(
        "twtop_ephemeral_port_last", "The last port of ip_local_port_range.", lambda ports: ports.range.high
    )
    yield of_each(
        "twtop_ephemeral_ports_capacity",
        "How many ports of ip_local_port_range connect() can choose towards a new destination.",
        lambda ports: ports.capacity,
    )
    yield gauge(
        "twtop_ephemeral_ports_unusable",
        "Ports of the range that connect() passes over, by reason: reserved (ip_local_reserved_ports), bound"
        " (listened on, or only bound), bound_first (by sockets that were bound before they connected).",
        ("netns", "reason"),
        (
            ((netns, reason), count)
            for netns, ports in told
            for reason, count in (
                ("reserved", ports.reserved),
                ("bound", ports.bound),
                ("bound_first", ports.bound_first),
            )
        ),
    )
    yield gauge(
        "twtop_ephemeral_ports_udp_used",
        "Ports of the range that UDP uses, from a pool of its own.",
        ("netns",),
        (((netns,), ports.udp_used) for netns, ports in told if ports.udp_used is not None),
    )
