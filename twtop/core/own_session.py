"""Which of the sockets carry the SSH connection that twtop is used over."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from twtop.core.address import halves
from twtop.core.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twtop.core.sockets import Mask, Sockets

Halves: TypeAlias = tuple[int, int]

_LONGEST: Final = 256
"""Of a variable: two addresses with interfaces, and two ports."""


class Ends(NamedTuple):
    """A connection as sshd told of it, seen from the server."""

    client: Halves
    client_port: int
    server: Halves | None
    """None where only the port is known."""
    server_port: int


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of the connection; what is claimed counts only where such a socket is there."""

    ends: frozenset[Ends] = frozenset()
    inodes: frozenset[int] = frozenset()
    """Sockets of an sshd that twtop descends from."""

    def cookies(self, sockets: Sockets) -> tuple[int, ...]:
        """Return the cookies of its established sockets, of both ends where both are here."""
        if not self.ends and not self.inodes:
            return ()
        found = np.zeros(len(sockets), np.bool_)
        for ends in self.ends:
            found |= _at(sockets, ends, "local", "remote") | _at(sockets, ends, "remote", "local")
        if self.inodes:
            # Inode 0 is nobody's.
            found |= np.isin(sockets.inode, list(self.inodes)) & (sockets.inode != 0)
        found &= sockets.state == State.ESTAB
        return tuple(sockets.cookie[found].tolist())


def _at(sockets: Sockets, ends: Ends, server: str, client: str) -> Mask:
    """Tell which sockets have the server's end and the client's end at these sides."""
    found: Mask = getattr(sockets, f"{server}_port") == ends.server_port
    rows = np.flatnonzero(found & (getattr(sockets, f"{client}_port") == ends.client_port))
    fitting = np.ones(len(rows), np.bool_)
    for side, address in ((server, ends.server), (client, ends.client)):
        if address is not None:
            for half, number in zip(("hi", "lo"), address, strict=True):
                fitting &= getattr(sockets, f"{side}_{half}")[rows] == np.uint64(number)
    found = np.zeros(len(sockets), np.bool_)
    found[rows[fitting]] = True
    return found


def ends_told(environment: Mapping[str, str]) -> Ends | None:
    """Read SSH_CONNECTION, else SSH_CLIENT, as sshd(8) writes them; None where they tell no connection.

    ``SSH_CONNECTION=198.51.100.7 50022 10.0.0.7 22``, ``SSH_CLIENT=198.51.100.7 50022 22``. An IPv6 address
    may have an interface behind it (``fe80::1%eth0``); IPv4 addresses may be mapped.
    """
    connection = environment.get("SSH_CONNECTION", "")[:_LONGEST].split()
    if len(connection) == 4:
        client, client_port, server, server_port = connection
        return _ends(client, client_port, server, server_port)
    told = environment.get("SSH_CLIENT", "")[:_LONGEST].split()
    return _ends(told[0], told[1], None, told[2]) if len(told) == 3 else None


def _ends(client: str, client_port: str, server: str | None, server_port: str) -> Ends | None:
    try:
        return Ends(
            _address(client),
            _port(client_port),
            None if server is None else _address(server),
            _port(server_port),
        )
    except ValueError:
        # sshd writes UNKNOWN where it was not started from a socket.
        return None


def _address(text: str) -> Halves:
    address = ip_address(text.partition("%")[0])
    return halves(address if isinstance(address, IPv4Address) else address.ipv4_mapped or address)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 1 << 16):
        raise ValueError(text)
    return int(text)
