"""Many sockets at once; on the loopback of one host, 22,000 a second on Linux 6.18."""

from __future__ import annotations

import itertools
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from twtop.errors import UsageError
from twtop.lab.host import endpoint
from twtop.lab.segments import send_syn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.host import Host, Socket
    from twtop.lab.lab import Lab

MOST: Final = 500_000
"""About 130 MB of kernel memory as TIME-WAIT sockets, 800 MB as ``alternating`` ones."""

_FIRST_PORT: Final = 8000
_LOOPBACK: Final = "127.0.0.1"
_CLIENTS: Final = 4
_CLIENT_PORTS: Final = 50_000
_RFC1337: Final = "net.ipv4.tcp_rfc1337"
_NOBODY: Final = "198.51.100"
"""TEST-NET-2 (RFC 5737)."""


def time_waits(host: Host, count: int) -> None:
    """Leave ``count`` TIME-WAIT sockets, each for 60 s; UsageError above MOST."""
    with host.entered(), _unresettable(host):
        for client, listener in _connections(host, count):
            accepted, _ = listener.accept()
            client.close()
            accepted.close()


def time_waits_at_server(lab: Lab, count: int) -> Socket:
    """Leave ``count`` TIME-WAIT sockets at one port of the server, each for 60 s; return the listener.

    The server closes first, so that nothing is left of its clients on four addresses. UsageError if those
    have no ports for so many.
    """
    most = _CLIENTS * _CLIENT_PORTS
    if count > most:
        raise UsageError(f"the lab cannot leave {count} sockets at one port: the most is {most}")
    lab.server.sysctl("net.ipv4.tcp_max_tw_buckets", 2 * MOST)
    listener = lab.server.listen(_FIRST_PORT)
    addresses = [lab.route(private=True).client_address for _ in range(_CLIENTS)]
    with lab.client.entered(), _unresettable(lab.server):
        for number in range(count):
            client = socket.socket()
            # connect() might choose a port once more, and its SYN would end the TIME-WAIT of the first time.
            client.bind((addresses[number % _CLIENTS], _FIRST_PORT + number // _CLIENTS))
            client.connect(endpoint(listener))
            accepted, _ = listener.accept()
            accepted.close()
            client.recv(1)
            client.close()
    return listener


def alternating(host: Host, count: int) -> None:
    """Leave ``count`` rows, half FIN-WAIT-2 minis and half full CLOSE-WAIT sockets, for 60 s.

    The CLOSE-WAIT ones are never accepted, so that no file descriptors limit them. In the order of a dump the
    two kinds mix. UsageError above MOST.
    """
    with host.entered():
        for client, _ in _connections(host, count // 2):
            client.close()


def half_open(lab: Lab, count: int) -> Socket:
    """Leave ``count`` SYN-RECV minis on the server for about 65 s, as a SYN flood does; return the listener.

    No client holds the other end. UsageError if one address has no ports for so many.
    """
    ports = range(_FIRST_PORT, _FIRST_PORT + count)
    if ports.stop > 1 << 16:
        raise UsageError(
            f"the lab cannot send {count} SYNs from one address: the most is {(1 << 16) - _FIRST_PORT}"
        )
    lab.server.sysctl("net.core.somaxconn", MOST)
    route = lab.route(private=True)
    route.cut("server->client")
    # The queue of a listener takes no more half-open connections than its backlog, then it sends cookies.
    listener = route.listen(backlog=2 * count)
    for port in ports:
        send_syn(lab.client, (route.client_address, port), endpoint(listener))
    return listener


def flood(lab: Lab, listener: Socket, count: int) -> None:
    """Send SYNs to a listener of the server from ``count`` addresses that nobody has, 254 at most."""
    sources = [f"{_NOBODY}.{number}" for number in range(1, 1 + count)]
    lab.server.cut_towards(*sources)
    for source in sources:
        send_syn(lab.client, (source, _FIRST_PORT), endpoint(listener))


@contextmanager
def _unresettable(host: Host) -> Iterator[None]:
    """Let no RST end a TIME-WAIT of a host meanwhile (RFC 1337).

    Of many thousand closes some wait for the CPU until the ACK that the other end has delayed is due. Sent on
    another CPU than the FIN after it, it may come last: the TIME-WAIT answers it, and nobody is there now.
    """
    before = host.read_sysctl(_RFC1337)
    host.sysctl(_RFC1337, 1)
    try:
        yield
    finally:
        host.sysctl(_RFC1337, before)


def _connections(host: Host, count: int) -> Iterator[tuple[Socket, Socket]]:
    if count > MOST:
        raise UsageError(f"the lab cannot make {count} sockets at once: the most is {MOST}")
    host.sysctl("net.ipv4.tcp_max_tw_buckets", 2 * MOST)
    host.sysctl("net.core.somaxconn", MOST)
    low, high = map(int, host.read_sysctl("net.ipv4.ip_local_port_range").split())
    # Beyond half the range connect() is a hundred times slower: __inet_hash_connect tries one parity first.
    per_listener = (high - low + 1) * 99 // 200
    for port in itertools.count(_FIRST_PORT):
        if count <= 0:
            return
        listener = host.listen(port, address=_LOOPBACK, backlog=per_listener)
        for _ in range(min(count, per_listener)):
            client = socket.socket()
            client.connect((_LOOPBACK, port))
            yield client, listener
        count -= per_listener
