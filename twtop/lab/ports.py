"""Sockets that show how ephemeral ports are spent (net/ipv4/inet_hashtables.c, ip(7))."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from twtop.errors import KernelError
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from twtop.lab.host import Socket
    from twtop.lab.lab import Lab

FIRST_PORT = 40_000


def exhaust(lab: Lab, ports: int = 10) -> list[Socket]:
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


def bind_then_connect(lab: Lab) -> Socket:
    """Connect from a port that ``bind(address, 0)`` chose: no other automatic connect gets it then."""
    listener = lab.server.listen()
    made = lab.client.socket()
    made.bind((lab.client.address(), 0))
    made.connect(endpoint(listener))
    return made
