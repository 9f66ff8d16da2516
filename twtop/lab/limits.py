"""Limits reached on purpose: ephemeral ports, TIME-WAIT buckets, accept queues.

Sources: net/ipv4/inet_hashtables.c (ports), inet_timewait_sock.c (buckets), tcp_ipv4.c (queues), ip(7).
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from twtop.errors import KernelError
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from twtop.lab.host import Endpoint, Socket
    from twtop.lab.lab import Lab

FIRST_PORT = 40_000


def exhaust_ports(lab: Lab, ports: int = 10) -> list[Socket]:
    """Narrow the client's range to ``ports`` ports (even) and connect until none is left towards one server.

    Returns the client's sockets. KernelError if the kernel still finds a port after that.
    """
    lab.client.sysctl("net.ipv4.ip_local_port_range", f"{FIRST_PORT} {FIRST_PORT + ports - 1}")
    target = endpoint(lab.server.listen(backlog=ports))
    made = [lab.client.connect(*target) for _ in range(ports)]
    try:
        lab.client.connect(*target)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            return made
        raise
    raise KernelError(f"the kernel found more than the {ports} ports of ip_local_port_range")


def bind_then_connect(lab: Lab, target: Endpoint | None = None) -> Socket:
    """Connect from a port that ``bind(address, 0)`` chose: no other automatic connect gets it then.

    To a new listener of the server, unless a target is given.
    """
    made = lab.client.socket()
    made.bind((lab.client.address(), 0))
    made.connect(target or endpoint(lab.server.listen()))
    return made


def overflow_accept_queue(lab: Lab, refused: int = 3) -> Socket:
    """Fill a listener's accept queue, then let more SYNs be dropped: ListenOverflows and ListenDrops grow.

    Returns the listener, of backlog 2: three clients wait in its queue, ``refused`` more stay in SYN-SENT.
    """
    listener = lab.server.listen(backlog=2)
    for number in range(3 + refused):
        lab.client.connect(*endpoint(listener), wait=number < 3)
    return listener


def overflow_time_waits(lab: Lab, buckets: int = 3) -> None:
    """Close twice as many connections as the client keeps TIME-WAITs for: TCPTimeWaitOverflow grows."""
    lab.client.sysctl("net.ipv4.tcp_max_tw_buckets", buckets)
    for _ in range(2 * buckets):
        pair = lab.pair()
        pair.client.close()
        pair.server.close()
