"""Connections that nobody answers, on the real kernel."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tests.lab.oracle import eventually, states
from tests.scenarios.ward import Ward
from twtop.core.states import State
from twtop.diagnosis.finding import Severity
from twtop.errors import KernelError
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from twtop.lab.lab import Lab

SILENT, HELD = "connect-unanswered", "connect-holds-ports"
RETRIES = "net.ipv4.tcp_syn_retries"


def test_a_destination_that_is_cut_off_is_found_until_it_answers(lab: Lab) -> None:
    route = lab.route(private=True)
    listener = route.listen()
    port = endpoint(listener)[1]
    peer = f"{route.server_address}:{port}"
    opened = route.connect(port)
    lab.server.accept(listener)
    route.cut("client->server")
    for _ in range(5):
        route.connect(port, wait=False)
    with Ward(lab.client) as ward:
        told = ward.look()
        assert ward.frame is not None
        sockets = ward.frame.moment.snapshot.sockets
        # There is nothing to tell before the SYNs are sent again, after a second.
        assert bool(told) == sockets.retrans[sockets.state == State.SYN_SENT].all()
        finding = ward.find(SILENT)
        assert finding.subject == peer
        assert finding.severity is Severity.WARNING
        assert finding.headline == f"5 connections to {peer} get no answer"
        assert finding.evidence[1] == f"open to it: 1; to other ports of {route.server_address}: 0"
        assert ward.selected(finding) == {"SYN-SENT": 5}
        assert finding.commands == ()
        opened.close()
        assert ward.find(SILENT).severity is Severity.CRITICAL
        assert ward.rules(1) == {SILENT}
        route.heal()
        ward.until_gone(SILENT)
        # The rule is silent from four on: each tries again by a clock of its own.
        eventually(lambda: states(lab.client)["ESTAB"], 5)


def test_ports_that_they_hold_come_back_sooner_with_fewer_retries(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 40019")
    lab.client.sysctl(RETRIES, 4)
    with suppress(KernelError):  # before Linux 6.5 there was no other way
        lab.client.sysctl("net.ipv4.tcp_syn_linear_timeouts", 0)
    route = lab.route(private=True)
    route.cut("client->server")
    for _ in range(12):
        route.connect(80, wait=False)
    peer = f"{route.server_address}:80"
    with Ward(lab.client) as ward:
        finding = ward.find(HELD)
        assert finding.severity is Severity.WARNING
        assert finding.headline == f"12 of 12 ports towards {peer} wait for an answer"
        assert finding.evidence[0] == "12 of 20 ports in use, 12 of them in SYN-SENT"
        assert ward.selected(finding) == {"SYN-SENT": 12}
        assert finding.commands == ("sysctl -w net.ipv4.tcp_syn_retries=2",)
        # They end when they would be sent for the third time again, 7 s after they began.
        lab.client.sysctl(RETRIES, 2)
        assert ward.find(HELD).commands == ()
        ward.until_gone(HELD)


def test_a_few_that_wait_a_moment_are_nothing(lab: Lab) -> None:
    route = lab.route(private=True)
    route.cut("client->server")
    for port in range(80, 90):
        route.connect(port, wait=False)
    with Ward(lab.client) as ward:
        assert ward.rules(8) == set()
