"""One instant of one network namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core import timers
from twtop.core.counters import Counters
from twtop.core.roles import server_side
from twtop.core.sysctls import Sysctls

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.sockets import U32, U64, Mask, Rows, Sockets

_STATE_BITS: Final = np.uint64(4)
_STATE_MASK: Final = np.uint8(0xF)


@dataclass(frozen=True, slots=True, eq=False)
class Identities:
    """The sockets' identities in ascending order: cookie and state, so that a new state is a new birth."""

    sorted: U64
    order: Rows
    """``order[i]`` is the row of ``sorted[i]``."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Everything that was read at one instant; build it with `snapshot`."""

    sockets: Sockets
    identities: Identities
    server: Mask
    """Per socket: this host is the server side."""
    left_ms: U32
    """Per socket: time until it goes by itself, ``timers.NO_END`` where no clock ends it."""
    life_ms: int
    """The length of TIME-WAIT on this kernel."""
    wall_s: float
    """Unix time of the end of the dump."""
    instant_s: float
    """Monotonic time of the same moment."""
    sysctls: Sysctls
    counters: Counters
    udp_ports: NDArray[np.uint16] | None
    """Local ports in use by UDP; None where unknown."""
    degraded: tuple[str, ...]
    """What went wrong or is forbidden here, one sentence each."""
    unlisted: str | None
    """Why sockets that are only bound (UNCONN) are not listed; None where they are."""

    @property
    def lacks(self) -> tuple[str, ...]:
        """Everything that is not in this snapshot, with the reason, one sentence each."""
        return self.degraded if self.unlisted is None else (*self.degraded, self.unlisted)

    def state_counts(self) -> NDArray[np.int64]:
        """Return the number of sockets by state number (16 entries at least)."""
        return np.bincount(self.sockets.state, minlength=16)


def snapshot(
    sockets: Sockets,
    *,
    wall_s: float = 0.0,
    instant_s: float = 0.0,
    sysctls: Sysctls | None = None,
    counters: Counters | None = None,
    udp_ports: NDArray[np.uint16] | None = None,
    degraded: tuple[str, ...] = (),
    unlisted: str | None = None,
) -> Snapshot:
    """Make a Snapshot of a dump: drop duplicates, add what follows from the columns alone."""
    sockets, identities = _deduplicate(sockets)
    sysctls = Sysctls({}) if sysctls is None else sysctls
    return Snapshot(
        sockets=sockets,
        identities=identities,
        server=server_side(sockets),
        left_ms=timers.time_left_ms(sockets, sysctls.fin_timeout_s),
        life_ms=timers.longest_life_ms(sockets),
        wall_s=wall_s,
        instant_s=instant_s,
        sysctls=sysctls,
        counters=Counters({}) if counters is None else counters,
        udp_ports=udp_ports,
        degraded=degraded,
        unlisted=unlisted,
    )


def _deduplicate(sockets: Sockets) -> tuple[Sockets, Identities]:
    """Keep the last row of each cookie: a dump meets a socket twice where a hash chain grows meanwhile."""
    # A state beyond four bits, which no kernel has yet, must not turn one cookie into another.
    identity = sockets.cookie << _STATE_BITS | sockets.state & _STATE_MASK
    order = np.argsort(identity)
    ascending = identity[order]
    cookies = ascending >> _STATE_BITS
    repeated = cookies[1:] == cookies[:-1]
    if not repeated.any():
        return sockets, Identities(ascending, order)
    first_of_run = np.concatenate([[0], np.flatnonzero(~repeated) + 1])
    latest = np.sort(np.maximum.reduceat(order, first_of_run))
    return _deduplicate(sockets.take(latest))
