"""Open connections that stand still, on the real kernel."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from tests.diagnosis.records import findings_in
from tests.lab.oracle import eventually
from tests.scenarios.ward import Ward
from twtop.core.snapshot import snapshot
from twtop.core.states import Timer
from twtop.diagnosis.finding import Severity
from twtop.lab.host import endpoint
from twtop.lab.lab import Pair
from twtop.lab.specimen import fill

if TYPE_CHECKING:
    from twtop.lab.lab import Lab

TCP_USER_TIMEOUT = 18


def test_data_without_an_answer_is_told_per_address_until_the_cable_is_mended(lab: Lab) -> None:
    route = lab.route(private=True)
    pairs = [Pair.open(route) for _ in range(6)]
    beside = lab.pair(private=True)
    route.cut()
    for pair in pairs[:5]:
        pair.client.send(b"?")
    with Ward(lab.client) as ward:
        peer = route.server_address
        headline = f"5 connections to {peer} without an answer"
        eventually(lambda: ward.find("data-unanswered").headline, headline)
        finding = ward.find("data-unanswered")
        assert finding.subject == peer
        assert finding.severity is Severity.WARNING
        assert finding.evidence[0] == "5 of 6 open connections there"
        assert finding.evidence[1].startswith("retransmitted up to ")
        assert finding.evidence[2] == "Send-Q of these: 5 bytes"
        assert finding.evidence[3].startswith("ETIMEDOUT 15 min 25 s after the first loss")
        assert ward.selected(finding) == {"ESTAB": 5}
        beside.client.send(b"!")
        route.heal()
        ward.until_gone("data-unanswered")
    assert pairs[0].server.recv(2) == b"?"


def test_single_ones_are_told_together_and_end_with_either_remedy(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.tcp_rto_max_ms", 1000)
    route = lab.route(private=True)
    one_of_many, *_ = (Pair.open(route) for _ in range(11))
    alone = [lab.pair(private=True) for _ in range(4)]
    for pair in (one_of_many, *alone):
        pair.route.cut()
        pair.client.send(b"?")
    with Ward(lab.client) as ward:
        headline = "4 connections to 4 addresses in many networks without an answer"
        eventually(lambda: ward.find("data-unanswered").headline, headline)
        finding = ward.find("data-unanswered", "")
        assert finding.severity is Severity.NOTE
        assert ward.selected(finding) == {"ESTAB": 4}
        assert finding.evidence[2].startswith("ETIMEDOUT 14 s after the first loss")
        assert finding.remedies[0].text.startswith("In the application: TCP_USER_TIMEOUT")
        for pair in alone[:3]:
            pair.client.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 1000)
        headline = f"1 connection to {alone[3].route.server_address} without an answer"
        eventually(lambda: ward.find("data-unanswered").headline, headline)
        assert alone[0].client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ETIMEDOUT
        assert finding.remedies[1].text == "For all at once: give up after 7.4 s."
        ward.apply(finding.remedies[1])
        assert ward.find("data-unanswered").commands == ()
        lab.client.sysctl("net.ipv4.tcp_retries2", 3)
        ward.until_gone("data-unanswered", seconds=5)


def test_a_peer_that_does_not_read_is_told_until_it_does(lab: Lab) -> None:
    route = lab.route()
    pairs = [Pair.open(route) for _ in range(3)]
    for pair in pairs[:2]:
        fill(pair.client)
    with Ward(lab.client) as ward:
        shut(ward, 2)
        assert "zero-window" not in ward.rules(1)
        ward.wait(10)
        finding = ward.find("zero-window")
        peer = route.server_address
        assert finding.headline.startswith(f"2 connections to {peer} stopped, window 0 for 1")
        assert finding.severity is Severity.NOTE
        assert ward.selected(finding) == {"ESTAB": 2}
        assert finding.check[0].startswith(f"At {peer}: ss -tanp dport = :")
        ward.wait(50)
        assert ward.find("zero-window").severity is Severity.WARNING
        for pair in pairs[:2]:
            pair.server.settimeout(0.3)
            drain(pair.server)
        ward.until_gone("zero-window")


def shut(ward: Ward, windows: int) -> None:
    """Look until the second probes are due: the first ones may still find room for some bytes."""

    def probed() -> int:
        ward.look()
        assert ward.frame is not None
        sockets = ward.frame.moment.snapshot.sockets
        return int(((sockets.timer == Timer.PERSIST) & (sockets.expires_ms > 300)).sum())

    eventually(probed, windows)


def drain(reader: socket.socket) -> None:
    """Read until nothing comes for a moment."""
    try:
        while reader.recv(1 << 20):
            pass
    except TimeoutError:
        pass


def test_a_reader_on_this_host_is_named_with_what_it_has_not_read(lab: Lab) -> None:
    listener = lab.client.listen(address="127.0.0.1")
    writer = lab.client.connect(*endpoint(listener))
    reader = lab.client.accept(listener)
    fill(writer)
    with Ward(lab.client) as ward:
        shut(ward, 1)
        ward.wait(10)
        finding = ward.find("zero-window", "")
        port = endpoint(listener)[1]
        assert ward.frame is not None
        sockets = ward.frame.moment.snapshot.sockets
        unread = int(sockets.rqueue[(sockets.local_port == port) & (sockets.inode > 0)].max())
        assert unread > 10_000
        assert finding.evidence[2] == f"the other end is here: 127.0.0.1:{port}, Recv-Q {unread:,}"
        assert finding.check[0] == f"Who should read: ss -tanp sport = :{port}"
        assert ward.selected(finding) == {"ESTAB": 1}
        writer.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 500)
        ward.until_gone("zero-window")
        assert writer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ETIMEDOUT
    reader.close()


def test_a_window_that_has_been_shut_for_long_is_told_by_the_first_snapshot(lab: Lab) -> None:
    pair = lab.pair()
    fill(pair.client)
    with Ward(lab.client) as ward:
        ward.look()
        assert ward.frame is not None
        taken = ward.frame.moment.snapshot
    taken.sockets.expires_ms[taken.sockets.timer == Timer.PERSIST] = 25_600
    finding = findings_in(snapshot(taken.sockets, sysctls=taken.sysctls))["zero-window"]
    assert finding.headline.endswith("window 0 for 26 s")
