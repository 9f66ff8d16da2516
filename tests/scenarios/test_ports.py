"""Ephemeral ports towards one destination, on the real kernel."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

import pytest

from tests.lab.oracle import eventually
from tests.scenarios.seeds import linger, refusal, reuse_early
from tests.scenarios.ward import Ward
from twtop.diagnosis.finding import Severity
from twtop.lab.host import endpoint
from twtop.lab.limits import bind_then_connect

if TYPE_CHECKING:
    from twtop.diagnosis.finding import Finding
    from twtop.lab.host import Endpoint, Socket
    from twtop.lab.lab import Lab

PORTS: Final = 100
FAMILY: Final = {"ports-nearly-gone", "connect-slow", "ports-gone-soon"}


def offer(lab: Lab, ports: int) -> None:
    """Let connect() and bind() choose from so many ports on the client."""
    lab.client.sysctl("net.ipv4.ip_local_port_range", f"40000 {40_000 + ports - 1}")


@pytest.fixture
def listener(lab: Lab) -> Socket:
    offer(lab, PORTS)
    return lab.server.listen(backlog=PORTS)


def hold(lab: Lab, target: Endpoint, count: int) -> list[Socket]:
    return [lab.client.connect(*target) for _ in range(count)]


def call(lab: Lab, listener: Socket, count: int) -> None:
    """Connect and close first, one after the other."""
    for _ in range(count):
        client = lab.client.connect(*endpoint(listener))
        server = lab.server.accept(listener)
        client.close()
        assert server.recv(1) == b""
        server.close()


def command_with(finding: Finding, word: str) -> int:
    return next(at for at, remedy in enumerate(finding.remedies) if word in remedy.command)


def one_of_the_family(ward: Ward) -> Finding | None:
    found = [finding for finding in ward.look() if finding.rule in FAMILY]
    assert len(found) <= 1
    return found[0] if found else None


def at_first_sight(ward: Ward, lab: Lab) -> Finding | None:
    """The same for somebody who looks for the first time, and knows of no growth as others do after 3 s."""
    one_of_the_family(ward)
    with Ward(lab.client) as newcomer:
        return one_of_the_family(newcomer)


def test_one_rule_speaks_for_a_destination_at_a_time(lab: Lab, listener: Socket) -> None:
    target = endpoint(listener)
    name = f"{target[0]}:{target[1]}"
    with Ward(lab.client) as ward:
        assert at_first_sight(ward, lab) is None
        hold(lab, target, 49)
        assert at_first_sight(ward, lab) is None
        hold(lab, target, 1)
        slow = at_first_sight(ward, lab)
        assert slow is not None
        assert (slow.rule, slow.severity) == ("connect-slow", Severity.WARNING)
        assert slow.headline == f"50 of 100 ports towards {name} in use: connect() is slow"
        assert slow.subject == f"{lab.client.address()} > {name}"
        hold(lab, target, 40)
        nearly = at_first_sight(ward, lab)
        assert nearly is not None
        assert (nearly.rule, nearly.severity) == ("ports-nearly-gone", Severity.WARNING)
        hold(lab, target, 10)
        gone = at_first_sight(ward, lab)
        assert gone is not None
        assert (gone.rule, gone.severity) == ("ports-nearly-gone", Severity.CRITICAL)
        assert gone.headline == f"100 of 100 ports towards {name} in use: connect() fails"
        assert gone.evidence[0] == "100 ESTAB"
        assert refusal(lambda: lab.client.connect(*target)) == errno.errorcode[errno.EADDRNOTAVAIL]
        assert ward.selected(gone) == {"ESTAB": 100}
        listed = lab.client.run(["ss", "-tanH", str(gone.sockets)]).stdout.splitlines()
        assert len(listed) == 100
        assert any("stay open" in remedy.text for remedy in gone.remedies)
        assert "tcp_tw_reuse=1" not in " ".join(gone.commands)
        ward.apply(gone.remedies[command_with(gone, "ip_local_port_range")])
        assert at_first_sight(ward, lab) is None
        lab.client.connect(*target)


def test_time_waits_that_connect_may_take_over_do_not_count(lab: Lab, listener: Socket) -> None:
    reuse_early(lab.client)
    with Ward(lab.client) as ward:
        ward.look()
        call(lab, listener, 60)
        slow = ward.find("connect-slow")
        assert slow.headline.startswith("60 of 100 ports towards ")
        assert slow.evidence[0] == "60 TIME-WAIT"
        off = ward.find("reuse-off")
        assert off.severity is Severity.NOTE
        assert off.headline.startswith("60 TIME-WAIT towards ")
        assert ward.selected(off) == {"TIME-WAIT": 60}
        assert off.commands == ("sysctl -w net.ipv4.tcp_tw_reuse=1",)
        assert slow.remedies[command_with(slow, "tcp_tw_reuse=1")].text.startswith("Let connect() take over")
        ward.apply(off.remedies[0])
        ward.until_gone("connect-slow")
        ward.until_gone("reuse-off")
        # Some take over, whatever they choose: 40 ports are free. And enough are old by now for all of them.
        call(lab, listener, 50)
        ward.look()
        assert ward.frame is not None
        assert ward.frame.moment.snapshot.counters["TcpExt.TWRecycled"] > 0


def test_what_loopback_takes_over_is_no_reuse_elsewhere(lab: Lab, listener: Socket) -> None:
    """With the kernel's default any program that calls its own host makes TWRecycled grow."""
    reuse_early(lab.client)
    lab.client.sysctl("net.ipv4.tcp_tw_reuse", 2)
    own = lab.client.listen(8080, address="127.0.0.1")

    def called() -> bool:
        try:
            lab.client.connect(*endpoint(own)).close()
        except OSError:
            return False
        lab.client.accept(own).close()
        return True

    with Ward(lab.client) as ward:
        ward.look()
        for _ in range(PORTS + 1):
            eventually(called, True)
        call(lab, listener, 60)
        off = ward.find("reuse-off")
        assert ward.frame is not None
        assert ward.frame.moment.snapshot.counters["TcpExt.TWRecycled"] > 0
        assert off.headline.startswith("60 TIME-WAIT towards ")
        assert off.evidence[0] == "tcp_tw_reuse 2, tcp_timestamps 1"


