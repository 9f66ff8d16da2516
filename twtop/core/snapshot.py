"""One instant of one network namespace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core import timers
from twtop.core.counters import Counters
from twtop.core.lookup import Cookies
from twtop.core.roles import server_side
from twtop.core.runs import Runs, bundles
from twtop.core.sysctls import Sysctls
from twtop.core.tcp_info import TcpInfo, no_tcp_info

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from twtop.core.names.labels import Labels
    from twtop.core.settings import Setting
    from twtop.core.sockets import U32, Mask, Sockets

_NOT_READ: Final = no_tcp_info("not read for this snapshot")


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Everything that was read at one instant; build it with `snapshot`."""

    sockets: Sockets
    cookies: Cookies
    """Where each cookie stands; none does twice."""
    server: Mask
    """Per socket: this host is the server side."""
    bundles: Runs
    """What differs in a client's port, clocks and queues alone, together (`twtop.core.runs.bundles`)."""
    left_ms: U32
    """Per socket: time until it goes by itself, ``timers.NO_END`` where no clock ends it."""
    life_ms: int
    """The length of TIME-WAIT on this kernel."""
    wall_s: float
    """Unix time of the end of the dump."""
    instant_s: float
    """Monotonic time of the same moment."""
    reading_ms: int
    """How long the dump took: each timer is what it was at some moment of that time."""
    sysctls: Sysctls
    counters: Counters
    udp_ports: NDArray[np.uint16] | None
    """Local ports in use by UDP; None where unknown."""
    degraded: tuple[str, ...]
    """What went wrong or is forbidden here, one sentence each."""
    unlisted: str | None
    """Why sockets that are only bound (UNCONN) are not listed; None where they are."""
    configured: Mapping[str, Setting]
    """What the configuration files for sysctls say, by dotted names."""
    tcp_info: TcpInfo
    """What was read last of the sockets that last; empty before the first reading."""
    exact_cookies: bool
    """Whether cookies are the kernel's, not made of addresses and ports."""
    own_session: tuple[int, ...] = ()
    """Cookies of the SSH connection that twtop runs in, of both ends where both are here."""
    owners_lack: str | None = None
    """How many of the sockets that somebody holds have no known owner, and why; None where all have."""

    @property
    def lacks(self) -> tuple[str, ...]:
        """Everything that is not in this snapshot, with the reason, one sentence each."""
        return self.degraded if self.unlisted is None else (*self.degraded, self.unlisted)

    def labelled(self, labels: Labels) -> Snapshot:
        """Return the same with the user's names for addresses."""
        return replace(self, sockets=replace(self.sockets, labels=labels))

    def only(self, rows: Mask) -> Snapshot:
        """Return it with some of its sockets, as if there were no others; whose side each is on stays."""
        sockets, server = self.sockets.take(rows), self.server[rows]
        fewer = replace(
            self,
            sockets=sockets,
            cookies=Cookies.of(sockets.cookie),
            server=server,
            bundles=bundles(sockets, server),
            left_ms=self.left_ms[rows],
        )
        return replace(fewer, tcp_info=self.tcp_info.of(fewer))

    @property
    def tells_backlogs(self) -> bool:
        """Whether `wqueue` of LISTEN is the limit of its accept queue; /proc has neither that nor cookies."""
        return self.exact_cookies

    def state_counts(self) -> NDArray[np.int64]:
        """Return the number of sockets by state number (16 entries at least)."""
        states = self.sockets.state[self.bundles.heads]
        return np.bincount(states, self.bundles.sizes, minlength=16).astype(np.int64)


def snapshot(
    sockets: Sockets,
    *,
    wall_s: float = 0.0,
    instant_s: float = 0.0,
    reading_ms: int = 0,
    sysctls: Sysctls | None = None,
    counters: Counters | None = None,
    udp_ports: NDArray[np.uint16] | None = None,
    degraded: tuple[str, ...] = (),
    unlisted: str | None = None,
    configured: Mapping[str, Setting] = MappingProxyType({}),
    tcp_info: TcpInfo = _NOT_READ,
    exact_cookies: bool = True,
    own_session: tuple[int, ...] = (),
) -> Snapshot:
    """Make a Snapshot of a dump: drop duplicates, add what follows from the columns alone."""
    sockets, cookies = _deduplicate(sockets)
    sysctls = Sysctls({}) if sysctls is None else sysctls
    server = server_side(sockets, sysctls.port_range)
    return Snapshot(
        sockets=sockets,
        cookies=cookies,
        server=server,
        bundles=bundles(sockets, server),
        left_ms=timers.time_left_ms(sockets, sysctls.fin_timeout_s),
        life_ms=timers.longest_life_ms(sockets),
        wall_s=wall_s,
        instant_s=instant_s,
        reading_ms=reading_ms,
        sysctls=sysctls,
        counters=Counters({}) if counters is None else counters,
        udp_ports=udp_ports,
        degraded=degraded,
        unlisted=unlisted,
        configured=configured,
        tcp_info=tcp_info,
        exact_cookies=exact_cookies,
        own_session=own_session,
    )


def _deduplicate(sockets: Sockets) -> tuple[Sockets, Cookies]:
    """Keep the last row of each cookie: a dump meets a socket twice where a hash chain grows meanwhile."""
    cookies = Cookies.of(sockets.cookie)
    if not cookies.repeated:
        return sockets, cookies
    _, from_end = np.unique(sockets.cookie[::-1], return_index=True)
    return _deduplicate(sockets.take(np.sort(len(sockets) - 1 - from_end)))
