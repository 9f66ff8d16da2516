"""Which ports connect() can choose: none that is reserved, and none that a live socket got by bind().

A port that was bound keeps connect() away for every destination, source address and family, also while only
a TIME-WAIT of it is left; Linux 6.18 gives it back when its bound owner is gone, older kernels when all its
sockets are. bind() to port 0 itself refuses only ports in use on the same source address.

Sources: net/ipv4/inet_hashtables.c (__inet_hash_connect), net/ipv4/inet_connection_sock.c
(inet_csk_find_open_port).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.address import address_text
from twtop.core.mixing import mixed_at
from twtop.core.roles import WILDCARDS, is_alone, port_table, ports_of
from twtop.core.states import State
from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from twtop.core.runs import Runs
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Mask, Rows, Sockets
    from twtop.core.sysctls import PortRange, Sysctls
    from twtop.core.table.measures import Counts

_NEARLY_ALL: Final = 0.9
_MOST_POOLS: Final = 16
_CLEARLY_MS: Final = 1000
_LATELY_MS: Final = 10_000
_FEW: Final = 16
"""With fewer sockets their parities say little about how they got their ports."""


class Clients(NamedTuple):
    """The sockets that hold a port of the range towards some destination."""

    runs: Runs
    destination: Rows
    """Per run the number of its destination, which are those from 0 on."""

    def totals(self, amounts: Counts) -> Counts:
        """Add up per destination what there is of something in each run."""
        return np.bincount(self.destination, amounts).astype(np.int64)


@dataclass(frozen=True, slots=True)
class BindPool:
    """The ports of one source address, as a socket that binds before it connects must share them."""

    source: str
    used: int
    capacity: int
    """Ports that bind() to port 0 can choose in all."""


def range_mask(span: PortRange) -> Mask:
    """Tell for each of the 65,536 ports whether a range holds it."""
    return port_table(slice(span.low, span.high + 1))


def first_parity(span: PortRange) -> Mask:
    """Tell for each of the 65,536 ports whether connect() tries it before the other half of a range."""
    return port_table(slice(span.low, span.high + 1, 2))


def reserved_mask(sysctls: Sysctls) -> Mask:
    """Tell for each of the 65,536 ports whether ``ip_local_reserved_ports`` keeps it back."""
    return port_table(list(sysctls.reserved_ports))


def held_mask(sockets: Sockets) -> Mask:
    """Tell for each of the 65,536 ports whether someone listens on it, or is bound to it without a peer."""
    return ports_of(sockets, np.flatnonzero(is_alone(sockets.state)))


def outside(snapshot: Snapshot) -> Rows:
    """Return the client sockets with ports outside the range: such a port was chosen by bind().

    Or by connect(), under another range: they are taken for bound all the same.
    """
    port, span = snapshot.sockets.local_port, snapshot.sysctls.port_range
    rows: Rows = np.flatnonzero(((port < span.low) | (port > span.high)) & ~snapshot.server)
    return rows


def bound_first(snapshot: Snapshot, clients: Clients) -> Rows:
    """Return the rows that must have been bound before they connected, as far as ports tell.

    connect() takes ports of the parity of the range's low end until none is left; bind() to port 0 takes the
    other parity first. A port of the other parity, while the first has room, was bound; and so was one of the
    first where a source has bound all of the other. Where both parities are used alike, sockets have an
    IP_LOCAL_PORT_RANGE of their own, which knows no parity, or come from when the first one was full; so do
    those that began after others of the first parity, which has got room again since, and those that are left
    of a rush that is over.
    """
    sockets, span = snapshot.sockets, snapshot.sysctls.port_range
    usable = range_mask(span) & ~reserved_mask(snapshot.sysctls) & ~held_mask(sockets)
    first_usable = int(np.count_nonzero(usable & first_parity(span)))
    other_usable = int(np.count_nonzero(usable)) - first_usable
    runs = clients.runs
    other = (sockets.local_port ^ span.low) & 1 == 1
    taken_other = clients.totals(runs.sums(other))
    taken_first = clients.totals(runs.sizes) - taken_other
    many = (taken_first + taken_other >= _FEW) & (taken_other < other_usable * _NEARLY_ALL)
    alike = many & (2 * taken_first >= taken_other)
    # Of an odd number of ports connect() may miss the lowest.
    found_for_sure = first_usable - span.capacity % 2
    suspect = (taken_first < min(first_usable * _NEARLY_ALL, found_for_sure)) & ~alike
    asked = suspect & (taken_first + taken_other >= _FEW)
    suspect &= ~_began_with_the_first(snapshot, clients, other, asked)
    suspect &= ~_left_of_a_rush(snapshot, clients, usable & ~first_parity(span), asked & suspect)
    bound = runs.pick(suspect[clients.destination]).rows
    bound = bound[other[bound]]
    return np.append(bound, _after_the_other_parity(sockets, clients, bound, other_usable))


def _began_with_the_first(snapshot: Snapshot, clients: Clients, other: Mask, asked: Mask) -> Mask:
    """Tell of some destinations whether their oldest TIME-WAIT has a port of the first parity."""
    waiting = asked[clients.destination] & (snapshot.sockets.state[clients.runs.heads] == State.TIME_WAIT)
    runs, destination = clients.runs.pick(waiting), clients.destination[waiting]
    shortest_ms = np.full((2, len(asked)), NO_END, np.uint32)
    for parity, ms in enumerate(shortest_ms):
        left_ms = np.where(other[runs.rows] == parity, snapshot.left_ms[runs.rows], np.uint32(NO_END))
        np.minimum.at(ms, destination, np.minimum.reduceat(left_ms, runs.starts))
    first_ms, other_ms = shortest_ms.astype(np.int64)
    found: Mask = (other_ms != NO_END) & (first_ms + _CLEARLY_MS <= other_ms)
    return found


def _left_of_a_rush(snapshot: Snapshot, clients: Clients, wanted: Mask, asked: Mask) -> Mask:
    """Tell to which destinations nothing has begun of late that bind() chose, though it found room.

    ``wanted`` are the ports that bind() tries first. Where most that have one are in TIME-WAIT, the newest of
    these tells when one was chosen last.
    """
    sockets, chosen = snapshot.sockets, asked[clients.destination]
    runs = clients.runs.pick(chosen)
    rows, destination = runs.rows, np.repeat(clients.destination[chosen], runs.sizes)
    there = wanted[sockets.local_port[rows]]
    rows, destination = rows[there], destination[there]
    waiting = sockets.state[rows] == State.TIME_WAIT
    newest_ms = np.zeros(len(asked), np.int64)
    np.maximum.at(newest_ms, destination[waiting], snapshot.left_ms[rows[waiting]])
    count = np.bincount(destination, minlength=len(asked))
    found: Mask = 2 * np.bincount(destination[waiting], minlength=len(asked)) > count
    found &= newest_ms + _LATELY_MS <= snapshot.life_ms
    for at in np.flatnonzero(found):
        row = int(rows[np.argmax(destination == at)])
        own = ports_of(sockets, np.flatnonzero(same_source(sockets, slice(None), row)))
        found[at] = bool(np.any(wanted & ~own))
    return found


def _after_the_other_parity(sockets: Sockets, clients: Clients, bound: Rows, other_usable: int) -> Rows:
    """Return what bind() chose of the first parity: ports of sources that bound all of the other one."""
    enough = max(1, other_usable * _NEARLY_ALL)
    if len(bound) < enough:
        return np.zeros(0, np.intp)
    is_bound = np.zeros(len(sockets), np.bool_)
    is_bound[bound] = True
    bound_there = clients.totals(clients.runs.sums(is_bound)) > 0
    rest = clients.runs.pick(bound_there[clients.destination]).rows
    rest = rest[~is_bound[rest]]
    after = np.zeros(len(rest), np.bool_)
    for row in _one_per_source(sockets, bound):
        ports = ports_of(sockets, bound[same_source(sockets, bound, row)])
        if np.count_nonzero(ports) >= enough:
            after |= same_source(sockets, rest, row)
    return rest[after]


def pools(snapshot: Snapshot, rows: Rows) -> tuple[BindPool, ...]:
    """Count the ports in use on every source address that has sockets bound first; the fullest first."""
    sockets = snapshot.sockets
    found = [pool_of(snapshot, row) for row in _one_per_source(sockets, rows)]
    return tuple(sorted(found, key=lambda pool: (-pool.used, pool.source)))


def pool_of(snapshot: Snapshot, row: int, span: PortRange | None = None) -> BindPool:
    """Return the pool of one socket's source address; of another range than the present one if given."""
    sockets = snapshot.sockets
    everywhere = (
        (sockets.state == State.LISTEN) & (sockets.local_hi == 0) & np.isin(sockets.local_lo, WILDCARDS)
    )
    usable = range_mask(span or snapshot.sysctls.port_range) & ~reserved_mask(snapshot.sysctls)
    usable &= ~ports_of(sockets, np.flatnonzero(everywhere))
    own = ports_of(sockets, np.flatnonzero(same_source(sockets, slice(None), row)))
    source = address_text(int(sockets.local_hi[row]), int(sockets.local_lo[row]))
    return BindPool(source, int(np.count_nonzero(own & usable)), int(np.count_nonzero(usable)))


def same_source(sockets: Sockets, rows: Rows | slice, row: int) -> Mask:
    """Tell which of some sockets have the local address of one."""
    same: Mask = (sockets.local_lo[rows] == sockets.local_lo[row]) & (
        sockets.local_hi[rows] == sockets.local_hi[row]
    )
    return same


def _one_per_source(sockets: Sockets, rows: Rows) -> list[int]:
    key = mixed_at([sockets.local_hi, sockets.local_lo], rows)
    _, index = np.unique(key, return_index=True)
    return [int(row) for row in rows[index[:_MOST_POOLS]]]