def test_without_timestamps_reuse_is_not_the_remedy(lab: Lab, listener: Socket) -> None:
    lab.client.sysctl("net.ipv4.tcp_timestamps", 0)
    call(lab, listener, 50)
    with Ward(lab.client) as ward:
        slow = ward.find("connect-slow")
        assert "sysctl -w net.ipv4.tcp_timestamps=1" in slow.commands
        assert "sysctl -w net.ipv4.tcp_tw_reuse=1" not in slow.commands
        assert "reuse-without-timestamps" not in ward.rules(1)
        lab.client.sysctl("net.ipv4.tcp_tw_reuse", 1)
        dead = ward.find("reuse-without-timestamps")
        assert dead.headline == "tcp_tw_reuse 1 without effect: tcp_timestamps is 0"
        assert dead.severity is Severity.WARNING
        ward.apply(dead.remedies[0])
        ward.until_gone("reuse-without-timestamps")


def test_a_growth_that_takes_all_ports_is_told_before(lab: Lab, listener: Socket) -> None:
    reuse_early(lab.client)
    with Ward(lab.client) as ward:
        ward.look()
        call(lab, listener, 40)
        soon = ward.find("ports-gone-soon")
        assert soon.severity is Severity.CRITICAL
        # 40 in the last 10 s, and 60 ports left for those of the next.
        assert soon.headline.endswith("in use, full in 15 s")
        assert ward.selected(soon) == {"TIME-WAIT": 40}
        ward.apply(soon.remedies[command_with(soon, "tcp_tw_reuse=1")])
        ward.until_gone("ports-gone-soon")


def test_short_connections_are_a_note_long_before(lab: Lab, listener: Socket) -> None:
    offer(lab, 800)
    reuse_early(lab.client)
    with Ward(lab.client) as ward:
        ward.look()
        call(lab, listener, 30)
        # 400 ports of the first parity bear 6.7 connections/s for ever; half of that is 33 in 10 s.
        assert "short-connections" not in ward.rules(1)
        call(lab, listener, 10)
        churn = ward.find("short-connections")
        assert churn.severity is Severity.NOTE
        assert churn.headline.startswith("4 connections/s to ")
        assert churn.evidence[0] == "40 TIME-WAIT, 0 open"
        assert churn.evidence[1] == "ports suffice for 13/s, 7/s before connect() is slow"
        assert ward.selected(churn) == {"TIME-WAIT": 40}
        assert not FAMILY & ward.rules(1)
        lab.client.sysctl("net.ipv4.tcp_tw_reuse", 1)
        ward.until_gone("short-connections")


