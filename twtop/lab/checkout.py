"""A shop's checkout, the client side of the demo: many short calls to a few peers, and their mishaps."""

from __future__ import annotations

import socket
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from twtop.lab.scenes import Act, Scene

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from twtop.lab.host import Endpoint, Host, Socket
    from twtop.lab.lab import Lab

PAYMENTS: Final = ("203.0.113.40", 443)
SEARCH: Final = ("10.77.20.8", 9200)
SESSIONS: Final = ("10.77.20.30", 6379)
DATABASE: Final = ("10.77.20.15", 5432)
MAIL: Final = ("10.77.25.25", 25)
STOCK: Final = ("10.77.20.61", 8080)
MODERN: Final = ("2001:db8:20::8", 443)
DEAD: Final = ("10.77.66.6", 443)

PORTS: Final = (32_768, 35_567)
"""So few ephemeral ports that PAYMENTS is past half of them after 25 s."""

_PAYMENTS_PER_S: Final = 58
_TIME_WAIT_S: Final = 60


def addresses(lab: Lab) -> list[str]:
    """Return what the other side must answer for."""
    peers = [PAYMENTS, SEARCH, SESSIONS, DATABASE, MAIL, STOCK]
    return [address for address, _ in (*peers, MODERN)[: None if lab.ipv6 else -1]]


def checkout(lab: Lab, random: Random) -> list[Scene]:
    """Return the scenes; ``client`` is the host that is looked at."""
    here = lab.client
    here.cut_towards(DEAD[0])
    stock, payments = Peer(lab, STOCK), Peer(lab, PAYMENTS)
    scenes = [
        Scene(_slowing(payments.call, random), 1 / _PAYMENTS_PER_S, keep=4),
        # A payment that takes long: all others are over before anybody can see who makes them.
        Scene(payments.call, 2, keep=2, at_start=2),
        Scene(Peer(lab, SEARCH).call, 1 / 8, keep=3),
        Scene(Peer(lab, SESSIONS).call, 1 / 6, keep=3),
        Scene(Peer(lab, DATABASE).lease, 20, keep=10, at_start=10),
        Scene(Peer(lab, MAIL).call_from_bound_port, 2, keep=30, at_start=10),
        Scene(stock.half_close, 8, keep=5, at_start=2),
        Scene(stock.leave, 3, keep=12, at_start=3),
        Scene(lambda: (here.connect(*DEAD, wait=False),), 5, keep=6, at_start=3),
        Scene(lambda: (_bound(here),), 10, keep=3, at_start=3),
    ]
    if lab.ipv6:
        scenes.append(Scene(Peer(lab, MODERN).call, 1, keep=2))
    return scenes


class Peer:
    """A service on the other side, and the ways in which the checkout uses it."""

    def __init__(self, lab: Lab, service: Endpoint) -> None:
        self._here = lab.client
        self._there = lab.server
        self._service = service
        self._listener = self._there.listen(service[1], address=service[0])

    def call(self) -> Sequence[Socket]:
        """Make a call that we close first: it leaves a TIME-WAIT here."""
        client = self._here.connect(*self._service)
        return client, self._there.accept(self._listener)

    def lease(self) -> Sequence[Socket]:
        """Open a connection for a pool, with keepalive."""
        client, server = self.call()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return client, server

    def call_from_bound_port(self) -> Sequence[Socket]:
        """Make a call the old way, bind() before connect(): its port is lost to all other calls."""
        client = _bound(self._here)
        client.connect(self._service)
        return client, self._there.accept(self._listener)

    def half_close(self) -> Sequence[Socket]:
        """Say all we have to say and listen on: FIN-WAIT-2 with an owner."""
        client, server = self.call()
        client.shutdown(socket.SHUT_WR)
        return client, server

    def leave(self) -> Sequence[Socket]:
        """Close, while the peer takes its time: FIN-WAIT-2 without an owner."""
        client, server = self.call()
        client.close()
        return (server,)


def _bound(host: Host) -> Socket:
    made = host.socket()
    made.bind((host.address(), 0))
    return made


def _slowing(act: Act, random: Random) -> Act:
    """Let an act happen ever more rarely above three quarters of the ports, so that some stay free."""
    capacity = PORTS[1] - PORTS[0] + 1
    recent: deque[float] = deque()

    def slowed() -> Sequence[Socket]:
        now = time.monotonic()
        while recent and recent[0] < now - _TIME_WAIT_S:
            recent.popleft()
        if random.random() > 4 * (1 - len(recent) / capacity):
            return ()
        recent.append(now)
        return act()

    return slowed
