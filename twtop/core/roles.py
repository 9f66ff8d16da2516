"""Which end of a connection this host is: a socket whose local port has a listener is on the server side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.address import MAPPED_PREFIX
from twtop.core.mixing import mixed
from twtop.core.states import State

if TYPE_CHECKING:
    from twtop.core.sockets import Mask, Rows, Sockets

_PORTS: Final = 1 << 16
_WILDCARDS: Final = np.array([0, MAPPED_PREFIX], np.uint64)


def server_side(sockets: Sockets) -> Mask:
    """Tell which sockets are listeners or belong to one: same port, and its address is theirs or a wildcard.

    A dual-stack wildcard listener (``[::]``) counts for IPv4 too.
    """
    listeners = np.flatnonzero(sockets.state == State.LISTEN)
    wildcard = (sockets.local_hi[listeners] == 0) & np.isin(sockets.local_lo[listeners], _WILDCARDS)
    server = _ports_of(sockets, listeners[wildcard])[sockets.local_port]
    exact = listeners[~wildcard]
    if exact.size:
        rows = np.flatnonzero(_ports_of(sockets, exact)[sockets.local_port] & ~server)
        server[rows] = np.isin(_local_key(sockets, rows), _local_key(sockets, exact))
    return server


def _ports_of(sockets: Sockets, rows: Rows) -> Mask:
    """Return a table of all ports: is it the local port of one of the rows?"""
    table = np.zeros(_PORTS, np.bool_)
    table[sockets.local_port[rows]] = True
    return table


def _local_key(sockets: Sockets, rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return mixed([sockets.local_hi[rows], sockets.local_lo[rows], sockets.local_port[rows]])