def test_short_connections_that_use_the_ports_up_are_not_over(lab: Lab, listener: Socket) -> None:
    offer(lab, 800)
    with Ward(lab.client) as ward:
        ward.look()
        call(lab, listener, 40)
        churn = ward.find("short-connections")
        call(lab, listener, 380)
        slow = ward.find("connect-slow")
        assert slow.identity == churn.identity
        assert ward.frame is not None
        assert not any(found.over_s is not None for found in ward.frame.findings)


def test_a_server_that_closes_first_costs_no_ports(lab: Lab, listener: Socket) -> None:
    with Ward(lab.server) as at_server, Ward(lab.client) as at_client:
        for _ in range(PORTS):
            client = lab.client.connect(*endpoint(listener))
            lab.server.accept(listener).close()
            assert client.recv(1) == b""
            client.close()
        assert at_server.rules(2) == set()
        assert at_client.rules(2) == set()


def test_time_waits_on_loopback_are_harmless_while_reuse_is_on(lab: Lab) -> None:
    offer(lab, PORTS)
    reuse_early(lab.client)
    listener = lab.client.listen(address="127.0.0.1")
    for _ in range(PORTS // 2):
        client = lab.client.connect(*endpoint(listener))
        server = lab.client.accept(listener)
        client.close()
        assert server.recv(1) == b""
        server.close()
    lab.client.sysctl("net.ipv4.tcp_tw_reuse", 2)
    with Ward(lab.client) as ward:
        note = ward.find("loopback-time-wait")
        assert note.severity is Severity.NOTE
        assert note.headline.startswith(f"{PORTS // 2} TIME-WAIT towards 127.0.0.1:")
        assert ward.selected(note) == {"TIME-WAIT": PORTS // 2}
        assert not FAMILY & ward.rules(1)
        lab.client.sysctl("net.ipv4.tcp_tw_reuse", 0)
        ward.until_gone("loopback-time-wait")


def test_ports_that_bind_took_are_lost_to_everyone(lab: Lab, listener: Socket) -> None:
    target = endpoint(listener)
    with Ward(lab.client) as ward:
        bound = [bind_then_connect(lab, target) for _ in range(24)]
        assert "ports-bound-first" not in ward.rules(2)
        bound += [bind_then_connect(lab, target) for _ in range(6)]
        finding = ward.find("ports-bound-first")
        assert finding.severity is Severity.WARNING
        assert finding.headline.startswith("30 of 100 ports lost to connect()")
        assert finding.evidence[1] == "70 are left to connect(), for each destination"
        assert finding.evidence[2].startswith(f"bind() from {lab.client.address()}: 30 of 100 in use")
        assert ward.selected(finding) == {"ESTAB": 30}
        other = endpoint(lab.server.listen(backlog=PORTS))
        hold(lab, other, 70)
        assert refusal(lambda: lab.client.connect(*other)) == "EADDRNOTAVAIL"
        for made in bound:
            # With a RST nothing stays; after FINs TIME-WAIT would keep the ports for another minute.
            linger(made, 0)
            made.close()
        ward.until_gone("ports-bound-first")


def test_bind_runs_out_of_ports_that_others_use(lab: Lab, listener: Socket) -> None:
    bind_then_connect(lab)
    hold(lab, endpoint(listener), 88)
    with Ward(lab.client) as ward:
        assert "ports-bound-first" not in ward.rules(3)
        hold(lab, endpoint(listener), 1)
        finding = ward.find("ports-bound-first")
        assert finding.severity is Severity.WARNING
        assert finding.headline.endswith(f"from {lab.client.address()} has 10 of 100 ports left")
        assert ward.selected(finding) == {"ESTAB": 1}
        hold(lab, endpoint(listener), 10)
        assert refusal(lambda: bind_then_connect(lab)) == "EADDRINUSE"
        assert ward.find("ports-bound-first").severity is Severity.CRITICAL
