"""Which end of a connection this host is.

A socket whose local port has a listener is on the server side. So is one that a stopped server left behind:
its local port is no ephemeral one, and its remote port is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.address import MAPPED_PREFIX
from twtop.core.mixing import mixed_at
from twtop.core.states import State

if TYPE_CHECKING:
    from twtop.core.sockets import U8, U16, U64, Mask, Rows, Sockets
    from twtop.core.sysctls import PortRange

PORTS: Final = 1 << 16
"""How many there are, 0 among them."""
WILDCARDS: Final = np.array([0, MAPPED_PREFIX], np.uint64)
"""The low halves of ``::`` and ``0.0.0.0``; the high one is 0."""


def is_alone(state: U8) -> Mask:
    """Tell in which states sockets have no peer: they listen, or are only bound."""
    alone: Mask = (state == State.LISTEN) | (state == State.UNCONN)
    return alone


def server_side(sockets: Sockets, span: PortRange) -> Mask:
    """Tell which sockets are listeners or belong to one: same port, and its address is theirs or a wildcard.

    A dual-stack wildcard listener (``[::]``) counts for IPv4 too. ``span`` are the ephemeral ports of this
    host, and are taken for those of its peers, too: who connects without bind() does so from one of them.
    """
    listeners = np.flatnonzero(sockets.state == State.LISTEN)
    wildcard = (sockets.local_hi[listeners] == 0) & np.isin(sockets.local_lo[listeners], WILDCARDS)
    server = ports_of(sockets, listeners[wildcard]).take(sockets.local_port)
    exact = listeners[~wildcard]
    if exact.size:
        rows = np.flatnonzero(ports_of(sockets, exact).take(sockets.local_port) & ~server)
        server[rows] = np.isin(local_key(sockets, rows), local_key(sockets, exact))
    return server | (_within(sockets.remote_port, span) & ~_within(sockets.local_port, span))


def _within(ports: U16, span: PortRange) -> Mask:
    return (ports >= span.low) & (ports <= span.high)


def port_table(ports: U16 | list[int] | slice) -> Mask:
    """Return a table of all 65,536 ports: is it one of these?"""
    table = np.zeros(PORTS, np.bool_)
    table[ports] = True
    return table


def ports_of(sockets: Sockets, rows: Rows) -> Mask:
    """Return a table of all ports: is it the local port of one of the rows?"""
    return port_table(sockets.local_port[rows])


def local_key(sockets: Sockets, rows: Rows) -> U64:
    """Return a number for each row that tells its local end from others."""
    return mixed_at([sockets.local_hi, sockets.local_lo, sockets.local_port], rows)
