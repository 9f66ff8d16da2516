"""Connections closed here whose end does not come, on the real kernel."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from tests.core.build import table
from tests.diagnosis.records import findings_in
from tests.lab.oracle import eventually, states
from tests.scenarios.ward import Ward
from twtop.core.counters import Counters
from twtop.core.snapshot import snapshot
from twtop.core.states import State, Timer
from twtop.core.sysctls import Sysctls
from twtop.diagnosis.finding import Severity
from twtop.lab.host import endpoint
from twtop.lab.lab import Pair
from twtop.lab.recipes import fin_wait_1_persist
from twtop.lab.specimen import fill

if TYPE_CHECKING:
    from twtop.core.snapshot import Snapshot
    from twtop.lab.lab import Lab, Route

RETRIES = "net.ipv4.tcp_orphan_retries"
TCP_USER_TIMEOUT = 18


def lose_fins(routes: list[Route], each: int) -> None:
    """Cut the client off its servers, then close: FIN-WAIT-1 on the client."""
    pairs = [Pair.open(route) for route in routes for _ in range(each)]
    for route in routes:
        route.cut()
    for pair in pairs:
        pair.client.close()


def test_fins_that_one_host_does_not_answer_are_told_until_the_cable_is_mended(lab: Lab) -> None:
    route = lab.route(private=True)
    lose_fins([route], each=5)
    with Ward(lab.client) as ward:
        finding = ward.find("fin-unanswered")
        peer = route.server_address
        assert finding.headline == f"5 FINs to {peer} without an answer"
        assert finding.evidence[:2] == (
            "5 FIN-WAIT-1, retransmitted 3 times or more",
            "only the FIN is missing (Send-Q 1): 5; data too: 0",
        )
        assert finding.severity is Severity.NOTE
        assert finding.cause.endswith("Only one peer is silent: that host, or the way to it.")
        assert f"tcpdump -ni any 'host {peer}'" in finding.check[0]
        assert ward.selected(finding) == {"FIN-WAIT-1": 5}
        route.heal()
        ward.until_gone("fin-unanswered")


def test_fewer_retries_end_what_nobody_answers(lab: Lab) -> None:
    pairs = [lab.pair(private=True) for _ in range(10)]
    for pair in pairs:
        pair.client.shutdown(socket.SHUT_WR)
        assert pair.server.recv(1) == b""
        pair.route.cut()
        pair.server.close()
    with Ward(lab.server) as ward:
        headline = "10 FINs to 10 addresses in many networks without an answer"
        eventually(lambda: ward.find("fin-unanswered").headline, headline)
        finding = ward.find("fin-unanswered")
        assert finding.evidence[0] == "10 LAST-ACK, retransmitted 3 times or more"
        assert finding.severity is Severity.WARNING
        assert "uplink" in finding.cause
        assert ward.selected(finding) == {"LAST-ACK": 10}
        shorter = finding.remedies[1]
        assert shorter.text.startswith("Give up sooner, about 3 s instead of 102 s after the FIN")
        ward.apply(shorter)
        assert not any(remedy.command for remedy in ward.find("fin-unanswered").remedies)
        lab.server.sysctl(RETRIES, 2)
        ward.until_gone("fin-unanswered")
        # The rule is silent from four on: each ends by a clock of its own.
        eventually(lambda: states(lab.server)["LAST-ACK"], 0)


def test_peers_of_one_network_are_told_as_that_network(lab: Lab) -> None:
    phones = [f"203.0.113.{number}" for number in range(101, 106)]
    listener = lab.client.listen()
    for phone in phones:
        lab.server.add_address(phone)
    visits = [lab.server.connect(*endpoint(listener), source=phone) for phone in phones]
    served = [lab.client.accept(listener) for _ in visits]
    lab.client.cut_towards(*phones)
    for each in served:
        each.close()
    with Ward(lab.client) as ward:
        finding = ward.find("fin-unanswered")
        assert finding.headline == "5 FINs to 5 addresses in 203.0.113.0/24 without an answer"
        assert "'net 203.0.113.0/24'" in finding.check[0]
        assert ward.selected(finding) == {"FIN-WAIT-1": 5}


def test_a_fin_behind_a_shut_window_is_told_until_the_peer_reads(lab: Lab) -> None:
    made = fin_wait_1_persist(lab, socket.AF_INET)
    healthy = lab.pair(private=True)
    healthy.route.cut()
    healthy.client.close()
    _, server = made.kept
    with Ward(lab.client) as ward:
        assert "fin-behind-window" not in ward.rules(2)
        ward.wait(10)
        finding = ward.find("fin-behind-window")
        assert ward.frame is not None
        sockets = ward.frame.moment.snapshot.sockets
        (row,) = (sockets.timer == Timer.PERSIST).nonzero()[0]
        peer = made.remote[0]
        assert finding.headline.startswith(f"1 FIN to {peer} held by a shut window for 1")
        assert finding.evidence == (
            f"Send-Q of these: {sockets.wqueue[row]:,} bytes, kept in kernel memory",
            "without an owner: 1; with one: 0",
        )
        assert finding.severity is Severity.NOTE
        assert ward.selected(finding) == {"FIN-WAIT-1": 1}
        server.settimeout(0.5)
        while server.recv(1 << 20):
            pass
        ward.until_gone("fin-behind-window")


def test_a_user_timeout_ends_it_although_nobody_owns_it_any_more(lab: Lab) -> None:
    pair = lab.pair()
    pair.client.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 5000)
    fill(pair.client)
    pair.client.close()
    with Ward(lab.client) as ward:
        ward.look()
        ward.wait(10)
        finding = ward.find("fin-behind-window")
        assert "TCP_USER_TIMEOUT" in finding.remedies[0].text
        ward.until_gone("fin-behind-window")
        assert ward.frame is not None
        assert ward.frame.moment.snapshot.state_counts()[State.FIN_WAIT_1] == 0


def test_without_one_it_ends_when_its_probes_are_as_rare_as_they_may_be(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.tcp_rto_max_ms", 3000)
    fin_wait_1_persist(lab, socket.AF_INET)
    with Ward(lab.client) as ward:
        ward.look()
        ward.wait(10)
        finding = ward.find("fin-behind-window")
        assert finding.check[1] == "Without an owner each ends by itself after about 6 s of probes."
        ward.until_gone("fin-behind-window")


# --- machine-wide limits: no namespace has its own ----------------------------------------------------------


def recorded(orphans: int, aborted: int = 0, seconds: float = 0.0, most: str | None = "65536") -> Snapshot:
    states = [State.FIN_WAIT_1, State.FIN_WAIT_1, State.LAST_ACK, State.CLOSING, State.FIN_WAIT_2]
    sysctls = {RETRIES: "0"} | ({} if most is None else {"net.ipv4.tcp_max_orphans": most})
    return snapshot(
        table(
            state=[int(state) for state in states],
            timer=[Timer.ON, Timer.ON, Timer.ON, Timer.ON, Timer.KEEPALIVE],
            wqueue=[1, 4000, 1, 1, 0],
            inode=[0, 77, 0, 0, 0],
        ),
        instant_s=seconds,
        sysctls=Sysctls(sysctls),
        counters=Counters({"sockstat.TCP.orphan": orphans, "TcpExt.TCPAbortOnMemory": aborted}),
    )


def test_recorded_orphans_up_to_a_quarter_of_the_limit_are_nothing() -> None:
    assert "orphan-pressure" not in findings_in(recorded(16_383))


def test_recorded_orphans_from_a_quarter_of_the_limit_on() -> None:
    finding = findings_in(recorded(16_384))["orphan-pressure"]
    assert finding.headline == "16,384 of 65,536 orphans allowed"
    assert finding.severity is Severity.WARNING
    assert finding.evidence == (
        "in this network namespace: 1 FIN-WAIT-1, 1 CLOSING, 1 LAST-ACK, 1 FIN-WAIT-2",
        "Send-Q of these: 3 bytes",
    )
    assert finding.commands == (
        f"sysctl -w {RETRIES}=3",
        "sysctl -w net.ipv4.tcp_fin_timeout=60",
        "sysctl -w net.ipv4.tcp_max_orphans=131072",
    )


def test_recorded_resets_are_critical_while_they_go_on() -> None:
    first, second = recorded(70_000), recorded(70_000, aborted=30, seconds=2.0)
    finding = findings_in(first, second)["orphan-pressure"]
    assert finding.headline == "70,000 of 65,536 orphans allowed: 15.0 connections/s are reset"
    assert finding.evidence[2] == "TCPAbortOnMemory grows by 15.0/s"
    assert finding.severity is Severity.CRITICAL
    assert "orphan-pressure" not in findings_in(
        recorded(10), recorded(10, 30, 2.0), recorded(10, 30, 4.0), recorded(10, 30, 13.0)
    )


def test_recorded_resets_count_where_the_limit_cannot_be_seen() -> None:
    assert "orphan-pressure" not in findings_in(recorded(70_000, most=None))
    first, second = recorded(70_000, most=None), recorded(70_000, aborted=30, seconds=2.0, most=None)
    finding = findings_in(first, second)["orphan-pressure"]
    assert finding.headline == "70,000 orphans: 15.0 connections/s are reset"
    assert not any("max_orphans" in command for command in finding.commands)
