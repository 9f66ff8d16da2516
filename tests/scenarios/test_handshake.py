"""Handshakes that nobody completes, and those that wait for data, on the real kernel."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from tests.lab.oracle import eventually, states
from tests.scenarios.ward import Ward
from twtop.diagnosis.finding import Severity
from twtop.lab import bulk
from twtop.lab.host import endpoint
from twtop.lab.limits import overflow_accept_queue

if TYPE_CHECKING:
    from twtop.lab.lab import Lab

RULE, DEFERRED = "syn-queue-full", "deferred-accept"
COOKIES = "net.ipv4.tcp_syncookies"


def test_a_flood_comes_from_many_addresses_and_cookies_answer_the_rest(lab: Lab) -> None:
    listener = lab.server.listen(backlog=8)
    port = endpoint(listener)[1]
    with Ward(lab.server) as ward:
        ward.look()
        bulk.flood(lab, listener, 30)
        finding = ward.find(RULE, f"port {port}")
        assert finding.severity is Severity.WARNING
        assert finding.headline == f"9 half-open on port {port}, room for 8, from 9 addresses"
        assert finding.evidence[0].startswith("9 SYN-RECV from 9 addresses, at most 1 from one (198.51.100.")
        assert ward.selected(finding) == {"SYN-RECV": 9}
        assert ward.frame is not None
        assert ward.frame.moment.snapshot.counters["TcpExt.TCPReqQFullDoCookies"] == 21
        assert any(line.startswith("TCPReqQFullDoCookies grows by ") for line in finding.evidence)
        assert finding.remedies[0].text.startswith("Leave SYN cookies on")
        assert any("without effect while tcp_syncookies is 1" in advice for advice in finding.dont)
        assert finding.commands == ()
        listener.listen(100)
        ward.wait(11)
        ward.until_gone(RULE)


def test_without_cookies_it_is_critical_and_the_remedy_turns_them_on(lab: Lab) -> None:
    lab.server.sysctl(COOKIES, 0)
    lab.server.sysctl("net.ipv4.tcp_max_syn_backlog", 16)
    listener = lab.server.listen()
    port = endpoint(listener)[1]
    bulk.flood(lab, listener, 20)
    with Ward(lab.server) as ward:
        finding = ward.find(RULE)
        assert finding.severity is Severity.CRITICAL
        assert finding.headline == f"13 half-open on port {port}, room for 12, from 13 addresses"
        assert not any("tcp_max_syn_backlog" in advice for advice in finding.dont)
        ward.apply(finding.remedies[0])
        # Now the backlog of 128 counts.
        ward.until_gone(RULE)


def test_syn_acks_that_one_network_never_gets_come_from_few_addresses(lab: Lab) -> None:
    listener = bulk.half_open(lab, 20)
    address, port = endpoint(listener)
    client = lab.client.addresses[-1]
    with Ward(lab.server) as ward:
        assert RULE not in ward.rules(1)
        listener.listen(20)
        finding = ward.find(RULE)
        assert finding.headline == f"20 half-open on port {port}, room for 20, from {client}"
        assert finding.evidence[0] == f"20 SYN-RECV, all from {client}"
        assert f"on the way to {client}" in finding.remedies[1].text
        lab.server.heal_towards(client)
        ward.until_gone(RULE)
    assert address in lab.server.addresses


def test_a_full_accept_queue_is_told_instead(lab: Lab) -> None:
    with Ward(lab.server) as ward:
        ward.look()
        overflow_accept_queue(lab, refused=12)
        assert ward.find("accept-queue-full")
        assert RULE not in ward.rules(4)


def test_clients_that_wait_behind_defer_accept_are_a_note(lab: Lab) -> None:
    listener = lab.server.listen()
    port = endpoint(listener)[1]
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)
    clients = [lab.client.connect(*endpoint(listener)) for _ in range(10)]
    eventually(lambda: states(lab.client), {"ESTAB": 10})
    with Ward(lab.server) as ward:
        finding = ward.find(DEFERRED)
        assert finding.severity is Severity.NOTE
        assert finding.headline == f"10 clients of port {port} have connected and sent nothing yet"
        assert ward.selected(finding) == {"SYN-RECV": 10}
        for client in clients:
            client.send(b"!")
        ward.until_gone(DEFERRED)
        assert ward.selected(finding) == {}
