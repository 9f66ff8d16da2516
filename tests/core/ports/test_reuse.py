"""Which TIME-WAITs are taken over: what twtop says, and what connect() does."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually
from twtop.core.ports.reuse import takes_over
from twtop.core.ports.usage import port_usage, rows_towards
from twtop.core.states import State
from twtop.errors import KernelError
from twtop.lab.host import endpoint
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from twtop.core.snapshot import Snapshot
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

OWN = "10.77.0.1"
PORTS = 4


class Visitor:
    """Connects within one host, and closes first."""

    def __init__(self, host: Host, address: str) -> None:
        self._host = host
        self._listener = host.listen(30_000, address=address)
        self._peer = (address, endpoint(self._listener)[1])

    def visit(self) -> bool:
        """Connect and close; False if no port was left."""
        try:
            client = self._host.connect(*self._peer)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            return False
        accepted = self._host.accept(self._listener)
        client.close()
        assert accepted.recv(1) == b""
        accepted.close()
        return True


def look(host: Host) -> Snapshot:
    with host.entered(), LiveSource() as source:
        return source.take()


def said(host: Host) -> bool:
    taken = look(host)
    destination = port_usage(taken).destination(taken.sockets, 0)
    rows = rows_towards(taken, destination)
    assert len(rows) == PORTS
    return takes_over(taken, destination, rows)


def youngest_ms(host: Host) -> int:
    """Return for how long the youngest TIME-WAIT has been one."""
    taken = look(host)
    return taken.life_ms - int(taken.left_ms[taken.sockets.state == State.TIME_WAIT].max())


@pytest.mark.parametrize(
    ("address", "reuse", "timestamps", "expected"),
    [
        ("127.0.0.1", 2, 1, True),
        ("127.9.9.9", 2, 1, True),
        ("::1", 2, 1, True),
        (OWN, 2, 1, False),
        (OWN, 1, 1, True),
        (OWN, 1, 0, False),
        ("127.0.0.1", 0, 1, False),
    ],
)
def test_time_waits_are_taken_over_where_it_is_said(
    lab: Lab, address: str, reuse: int, timestamps: int, expected: bool
) -> None:
    host = lab.client
    if ":" in address and not lab.ipv6:
        pytest.skip("this kernel has no IPv6")
    try:
        host.sysctl("net.ipv4.tcp_tw_reuse_delay", 50)
    except KernelError:
        pytest.skip("this kernel takes over TIME-WAITs after a second only (Linux 6.14 can do so earlier)")
    host.sysctl("net.ipv4.ip_local_port_range", f"40000 {40_000 + PORTS - 1}")
    host.sysctl("net.ipv4.tcp_timestamps", timestamps)
    visitor = Visitor(host, address)
    while visitor.visit():
        pass
    host.sysctl("net.ipv4.tcp_tw_reuse", reuse)
    assert said(host) == expected
    eventually(lambda: youngest_ms(host) > 300, True)
    assert visitor.visit() == expected
