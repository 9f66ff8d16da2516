"""What the kernel's tcp_info says of sockets that last: since when they have received nothing, which options.

Reading it takes one more walk over all sockets of the machine, so it is older than the snapshot it is in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.sockets import STATE_BITS, identity_of

if TYPE_CHECKING:
    from twtop.core.changes import Seconds
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U8, U32, U64, Rows

TIMESTAMPS: Final = 1
"""The bit in `TcpInfo.options` of connections with timestamps (TCPI_OPT_TIMESTAMPS)."""


@dataclass(frozen=True, slots=True, eq=False)
class TcpInfo:
    """Equally long columns, by ascending identities.

    Source: include/uapi/linux/tcp.h (struct tcp_info), net/ipv4/tcp.c (tcp_get_info).
    """

    identity: U64
    """Cookie and state (`twtop.core.sockets.identity_of`)."""
    silent_ms: U32
    """For how long nothing was received, neither data nor an ACK nor a FIN.

    It is what tcp_keepalive_time counts: a keepalive probe of the peer is nothing, the answer to one of ours
    is something (include/net/tcp.h, keepalive_time_elapsed).
    """
    options: U8
    instant_s: float
    """Monotonic time of the reading."""
    lack: str | None = None
    """Why sockets in ESTAB, CLOSE-WAIT or FIN-WAIT-2 are left out; None where none is."""

    def rows_in(self, snapshot: Snapshot) -> tuple[Rows, Rows]:
        """Return the rows of a snapshot that are in this table, and where here."""
        rows, there = snapshot.cookies.find(self.identity >> STATE_BITS)
        sockets, at = snapshot.sockets, np.flatnonzero(there)
        rows = rows[at]
        same = identity_of(sockets.cookie[rows], sockets.state[rows]) == self.identity[at]
        return rows[same], at[same]

    def of(self, snapshot: Snapshot) -> TcpInfo:
        """Return what is about the sockets of a snapshot, and nothing else."""
        _, at = self.rows_in(snapshot)
        at = np.sort(at)
        return replace(
            self, identity=self.identity[at], silent_ms=self.silent_ms[at], options=self.options[at]
        )


def silent_s(snapshot: Snapshot) -> Seconds:
    """Return for how long each socket had received nothing at the reading, NaN where that is unknown."""
    known = np.full(len(snapshot.sockets), np.nan, np.float32)
    rows, at = snapshot.tcp_info.rows_in(snapshot)
    known[rows] = snapshot.tcp_info.silent_ms[at] / np.float32(1000)
    return known


def no_tcp_info(lack: str | None = None) -> TcpInfo:
    """Return a table without rows."""
    return TcpInfo(np.zeros(0, np.uint64), np.zeros(0, np.uint32), np.zeros(0, np.uint8), 0.0, lack)
