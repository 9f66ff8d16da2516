"""Owners of sockets that nobody was seen to hold, as far as other sockets tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.lookup import find
from twtop.core.mixing import mixed_at
from twtop.core.owners.certainty import Certainty
from twtop.core.owners.owner import Owner
from twtop.core.roles import PORTS, WILDCARDS, is_alone, local_key
from twtop.core.states import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.owners.attribution import Claims
    from twtop.core.owners.registry import Registry
    from twtop.core.runs import Runs
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U32, U64, Rows, Sockets

_NOTHING: Final = np.uint32(0xFFFF_FFFF)


def by_listener(now: Snapshot, claims: Claims, rows: Rows) -> U32:
    """Return the slots of who listens where the sockets' local ends are, 0 for nobody.

    A listener at the very address counts before one at the wildcard, as it does for the kernel
    (net/ipv4/inet_hashtables.c, ``__inet_lookup_listener``).
    """
    owner = np.zeros(len(rows), np.uint32)
    sockets = now.sockets
    listeners = np.flatnonzero((sockets.state == State.LISTEN) & (claims.owner != 0))
    if not listeners.size:
        return owner
    served = np.flatnonzero(now.server[rows] & ~is_alone(sockets.state[rows]))
    ours = rows[served]
    wildcard = (sockets.local_hi[listeners] == 0) & np.isin(sockets.local_lo[listeners], WILDCARDS)
    by_port = np.zeros(PORTS, np.uint32)
    by_port[sockets.local_port[listeners[wildcard]]] = claims.owner[listeners[wildcard]]
    owner[served] = by_port[sockets.local_port[ours]]
    exact = listeners[~wildcard]
    keys = local_key(sockets, exact)
    order = np.argsort(keys)
    at, found = find(local_key(sockets, ours), keys[order])
    owner[served[found]] = claims.owner[exact[order[at[found]]]]
    return owner


def by_remote_end(now: Snapshot, claims: Claims, rows: Rows, registry: Registry) -> U32:
    """Return the slots of the only ones known to have connections to the same remote ends, 0 for nobody.

    Where several processes have, but all run one command, it is that command. Where commands differ, or
    there are connections of another user's unknown process, it is nobody.
    """
    bundles, owners = now.bundles, registry.table()
    clients = np.flatnonzero(~now.server[bundles.heads] & ~is_alone(now.sockets.state[bundles.heads]))
    commands = owners.command_number[claims.owner]
    seen = (claims.certainty <= Certainty.PORTS) & (commands != 0)
    if not rows.size or not clients.size or not seen.any():
        return np.zeros(len(rows), np.uint32)
    # Sockets of one bundle have one remote end.
    _ends, which = np.unique(_remote_key(now.sockets, bundles.heads[clients]), return_inverse=True)
    owner = _only_one(bundles, np.where(seen, claims.owner, 0), clients, which)
    command = _only_one(bundles, np.where(seen, commands, 0), clients, which)
    nameless = (claims.certainty <= Certainty.PORTS) & (commands == 0)
    # As much of the number of a user as tells one from another.
    users = owners.user.astype(np.uint32)
    other = _only_one(bundles, np.where(nameless, users[claims.owner], 0), clients, which)
    slots = owner.alone.copy()
    for end in np.flatnonzero(command.alone).tolist():
        example = int(owner.one[end])
        if other.one[end] and other.alone[end] != users[example]:
            slots[end] = 0
        elif not slots[end]:
            slots[end] = registry.slot(Owner(command=owners.records[example].command))
    by_bundle = np.zeros(len(bundles), np.uint32)
    by_bundle[clients] = slots[which]
    by_row = np.zeros(len(now.sockets), np.uint32)
    by_row[bundles.rows] = np.repeat(by_bundle, bundles.sizes)
    return by_row[rows]


class _Only(NamedTuple):
    one: U32
    """Any of the values, 0 where there is none."""
    alone: U32
    """The only value, 0 where there is none or several."""


def _only_one(bundles: Runs, values: U32, chosen: Rows, kind: NDArray[np.intp]) -> _Only:
    """Find, for each kind of bundles, the only value that is not 0."""
    of_rows = values[bundles.rows]
    most = np.maximum.reduceat(of_rows, bundles.starts)[chosen]
    # One less than 0 is the greatest of all.
    least = np.minimum.reduceat(of_rows - np.uint32(1), bundles.starts)[chosen]
    count = int(kind.max()) + 1
    greatest, smallest = np.zeros(count, np.uint32), np.full(count, _NOTHING)
    np.maximum.at(greatest, kind, most)
    np.minimum.at(smallest, kind, least)
    return _Only(greatest, np.where(greatest == smallest + np.uint32(1), greatest, np.uint32(0)))


def _remote_key(sockets: Sockets, rows: Rows) -> U64:
    return mixed_at([sockets.remote_hi, sockets.remote_lo, sockets.remote_port], rows)
