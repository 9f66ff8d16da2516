"""How much of the ephemeral port range is in use, where it counts: per source, destination and port.

One local port serves many destinations at once, so there is no usage "of the host". What connect() runs out
of are ports towards one destination; bind() before connect() runs out of ports of one source address.

Sources: net/ipv4/inet_hashtables.c (__inet_hash_connect), net/ipv4/inet_connection_sock.c
(inet_csk_find_open_port).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.address import address_text, endpoint_text
from twtop.core.mixing import mixed
from twtop.core.states import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Mask, Rows, Sockets
    from twtop.core.sysctls import PortRange
    from twtop.core.table.measures import Counts

_PORTS: Final = 1 << 16
_FIRST_PARITY_FULL: Final = 0.9
_MOST_POOLS: Final = 16


class Destination(NamedTuple):
    """What has a port budget of its own; the halves of addresses are those of Sockets."""

    local_hi: int
    local_lo: int
    remote_hi: int
    remote_lo: int
    remote_port: int

    @property
    def text(self) -> str:
        """``10.0.0.1 > 10.0.0.5:5432``."""
        return f"{self.source_text} > {self.remote_text}"

    @property
    def source_text(self) -> str:
        """The source address."""
        return address_text(self.local_hi, self.local_lo)

    @property
    def remote_text(self) -> str:
        """The destination's address and port."""
        return endpoint_text(self.remote_hi, self.remote_lo, self.remote_port)


@dataclass(frozen=True, slots=True)
class BindPool:
    """The ports of one source address, as a socket that binds before it connects must share them."""

    source: str
    used: int


@dataclass(frozen=True, slots=True, eq=False)
class Ports:
    """Port usage at one instant; destinations with the most ports in use first."""

    range: PortRange
    capacity: int
    """Ports that connect() can choose: the range less reserved and explicitly bound ones."""
    half: int
    """From here on connect() is slow: all ports of the parity it tries first are taken."""
    reserved: int
    bound: int
    """Ports of the range held by listeners and by sockets that are only bound."""
    row: Rows
    """A socket of each destination."""
    used: Counts
    """Ports in use towards each destination."""
    waiting: Counts
    """Those of them in TIME-WAIT."""
    pools: tuple[BindPool, ...]
    """Source addresses with sockets that were bound first, the fullest pool first."""
    udp_used: int | None
    """Ports of the range that UDP uses, from a pool of its own; None where unknown."""
    past_half: dict[Destination, int]
    """Ports in use towards the destinations that use half of the capacity or more."""

    def __len__(self) -> int:
        return len(self.used)

    def destination(self, sockets: Sockets, index: int) -> Destination:
        """Return the destination at one index."""
        return destination_of(sockets, int(self.row[index]))

    def find(self, sockets: Sockets, wanted: Destination) -> int | None:
        """Return the index of a destination, None if nothing goes there now."""
        rows = self.row
        same = np.ones(len(rows), np.bool_)
        for name, value in zip(Destination._fields, wanted, strict=True):
            same &= getattr(sockets, name)[rows] == np.uint64(value)
        found = np.flatnonzero(same)
        return int(found[0]) if found.size else None


def destination_of(sockets: Sockets, row: int) -> Destination:
    """Return the destination that one socket is connected to."""
    return Destination(*(int(getattr(sockets, name)[row]) for name in Destination._fields))


def port_usage(snapshot: Snapshot) -> Ports:
    """Compute all port budgets of a snapshot."""
    sockets, sysctls = snapshot.sockets, snapshot.sysctls
    span = sysctls.port_range
    in_range = (sockets.local_port >= span.low) & (sockets.local_port <= span.high)
    alone = (sockets.state == State.LISTEN) | (sockets.state == State.UNCONN)
    reserved = sum(port in span for port in sysctls.reserved_ports)
    held = set(np.unique(sockets.local_port[in_range & alone]).tolist()) - sysctls.reserved_ports
    capacity = max(0, span.capacity - reserved - len(held))
    rows = np.flatnonzero(in_range & ~alone & ~snapshot.server)
    first, count, group = _by_destination(sockets, rows)
    waiting = np.bincount(group[sockets.state[rows] == State.TIME_WAIT], minlength=len(first))
    order = np.argsort(-count, kind="stable")
    half = max(1, capacity // 2)
    past_half = {
        destination_of(sockets, int(first[at])): int(count[at])
        for at in order[: np.count_nonzero(count >= half)]
    }
    only_bound = np.flatnonzero(in_range & (sockets.state == State.UNCONN))
    bound_first = np.append(_bound_first(sockets, rows, group, count, span), only_bound)
    udp = snapshot.udp_ports
    return Ports(
        range=span,
        capacity=capacity,
        half=half,
        reserved=reserved,
        bound=len(held),
        row=first[order],
        used=count[order],
        waiting=waiting[order],
        pools=_pools(sockets, in_range, bound_first),
        udp_used=None if udp is None else int(np.count_nonzero((udp >= span.low) & (udp <= span.high))),
        past_half=past_half,
    )


def _by_destination(sockets: Sockets, rows: Rows) -> tuple[Rows, Counts, NDArray[np.intp]]:
    """Return per destination a row and its number of sockets (one port each), and per row its destination."""
    if not rows.size:
        nothing = np.zeros(0, np.intp)
        return nothing, nothing.astype(np.int64), nothing
    key = mixed([getattr(sockets, name)[rows] for name in Destination._fields])
    order = np.argsort(key)
    ascending = key[order]
    starts = np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1]]))
    count = np.diff(np.append(starts, len(rows)))
    group = np.empty(len(rows), np.intp)
    group[order] = np.repeat(np.arange(len(starts)), count)
    return rows[order[starts]], count, group


def _bound_first(
    sockets: Sockets, rows: Rows, group: NDArray[np.intp], count: Counts, span: PortRange
) -> Rows:
    """Return the rows that must have been bound before they connected.

    connect() takes ports of the parity of the range's low end until none is left; bind() to port 0 takes the
    other parity first. A port of the other parity, while the first has room, was bound.
    """
    other = (sockets.local_port[rows] ^ span.low) & 1 == 1
    taken_first = np.bincount(group[~other], minlength=len(count))
    has_room = taken_first < span.half * _FIRST_PARITY_FULL
    bound: Rows = rows[other & has_room[group]]
    return bound


def _pools(sockets: Sockets, in_range: Mask, bound_first: Rows) -> tuple[BindPool, ...]:
    """Count the ports in use on every source address that has sockets bound first."""
    pools = []
    for row in _one_per_source(sockets, bound_first):
        high, low = int(sockets.local_hi[row]), int(sockets.local_lo[row])
        same = in_range & (sockets.local_lo == np.uint64(low)) & (sockets.local_hi == np.uint64(high))
        seen = np.zeros(_PORTS, np.bool_)
        seen[sockets.local_port[same]] = True
        pools.append(BindPool(address_text(high, low), int(np.count_nonzero(seen))))
    return tuple(sorted(pools, key=lambda pool: (-pool.used, pool.source)))


def _one_per_source(sockets: Sockets, rows: Rows) -> list[int]:
    key = mixed([sockets.local_hi[rows], sockets.local_lo[rows]]) if rows.size else np.zeros(0, np.uint64)
    _, index = np.unique(key, return_index=True)
    return [int(row) for row in rows[index[:_MOST_POOLS]]]
