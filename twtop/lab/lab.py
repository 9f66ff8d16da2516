"""Two joined hosts, each in a network namespace of its own, that vanish with the process."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import Final, Literal, Self, TypeAlias

from twtop.lab.host import Endpoint, Host, endpoint, join

Direction: TypeAlias = Literal["client->server", "server->client"]
BOTH: Final[tuple[Direction, Direction]] = ("client->server", "server->client")


class Lab:
    """``client`` (10.77.0.1, fd77::1) and ``server`` (10.77.0.2, fd77::2), joined by a veth pair.

    Call ``require_namespaces`` first where the process may lack privileges. Every socket that a host makes
    is held until ``close``. ``tcp_tw_reuse`` is off, so that TIME-WAIT sockets stay.
    Raises HostError if namespaces cannot be created.
    """

    def __init__(self) -> None:
        self.ipv6 = Path("/proc/sys/net/ipv6").exists()
        self.client = Host("client", "02:77:00:00:00:01")
        self.server = Host("server", "02:77:00:00:00:02")
        join(self.client, self.server)
        self._networks: dict[int, count[int]] = {socket.AF_INET: count(), socket.AF_INET6: count()}
        for family in self._networks if self.ipv6 else [socket.AF_INET]:
            self._fresh_addresses(family)
        for host in (self.client, self.server):
            host.sysctl("net.ipv4.tcp_tw_reuse", 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut(self, *directions: Direction) -> None:
        """Let every packet in these directions vanish unnoticed (both, if none is named)."""
        for host in self._senders(directions):
            host.cut_towards(*host.peer.addresses)

    def heal(self, *directions: Direction) -> None:
        """Let packets in these directions (both, if none is named) arrive again."""
        for host in self._senders(directions):
            host.heal_towards(*host.peer.addresses)

    def _senders(self, directions: tuple[Direction, ...]) -> list[Host]:
        return [self.client if way == "client->server" else self.server for way in directions or BOTH]

    def route(self, family: int = socket.AF_INET, *, private: bool = False) -> Route:
        """Return addresses to connect between; a private route has its own, so that it can be cut alone."""
        if private:
            return self._fresh_addresses(family)
        return Route(self.client, self.client.address(family), self.server, self.server.address(family))

    def pair(self, family: int = socket.AF_INET, *, private: bool = False) -> Pair:
        """Open one established connection, from client to server, and accept it."""
        return Pair.open(self.route(family, private=private))

    def close(self) -> None:
        """Reset every held socket and drop the namespaces."""
        for host in (self.client, self.server):
            host.close()

    def _fresh_addresses(self, family: int) -> Route:
        network = next(self._networks[family])
        start = int(ip_address("fd77::")) + (network << 64)
        if family == socket.AF_INET:
            start = int(ip_address("10.77.0.0")) + (network << 8)
        route = Route(self.client, str(ip_address(start + 1)), self.server, str(ip_address(start + 2)))
        self.client.add_address(route.client_address)
        self.server.add_address(route.server_address)
        return route


@dataclass(frozen=True, slots=True)
class Route:
    """An address on either side."""

    client_host: Host
    client_address: str
    server_host: Host
    server_address: str

    def cut(self, *directions: Direction) -> None:
        """Let packets between these two addresses vanish (both ways, if none is named)."""
        for way in directions or BOTH:
            if way == "client->server":
                self.client_host.cut_towards(self.server_address)
            else:
                self.server_host.cut_towards(self.client_address)

    def heal(self, *directions: Direction) -> None:
        """Let packets between these two addresses arrive again (both ways, if none is named)."""
        for way in directions or BOTH:
            if way == "client->server":
                self.client_host.heal_towards(self.server_address)
            else:
                self.server_host.heal_towards(self.client_address)

    def listen(self, *, backlog: int = 128) -> socket.socket:
        """Listen on the server's address, on a free port."""
        return self.server_host.listen(address=self.server_address, backlog=backlog)

    def connect(self, port: int, *, wait: bool = True) -> socket.socket:
        """Connect from the client's address to the server's; without ``wait``, only begin to."""
        return self.client_host.connect(self.server_address, port, source=self.client_address, wait=wait)


@dataclass(frozen=True, slots=True)
class Pair:
    """Both ends of one accepted connection, and where it runs."""

    route: Route
    client: socket.socket
    server: socket.socket
    client_end: Endpoint
    server_end: Endpoint

    @classmethod
    def open(cls, route: Route) -> Pair:
        """Connect over a route, to a listener made for it."""
        listener = route.listen()
        client = route.connect(endpoint(listener)[1])
        server = route.server_host.accept(listener)
        return cls(route, client, server, endpoint(client), endpoint(server))
