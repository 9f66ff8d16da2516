"""TIME-WAIT on the server side, too many of them, and those that begin again, on the real kernel."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import pytest

from tests.lab.oracle import eventually, states
from tests.scenarios.ward import Ward
from twtop.core.states import State
from twtop.diagnosis.finding import Severity
from twtop.lab.host import endpoint
from twtop.lab.lab import Pair
from twtop.lab.limits import overflow_time_waits
from twtop.lab.specimen import wait_for_state

if TYPE_CHECKING:
    from twtop.lab.host import Endpoint, Socket
    from twtop.lab.lab import Lab

BUCKETS: Final = "net.ipv4.tcp_max_tw_buckets"
TCP_REPAIR: Final = 19
TCP_REPAIR_OFF_NO_WP: Final = -1
TCP_TIMESTAMP: Final = 24
"""include/uapi/linux/tcp.h"""


def leave_at_server(lab: Lab, listener: Socket) -> Endpoint:
    """Leave a TIME-WAIT on the server; return the client's end, which is gone."""
    client = lab.client.connect(*endpoint(listener))
    server = lab.server.accept(listener)
    return close_at_server(client, server)


def close_at_server(client: Socket, server: Socket) -> Endpoint:
    gone = endpoint(client)
    server.close()
    assert client.recv(1) == b""
    client.close()
    return gone


def test_many_at_the_server_are_a_note_and_end_with_a_higher_limit(lab: Lab) -> None:
    lab.server.sysctl(BUCKETS, 10)
    listener = lab.server.listen()
    port = endpoint(listener)[1]
    with Ward(lab.server) as ward:
        for _ in range(4):
            leave_at_server(lab, listener)
        assert "time-wait-at-server" not in ward.rules(1)
        leave_at_server(lab, listener)
        finding = ward.find("time-wait-at-server")
        assert finding.severity is Severity.NOTE
        assert finding.headline == "5 TIME-WAIT on ports served here: harmless below 10"
        assert finding.evidence[1] == f"port {port}: 5"
        assert ward.selected(finding) == {"TIME-WAIT": 5}
        assert str(finding.sockets) == f"state time-wait and sport = :{port}"
        lab.server.sysctl(BUCKETS, 1000)
        ward.until_gone("time-wait-at-server")


def test_as_many_at_the_client_are_not_told_as_the_server_s(lab: Lab) -> None:
    lab.client.sysctl(BUCKETS, 10)
    for _ in range(6):
        pair = lab.pair()
        pair.client.close()
        pair.server.close()
    with Ward(lab.client) as ward:
        assert ward.rules(1) == set()


def test_an_overflow_is_told_until_there_is_room(lab: Lab) -> None:
    with Ward(lab.client) as ward:
        ward.look()
        overflow_time_waits(lab, buckets=3)
        finding = ward.find("time-wait-overflow")
        assert finding.severity is Severity.WARNING
        assert finding.headline.startswith("3 of 3 TIME-WAIT buckets in use, ")
        assert finding.headline.endswith(" closed/s get none")
        assert finding.evidence[0] == "sockstat tw 3, tcp_max_tw_buckets 3"
        assert ward.selected(finding).total() == 3
        assert ward.frame is not None
        assert ward.frame.moment.snapshot.counters["TcpExt.TCPTimeWaitOverflow"] == 3
        assert int(finding.remedies[0].command.partition("=")[2]) >= 16384
        ward.apply(finding.remedies[0])
        ward.wait(11)
        ward.until_gone("time-wait-overflow")


def test_orphans_in_fin_wait_2_fill_the_table_too(lab: Lab) -> None:
    lab.client.sysctl(BUCKETS, 2)
    for _ in range(2):
        lab.pair().client.close()
    eventually(lambda: states(lab.client), {"FIN-WAIT-2": 2})
    with Ward(lab.client) as ward:
        finding = ward.find("time-wait-overflow")
        assert finding.headline == "2 of 2 TIME-WAIT buckets in use"
        assert finding.evidence[1].startswith("of them 2 in FIN-WAIT-2")
        assert any("orphans in FIN-WAIT-2" in remedy.text for remedy in finding.remedies)
        assert ward.selected(finding) == {"FIN-WAIT-2": 2}
        lab.client.sysctl(BUCKETS, 0)
        assert ward.find("time-wait-overflow").headline.startswith("tcp_max_tw_buckets is 0")


