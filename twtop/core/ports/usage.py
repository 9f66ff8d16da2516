"""How much of the ephemeral port range is in use, where it counts: per source, destination and port.

One local port serves many destinations at once, so there is no usage "of the host". What connect() runs out
of are ports towards one destination; bind() before connect() runs out of ports of one source address.

Sources: net/ipv4/inet_hashtables.c (__inet_hash_connect), net/ipv4/inet_connection_sock.c
(inet_csk_find_open_port).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twtop.core.address import address_text, endpoint_text
from twtop.core.mixing import mixed_at
from twtop.core.ports import supply
from twtop.core.ports.supply import Clients
from twtop.core.roles import is_alone, ports_of
from twtop.core.runs import Runs
from twtop.core.sorting import lexsorted
from twtop.core.states import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.ports.supply import BindPool
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U64, Mask, Rows, Sockets
    from twtop.core.sysctls import PortRange
    from twtop.core.table.measures import Counts


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


@dataclass(frozen=True, slots=True, eq=False)
class Ports:
    """Port usage at one instant; destinations with the most ports in use first."""

    range: PortRange
    capacity: int
    """Ports that connect() can choose where none is used yet: the range less those that it passes over."""
    half: int
    """From here on connect() is slow: all ports of the parity it tries first are taken."""
    reserved: int
    bound: int
    """Ports of the range held by listeners and by sockets that are only bound."""
    bound_first: int
    """Ports of the range held by sockets that were bound before they connected, as far as one can tell."""
    bound_first_rows: Rows
    """Those sockets."""
    barred: Mask
    """Per port (all 65,536): connect() passes over it, whatever the range is."""
    row: Rows
    """A socket of each destination."""
    used: Counts
    """Ports in use towards each destination."""
    waiting: Counts
    """Those of them in TIME-WAIT."""
    own: Counts
    """Those of them that connect() would pass over now, because they were bound: each destination has them on
    top of `capacity` and `half`."""
    pools: tuple[BindPool, ...]
    """Source addresses with sockets that were bound first, the fullest pool first."""
    udp_used: int | None
    """Ports of the range that UDP uses, from a pool of its own; None where unknown."""
    past_half: dict[Destination, int]
    """Ports in use towards the destinations that use half of their capacity or more."""

    def __len__(self) -> int:
        return len(self.used)

    def capacity_of(self, index: int) -> int:
        """How many ports can be in use towards the destination at one index."""
        return self.capacity + int(self.own[index])

    def half_of(self, index: int) -> int:
        """From how many ports in use towards the destination at one index connect() is slow."""
        return self.half + int(self.own[index])

    def destination(self, sockets: Sockets, index: int) -> Destination:
        """Return the destination at one index."""
        return destination_of(sockets, int(self.row[index]))

    def busiest(self, sockets: Sockets, most: int) -> list[Destination]:
        """Return the destinations with the most ports in use, so many at most."""
        return [self.destination(sockets, index) for index in range(min(most, len(self)))]

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


def destination_keys(sockets: Sockets, rows: Rows) -> U64:
    """Return one number per socket, the same for those that are connected to one destination."""
    return mixed_at([getattr(sockets, name) for name in Destination._fields], rows)


def rows_towards(snapshot: Snapshot, destination: Destination) -> Rows:
    """Return the sockets that hold an ephemeral port towards a destination."""
    sockets, span = snapshot.sockets, snapshot.sysctls.port_range
    rows = np.flatnonzero(sockets.remote_port == destination.remote_port)
    for name in Destination._fields[:-1]:
        rows = rows[getattr(sockets, name)[rows] == np.uint64(getattr(destination, name))]
    port = sockets.local_port[rows]
    found: Rows = rows[(port >= span.low) & (port <= span.high) & ~snapshot.server[rows]]
    return found


def port_usage(snapshot: Snapshot) -> Ports:
    """Compute all port budgets of a snapshot."""
    sockets, sysctls = snapshot.sockets, snapshot.sysctls
    span = sysctls.port_range
    in_range = (sockets.local_port >= span.low) & (sockets.local_port <= span.high)
    runs = snapshot.bundles.where(in_range & ~is_alone(sockets.state) & ~snapshot.server)
    heads = runs.heads
    first, destination = _destinations(sockets, heads)
    clients = Clients(runs, destination)
    count = clients.totals(runs.sizes)
    waiting = clients.totals(runs.sizes * (sockets.state[heads] == State.TIME_WAIT))
    bound_first = supply.bound_first(snapshot, clients)
    inside, reserved = supply.range_mask(span), supply.reserved_mask(sysctls)
    held = supply.held_mask(sockets) & ~reserved
    bound = ports_of(sockets, np.append(bound_first, supply.outside(snapshot))) & ~reserved & ~held
    barred = reserved | held | bound
    choosable = inside & ~barred
    own = clients.totals(runs.sums(barred.take(sockets.local_port)))
    half = max(1, int(np.count_nonzero(choosable & supply.first_parity(span))))
    order = _fullest_first(sockets, first, count)
    past = order[(count >= half + own)[order]]
    only_bound = np.flatnonzero(in_range & (sockets.state == State.UNCONN))
    udp = snapshot.udp_ports
    return Ports(
        range=span,
        capacity=int(np.count_nonzero(choosable)),
        half=half,
        reserved=int(np.count_nonzero(inside & reserved)),
        bound=int(np.count_nonzero(inside & held)),
        bound_first=int(np.count_nonzero(inside & bound)),
        bound_first_rows=bound_first,
        barred=barred,
        row=first[order],
        used=count[order],
        waiting=waiting[order],
        own=own[order],
        pools=supply.pools(snapshot, np.append(bound_first, only_bound)),
        udp_used=None if udp is None else int(np.count_nonzero((udp >= span.low) & (udp <= span.high))),
        past_half={destination_of(sockets, int(first[at])): int(count[at]) for at in past},
    )


def _fullest_first(sockets: Sockets, first: Rows, count: Counts) -> NDArray[np.intp]:
    """Order destinations by ports in use; of equals the lower source, then the lower remote end first."""
    columns = [getattr(sockets, name)[first] for name in reversed(Destination._fields)]
    return lexsorted([*columns, -count])


def _destinations(sockets: Sockets, rows: Rows) -> tuple[Rows, Rows]:
    """Return one row per destination, and of each row the number of its destination."""
    same = Runs.of(destination_keys(sockets, rows))
    number = np.empty(len(rows), np.intp)
    number[same.rows] = np.repeat(np.arange(len(same)), same.sizes)
    return rows[same.heads], number
