"""When connect() takes over a TIME-WAIT instead of failing for want of a port (``tcp_tw_reuse``).

That its peer negotiated timestamps is a condition too, and one that no dump tells.
Source: net/ipv4/tcp_ipv4.c, ``tcp_twsk_unique``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.address import is_ipv4
from twtop.core.lifetimes import tw_reuse_delay

if TYPE_CHECKING:
    from twtop.core.ports.usage import Destination
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Rows

_ON: Final = 1
_LOOPBACK_ONLY: Final = 2
_LOOPBACK_INTERFACE: Final = 1
"""LOOPBACK_IFINDEX of include/net/flow.h."""
_SHORTEST_DELAY_S: Final = 0.001
"""The kernel takes no shorter one (net/ipv4/sysctl_net_ipv4.c)."""


def takes_over(snapshot: Snapshot, destination: Destination, rows: Rows) -> bool:
    """Tell whether TIME-WAITs towards a destination, whose sockets are ``rows``, are taken over here."""
    sysctls = snapshot.sysctls
    if not sysctls.timestamps:
        return False
    if sysctls.tw_reuse == _LOOPBACK_ONLY:
        interface = snapshot.sockets.interface[rows]
        return is_loopback(destination) or bool(len(rows) and np.all(interface == _LOOPBACK_INTERFACE))
    return sysctls.tw_reuse == _ON


def is_loopback(destination: Destination) -> bool:
    """Tell whether the kernel counts a destination as loopback: 127.0.0.0/8 or ::1 at either end.

    Other addresses of this host do not count, though packets for them take the same way.
    """
    ends = (
        (destination.local_hi, destination.local_lo),
        (destination.remote_hi, destination.remote_lo),
    )
    return any(
        (high, low) == (0, 1) or (is_ipv4(high, low) and (low >> 24) & 0xFF == 127) for high, low in ends
    )


def delay_s(snapshot: Snapshot) -> float:
    """Return how old a TIME-WAIT must be to be taken over."""
    return max(_SHORTEST_DELAY_S, tw_reuse_delay(snapshot.sysctls))
