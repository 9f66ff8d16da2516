"""One host of the lab: a network namespace with a loopback, one link and the sockets made inside it."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from twtop.errors import KernelError
from twtop.lab.namespaces import NetworkNamespace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

LINK: Final = "lab0"
TIMEOUT_S: Final = 5.0
"""No blocking call on a lab socket waits longer."""

_FOREIGN_MAC: Final = "02:de:ad:00:00:01"
"""A frame for it reaches the peer's link and is dropped there: nobody learns of the loss."""

_NUD_PERMANENT: Final = 0x80  # include/uapi/linux/neighbour.h
_IFA_F_NODAD: Final = 0x02  # include/uapi/linux/if_addr.h
_SCOPE_LINK: Final = 253  # include/uapi/linux/rtnetlink.h
_IP_BIND_ADDRESS_NO_PORT: Final = 24  # include/uapi/linux/in.h; in Python's socket module from 3.12 on

_FEW: Final = 256
"""Below twice this many held sockets, nobody looks which of them are closed by now."""

Socket: TypeAlias = socket.socket
Endpoint: TypeAlias = tuple[str, int]
"""An address and a port."""


def endpoint(made: Socket) -> Endpoint:
    """Return the local end of a socket."""
    address, port = made.getsockname()[:2]
    return address, port


