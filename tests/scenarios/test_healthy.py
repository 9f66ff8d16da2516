"""Hosts on which nothing is wrong: whatever they do, no rule has anything to say."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from tests.scenarios.ward import Ward
from twtop.core.states import State
from twtop.lab.host import endpoint
from twtop.lab.lab import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.diagnosis.finding import Finding
    from twtop.lab.host import Endpoint, Host, Socket
    from twtop.lab.lab import Lab

SECONDS: Final = 8.0
LOOK_EVERY_S: Final = 0.5
ROUND_S: Final = 0.05
EACH: Final = 6
"""Short connections per round and destination: 120 a second, of the 235 that the default range bears."""
LEAST: Final = 1000
"""Even a slow machine makes so many."""


class BusyLab:
    """Two hosts that do what a busy web server, its clients and its database do all day."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        for host in (lab.client, lab.server):
            host.sysctl("net.ipv4.tcp_tw_reuse", 2)
        lab.server.add_address("10.77.0.9")
        self._web = [
            lab.server.listen(port, address=address)
            for address in ("10.77.0.2", "10.77.0.9")
            for port in (80, 443)
        ]
        self._closing = lab.server.listen(8080)
        self._local = [host.listen(9000, address="127.0.0.1") for host in (lab.client, lab.server)]
        self._slow = lab.server.listen(8443)
        self._pool()
        self._shaky = Pair.open(lab.route(private=True))
        self._half_closed: list[tuple[Socket, Socket]] = []
        self.made = 0

    def _pool(self) -> None:
        """Keep connections: idle for hours, some with keepalive."""
        database = self._lab.server.listen(5432)
        for number in range(30):
            client = self._lab.client.connect(*endpoint(database))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, number % 2)
            self._lab.server.accept(database)

    def work(self, ended: threading.Event) -> None:
        """Do everything in turns until the end."""
        number = 0
        while not ended.is_set():
            start = time.monotonic()
            for listener in self._web:
                self._visits(self._lab.client, listener, EACH, client_first=True)
            self._visits(self._lab.client, self._closing, EACH, client_first=False)
            for host, listener in zip((self._lab.client, self._lab.server), self._local, strict=True):
                self._visits(host, listener, EACH, client_first=True)
            self._half_close()
            if number % 10 == 0:
                self._burst()
            if number % 40 == 20:
                self._lose_one_segment()
            number += 1
            ended.wait(max(0.0, start + ROUND_S - time.monotonic()))

    def _visits(self, host: Host, listener: Socket, count: int, *, client_first: bool) -> None:
        target = endpoint(listener)
        for _ in range(count):
            client, server = self._visit(host, target, listener)
            first, last = (client, server) if client_first else (server, client)
            client.send(b"GET /")
            server.recv(5)
            server.send(b"200")
            client.recv(3)
            first.close()
            last.recv(1)
            last.close()
            self.made += 1

    def _visit(self, host: Host, target: Endpoint, listener: Socket) -> tuple[Socket, Socket]:
        with host.entered():
            client = socket.create_connection(target, timeout=5)
        server, _ = listener.accept()
        return client, server

    def _half_close(self) -> None:
        """Let a client say all it has to say, and its server answer half a second later."""
        client, server = self._visit(self._lab.client, endpoint(self._closing), self._closing)
        client.shutdown(socket.SHUT_WR)
        self._half_closed.append((client, server))
        if len(self._half_closed) > 10:
            client, server = self._half_closed.pop(0)
            server.recv(1)
            server.send(b"done")
            server.close()
            client.recv(5)
            client.close()

    def _burst(self) -> None:
        """Let a queue fill for a moment."""
        with self._lab.client.entered():
            clients = [socket.create_connection(endpoint(self._slow), timeout=5) for _ in range(20)]
        time.sleep(ROUND_S)
        for client in clients:
            server, _ = self._slow.accept()
            server.close()
            client.close()

    def _lose_one_segment(self) -> None:
        self._shaky.route.cut()
        self._shaky.client.send(b"?")
        time.sleep(0.3)
        self._shaky.route.heal()
        self._shaky.server.recv(1)

    def close(self) -> None:
        for ends in self._half_closed:
            for end in ends:
                end.close()


@contextmanager
def busy(lab: Lab) -> Iterator[BusyLab]:
    hosts = BusyLab(lab)
    ended = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            hosts.work(ended)
        except BaseException as failure:
            failures.append(failure)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield hosts
    finally:
        ended.set()
        worker.join()
        hosts.close()
    assert not failures, failures


def watched(lab: Lab, seconds: float, every_s: float) -> list[str]:
    """Examine both hosts for so long; return everything found there."""
    found: dict[str, None] = {}
    with ExitStack() as stack:
        wards = {host.name: stack.enter_context(Ward(host)) for host in (lab.client, lab.server)}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, ward in wards.items():
                found |= {f"{name}: {_told(finding)}": None for finding in ward.look()}
            time.sleep(every_s)
        for ward in wards.values():
            assert ward.frame is not None
            assert not ward.frame.moment.snapshot.degraded
    return list(found)


def _told(finding: Finding) -> str:
    return f"{finding.rule} {finding.subject}: {finding.headline}; {'; '.join(finding.evidence)}"


def test_a_busy_host_on_which_nothing_is_wrong(lab: Lab) -> None:
    with busy(lab) as hosts:
        found = watched(lab, SECONDS, LOOK_EVERY_S)
    assert not found, "\n".join(found)
    assert hosts.made > LEAST
    with Ward(lab.client) as ward:
        ward.look()
        assert ward.frame is not None
        counts = ward.frame.moment.snapshot.state_counts()
    assert counts[State.TIME_WAIT] > LEAST / 2
    assert counts[State.ESTAB] >= 30


def test_a_quiet_host(lab: Lab) -> None:
    assert watched(lab, 0.5, 0.1) == []


def test_a_host_with_listeners_and_idle_connections(lab: Lab) -> None:
    for family in (socket.AF_INET, socket.AF_INET6)[: 2 if lab.ipv6 else 1]:
        for _ in range(3):
            lab.pair(family)
    for host in (lab.client, lab.server):
        host.listen(22)
        host.connect(*endpoint(host.listen(address="127.0.0.1")))
    assert watched(lab, 0.5, 0.1) == []