def test_fins_that_are_repeated_start_the_minute_again(lab: Lab) -> None:
    route = lab.route(private=True)
    pairs = [Pair.open(route) for _ in range(3)]
    for pair in pairs:
        pair.client.close()
        assert pair.server.recv(1) == b""
    route.cut("client->server")
    for pair in pairs:
        pair.server.close()
    with Ward(lab.client) as ward:
        finding = ward.find("time-wait-restarts", route.server_address)
        assert finding.headline.startswith("3 of 3 TIME-WAIT towards ")
        assert finding.severity is Severity.NOTE
        assert ward.selected(finding) == {"TIME-WAIT": 3}
        assert finding.check[0] == "At the peer: ss -tano state last-ack"
        out = lab.server.run(["ss", "-tanoH", "state", "last-ack"]).stdout
        assert out.count(route.client_address) == 3


def advance_clock(made: Socket, milliseconds: int = 1_000_000) -> None:
    """Let the timestamps of an open connection jump ahead, as those of another host may be."""
    now = made.getsockopt(socket.IPPROTO_TCP, TCP_TIMESTAMP)
    try:
        made.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except OSError:
        pytest.skip("this kernel has no TCP_REPAIR (CONFIG_CHECKPOINT_RESTORE)")
    later = (now + milliseconds) % 2**32
    made.setsockopt(socket.IPPROTO_TCP, TCP_TIMESTAMP, struct.pack("I", later))
    made.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP)


def come_back_with_an_older_clock(lab: Lab, listener: Socket) -> Socket:
    """Begin to connect from the port of a connection that is in TIME-WAIT at the server."""
    first = lab.client.connect(*endpoint(listener))
    server = lab.server.accept(listener)
    advance_clock(first)
    first.send(b"!")
    assert server.recv(1) == b"!"
    gone = close_at_server(first, server)
    second = lab.client.socket()
    second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    second.bind(gone)
    second.setblocking(False)
    with suppress(BlockingIOError):
        second.connect(endpoint(listener))
    return second


def test_clients_behind_one_address_are_kept_out_by_rfc1337(lab: Lab) -> None:
    lab.server.sysctl("net.ipv4.tcp_rfc1337", 1)
    listener = lab.server.listen()
    port = endpoint(listener)[1]
    with Ward(lab.server) as ward:
        assert ward.find("rfc1337-on").severity is Severity.NOTE
        second = come_back_with_an_older_clock(lab, listener)
        finding = ward.find("old-timestamps")
        assert finding.severity is Severity.CRITICAL
        assert finding.headline.endswith("clients time out")
        assert ward.find("rfc1337-on").severity is Severity.WARNING
        assert ward.selected(finding) == {"TIME-WAIT": 1}
        assert str(port) in finding.evidence[2]
        assert endpoint(second)[1] > 0
        ward.apply(finding.remedies[0])
        # Its next SYN, a second later at most, finds the way free.
        wait_for_state(second, State.ESTAB)
        assert lab.server.accept(listener).getpeername() == endpoint(second)
        ward.until_gone("rfc1337-on")
        ward.wait(11)
        ward.until_gone("old-timestamps")


def test_without_rfc1337_such_clients_are_a_note(lab: Lab) -> None:
    listener = lab.server.listen()
    with Ward(lab.server) as ward:
        ward.look()
        leave_at_server(lab, listener)
        # Ten in as many seconds are enough.
        for _ in range(10):
            wait_for_state(come_back_with_an_older_clock(lab, listener), State.ESTAB)
            lab.server.accept(listener)
        finding = ward.find("old-timestamps")
        assert finding.severity is Severity.NOTE
        assert finding.remedies[0].text.startswith("Nothing")
        assert not finding.commands
        eventually(lambda: ward.selected(finding), {"TIME-WAIT": 1})
