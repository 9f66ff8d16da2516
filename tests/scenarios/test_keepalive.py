"""Idle connections without keepalive, on the real kernel."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from tests.lab.oracle import eventually
from tests.scenarios.ward import Ward
from twtop.diagnosis.finding import Severity
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from twtop.lab.host import Host, Socket
    from twtop.lab.lab import Lab

RULE = "keepalive-missing"
TIME = "net.ipv4.tcp_keepalive_time"


def connections(lab: Lab, listener: Socket, count: int, client: Host) -> list[tuple[Socket, Socket]]:
    return [(client.connect(*endpoint(listener)), lab.server.accept(listener)) for _ in range(count)]


def test_a_hundred_idle_ones_are_a_note_until_their_application_asks_for_probes(lab: Lab) -> None:
    lab.server.sysctl(TIME, 2)
    listener = lab.server.listen()
    pairs = connections(lab, listener, 100, lab.client)
    with Ward(lab.server) as ward:
        finding = ward.find(RULE)
        assert finding.severity is Severity.NOTE
        assert finding.headline == "100 connections idle for more than 2 s, without keepalive"
        assert finding.evidence[1] == f"port {endpoint(listener)[1]}: 100"
        assert ward.selected(finding) == {"ESTAB": 100}
        # One that receives something is not idle, and one with a timer will notice.

        def told_although_one_receives() -> bool:
            pairs[0][0].send(b"!")
            return RULE in ward.rules(1)

        eventually(told_although_one_receives, False)
        assert ward.find(RULE)
        pairs[1][1].setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        ward.until_gone(RULE)


def test_a_peer_on_the_same_host_is_heard_of_in_any_case(lab: Lab) -> None:
    lab.server.sysctl(TIME, 1)
    connections(lab, lab.server.listen(address="127.0.0.1"), 60, lab.server)
    connections(lab, lab.server.listen(), 60, lab.server)
    time.sleep(1.1)
    with Ward(lab.server) as ward:
        assert RULE not in ward.rules(3)
