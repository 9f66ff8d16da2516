"""A shop's front door, the server side of the demo: visitors who stay, leave, vanish, or are forgotten."""

from __future__ import annotations

import itertools
import socket
from typing import TYPE_CHECKING, Final

from twtop.lab.scenes import Scene
from twtop.lab.specimen import fill

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from twtop.lab.host import Socket
    from twtop.lab.lab import Lab

BROWSERS: Final = tuple(f"198.51.100.{number}" for number in range(11, 31))
PHONES: Final = tuple(f"203.0.113.{number}" for number in range(101, 109))
"""Their network loses them: they are cut off while connected, one after the other."""
MODERN: Final = tuple(f"2001:db8:51::{number}" for number in range(1, 6))
UNREACHABLE: Final = "203.0.113.250"
"""Its SYNs arrive, our answers do not."""

WEB_PORT: Final = 443
DUAL_STACK_PORT: Final = 8080
REPORTS_PORT: Final = 8443
_REPORTS_BACKLOG: Final = 16
_TURNED_AWAY: Final = 4
"""Visitors beyond those who find room in the queue, which is one more than its backlog."""


def addresses(lab: Lab) -> list[str]:
    """Return where the visitors come from."""
    return [*BROWSERS, *PHONES, UNREACHABLE, *(MODERN if lab.ipv6 else ())]


def storefront(lab: Lab, random: Random) -> list[Scene]:
    """Return the scenes; ``client`` is the host that is looked at, here in the part of a server."""
    lab.client.cut_towards(UNREACHABLE)
    front = Storefront(lab, random)
    scenes = [
        Scene(front.serve_and_close_first, 1 / 5, keep=8),
        Scene(front.serve, 1 / 2, keep=20, at_start=10),
        Scene(front.idle, 10, keep=12, at_start=12),
        Scene(front.forget, 0.6, keep=300, at_start=5),
        Scene(front.overlook, 13, keep=80, at_start=2),
        Scene(front.answer_in_vain, 6, keep=5, at_start=3),
        Scene(front.lose_a_phone, 15, keep=4),
        Scene(front.send_to_a_sleeper, 30, keep=1),
        Scene(front.leave_a_sleeper, 40, keep=2),
        Scene(front.queue_for_a_report, 1 / 2, at_start=_REPORTS_BACKLOG - 1),
    ]
    if lab.ipv6:
        scenes.append(Scene(front.serve_dual_stack, 1 / 2, keep=10, at_start=6))
    return scenes


class Storefront:
    """Listeners on this host, and what their visitors do."""

    def __init__(self, lab: Lab, random: Random) -> None:
        self._here = lab.client
        self._there = lab.server
        self._random = random
        self._web = self._here.listen(WEB_PORT)
        self._reports = self._here.listen(REPORTS_PORT, backlog=_REPORTS_BACKLOG)
        self._waiting: list[Socket] = []
        self._phones = itertools.cycle(PHONES)
        if lab.ipv6:
            self._dual_stack = self._here.listen(DUAL_STACK_PORT, address="::")

    def serve(self) -> Sequence[Socket]:
        """Serve a browser that closes first."""
        return self._visit(self._random.choice(BROWSERS))

    def serve_and_close_first(self) -> Sequence[Socket]:
        """Serve a browser and close first: the TIME-WAIT stands at our listener's port."""
        browser, server = self.serve()
        return server, browser

    def serve_dual_stack(self) -> Sequence[Socket]:
        """Serve IPv6 and IPv4 from one listener: the latter's addresses are IPv4-mapped."""
        source = self._random.choice((*MODERN, *BROWSERS))
        target = self._here.address(socket.AF_INET6 if source in MODERN else socket.AF_INET)
        visitor = self._there.connect(target, DUAL_STACK_PORT, source=source)
        return self._here.accept(self._dual_stack), visitor

    def idle(self) -> Sequence[Socket]:
        """Serve a browser that keeps its connection, guarded by keepalive."""
        browser, server = self.serve()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return browser, server

    def forget(self) -> Sequence[Socket]:
        """Read the end of the stream and forget to close: CLOSE-WAIT with Recv-Q 0, a leak."""
        browser, server = self.serve()
        browser.close()
        server.recv(1)
        return (server,)

    def overlook(self) -> Sequence[Socket]:
        """Never even read the end of the stream: CLOSE-WAIT with Recv-Q 1."""
        browser, server = self.serve()
        browser.close()
        return (server,)

    def answer_in_vain(self) -> Sequence[Socket]:
        """Answer a SYN from where no answer arrives: SYN-RECV."""
        return (self._there.connect(self._here.address(), WEB_PORT, source=UNREACHABLE, wait=False),)

    def lose_a_phone(self) -> Sequence[Socket]:
        """Cut off a phone with four connections: FIN-WAIT-1, LAST-ACK, CLOSING and unacknowledged data."""
        phone = next(self._phones)
        self._here.heal_towards(phone)
        left, told, crossed, sending = (self._visit(phone) for _ in range(4))
        self._here.cut_towards(phone)
        left[1].close()
        told[0].shutdown(socket.SHUT_WR)
        told[1].recv(1)
        told[1].close()
        crossed[1].shutdown(socket.SHUT_WR)
        crossed[0].shutdown(socket.SHUT_WR)
        sending[1].send(b"still there?")
        return left[0], told[0], *crossed, *sending

    def send_to_a_sleeper(self) -> Sequence[Socket]:
        """Send to a browser that does not read: its window closes and the persist timer runs."""
        browser, server = self.serve()
        fill(server)
        return browser, server

    def leave_a_sleeper(self) -> Sequence[Socket]:
        """Close after that: FIN-WAIT-1 with unsent data."""
        browser, server = self.send_to_a_sleeper()
        server.close()
        return (browser,)

    def queue_for_a_report(self) -> Sequence[Socket]:
        """Let one more come to a slow listener: its queue is full, and the last ones' SYNs are dropped."""
        source = self._random.choice(BROWSERS)
        visitor = self._there.connect(self._here.address(), REPORTS_PORT, source=source, wait=False)
        self._waiting.append(visitor)
        if len(self._waiting) <= _REPORTS_BACKLOG + _TURNED_AWAY:
            return ()
        return self._here.accept(self._reports), self._waiting.pop(0)

    def _visit(self, source: str) -> tuple[Socket, Socket]:
        visitor = self._there.connect(self._here.address(), WEB_PORT, source=source)
        return visitor, self._here.accept(self._web)