def family_of(address: str) -> socket.AddressFamily:
    """AF_INET6 for an address with a colon, else AF_INET."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Host:
    """A host; it owns its namespace and every socket made through it until ``close``."""

    def __init__(self, name: str, mac: str) -> None:
        self.name = name
        self.mac = mac
        self.namespace = NetworkNamespace.create()
        self.addresses: list[str] = []
        self.peer: Host = self
        self._held: list[Socket] = []
        self._live = _FEW

    def entered(self) -> AbstractContextManager[None]:
        """Move the calling thread into this host, and back afterwards."""
        return self.namespace.entered()

    def close(self) -> None:
        """Reset every held socket (an orderly close could outlive the lab by minutes) and leave."""
        for held in self._held:
            if held.fileno() >= 0 and held.type == socket.SOCK_STREAM:
                held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            held.close()
        self._held.clear()
        self.namespace.close()

    def hold(self, made: Socket) -> Socket:
        """Keep a socket open until the host is closed."""
        if len(self._held) >= 2 * self._live:
            self._held = [held for held in self._held if held.fileno() >= 0]
            self._live = max(len(self._held), _FEW)
        self._held.append(made)
        return made

    # --- addresses and the cable ---------------------------------------------------------------------

    def address(self, family: int = socket.AF_INET) -> str:
        """Return the first address of a family."""
        return next(address for address in self.addresses if family_of(address) == family)

    def add_address(self, address: str) -> None:
        """Give the host one more address, of any network, that the peer reaches at once."""
        prefix = 128 if family_of(address) == socket.AF_INET6 else 32
        self.rtnetlink(
            lambda route, link: route.addr(
                "add", index=link, address=address, prefixlen=prefix, flags=_IFA_F_NODAD
            )
        )
        self.addresses.append(address)
        self.peer.heal_towards(address)

    def cut_towards(self, *addresses: str) -> None:
        """Let every packet for these addresses vanish on its way, without any error to the sender."""
        self._set_neighbours(addresses, _FOREIGN_MAC)

    def heal_towards(self, *addresses: str) -> None:
        """Let packets for these addresses arrive again."""
        self._set_neighbours(addresses, self.peer.mac)

    def _set_neighbours(self, addresses: Sequence[str], mac: str) -> None:
        def replace(route: Any, link: int) -> None:
            for address in addresses:
                family = family_of(address)
                route.neigh(
                    "replace", family=family, ifindex=link, dst=address, lladdr=mac, state=_NUD_PERMANENT
                )

        self.rtnetlink(replace)

    def rtnetlink(self, change: Callable[[Any, int], object]) -> None:
        """Run ``change(iproute, index of the link)`` in this host; KernelError if the kernel refuses it.

        A thread of its own, because pyroute2 runs an event loop and the caller may already be inside one.
        """
        # Importing pyroute2 takes 0.1 s, which only lab users should pay.
        from pyroute2 import IPRoute, NetlinkError

        def work() -> None:
            with self.entered(), IPRoute() as route:
                indexes = route.link_lookup(ifname=LINK)
                change(route, indexes[0] if indexes else 0)

        with ThreadPoolExecutor(1) as thread:
            try:
                thread.submit(work).result()
            except NetlinkError as error:
                raise KernelError(
                    f"cannot change the network of the lab's {self.name}: {os.strerror(error.code)}"
                ) from error

    # --- what runs inside ----------------------------------------------------------------------------

    def sysctl(self, name: str, value: int | str) -> None:
        """Set a sysctl of this namespace, named as ``sysctl(8)`` names it; KernelError if that fails."""
        try:
            with self.entered():
                _sysctl_path(name).write_text(str(value))
        except OSError as error:
            raise KernelError(f"cannot set {name} = {value} in the lab: {error.strerror}") from error

    def read_sysctl(self, name: str) -> str:
        """Read a sysctl of this namespace; KernelError if there is none of that name."""
        try:
            with self.entered():
                return _sysctl_path(name).read_text().strip()
        except OSError as error:
            raise KernelError(f"cannot read {name} in the lab: {error.strerror}") from error

    def run(self, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in this namespace and return its output; CalledProcessError if it fails."""
        with self.entered():
            return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=100)

    def socket(
        self,
        family: int = socket.AF_INET,
        kind: int = socket.SOCK_STREAM,
        protocol: int = 0,
    ) -> Socket:
        """Make a socket in this namespace; no blocking call on it waits longer than TIMEOUT_S."""
        with self.entered():
            made = socket.socket(family, kind, protocol)
        made.settimeout(TIMEOUT_S)
        return self.hold(made)

    def listen(self, port: int = 0, *, address: str | None = None, backlog: int = 128) -> Socket:
        """Listen on the host's IPv4 address, or on another one of its addresses (``::`` is dual-stack)."""
        address = address or self.address()
        listener = self.socket(family_of(address))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((address, port))
        listener.listen(backlog)
        return listener

    def accept(self, listener: Socket) -> Socket:
        """Take the next connection from a listener of this host."""
        accepted, _ = listener.accept()
        accepted.settimeout(TIMEOUT_S)
        return self.hold(accepted)

    def connect(self, address: str, port: int, *, source: str | None = None, wait: bool = True) -> Socket:
        """Connect, from a given source address if named (its port is still chosen by connect).

        Without ``wait`` the connection is only begun, and the socket is non-blocking.
        """
        made = self.socket(family_of(address))
        if source is not None:
            made.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
            made.bind((source, 0))
        if wait:
            made.connect((address, port))
        else:
            made.setblocking(False)
            made.connect_ex((address, port))
        return made


def join(left: Host, right: Host) -> None:
    """Lay a cable between two hosts: a veth pair, links up, and everything reachable through it."""
    left.peer, right.peer = right, left
    end = {"ifname": LINK, "address": right.mac, "net_ns_fd": right.namespace.fd}
    left.rtnetlink(lambda route, _: route.link("add", ifname=LINK, kind="veth", address=left.mac, peer=end))
    for host in (left, right):
        host.rtnetlink(_bring_up)


def _bring_up(route: Any, link: int) -> None:
    loopback = route.link_lookup(ifname="lo")[0]
    for index in (loopback, link):
        route.link("set", index=index, state="up")
    # The cable is the default route, so that a host can play any address on earth.
    route.route("add", family=socket.AF_INET, dst="0.0.0.0/0", oif=link, scope=_SCOPE_LINK)
    if Path("/proc/sys/net/ipv6").exists():
        route.route("add", family=socket.AF_INET6, dst="::/0", oif=link)


def _sysctl_path(name: str) -> Path:
    return Path("/proc/sys", *name.split("."))
