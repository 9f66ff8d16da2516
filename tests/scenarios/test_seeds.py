"""What five documents about TIME-WAIT describe, replayed on the real kernel and seen through twtop.

A: a list of links, Japanese, 2015. B: a defence of TIME-WAIT, Japanese, 2019. C: a load balancer's help
page, Japanese. D: a collage, English and Russian. E: a long study with a sample server, Korean, 2015 to 2025.
Each test names the claims that it replays. What the kernel does otherwise is in test_seeds_corrected.py.
"""

from __future__ import annotations

import errno
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually
from tests.scenarios.seeds import (
    LIFE_MS,
    PORT,
    began,
    call,
    call_and_close,
    close_in_order,
    command,
    connect_from,
    few_ports,
    linger,
    refusal,
    reuse_early,
    start_server,
)
from tests.ui.screen import screen
from twtop.core.states import State
from twtop.lab import bulk
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from tests.scenarios.seeds import Onlooker
    from twtop.lab.lab import Lab

SOME_TIME_WAITS = 50_000


def test_the_client_closes_first(lab: Lab, at_client: Onlooker, at_server: Onlooker) -> None:
    """D case 1, A, B, C: TIME-WAIT on the client, none on the server, each call from another port."""
    listener = lab.server.listen(PORT)
    call_and_close(lab, listener, 2)
    at_server.becomes({"LISTEN": 1})
    at_client.becomes({"TIME-WAIT": 2})
    shown = at_client.sockets(State.TIME_WAIT)
    assert len({one.record.local_port for one in shown}) == 2
    for one in shown:
        assert (one.record.role, one.record.timer, one.record.inode) == ("client", "timewait", None)
        assert 0 < (one.record.time_left_ms or 0) <= LIFE_MS
        assert "We closed first, as client: holds one local port" in one.why
    assert at_client.used() == {f"10.77.0.2:{PORT}": (2, 2)}
    assert "No client socket uses a port" in at_server.ports()


def test_the_server_closes_first(lab: Lab, at_client: Onlooker, at_server: Onlooker) -> None:
    """E closing, B, C remedy 1: TIME-WAIT on the server, none on the client, no port in use anywhere."""
    client, server = call(lab, lab.server.listen(PORT))
    close_in_order(server, client)
    at_server.becomes({"LISTEN": 1, "TIME-WAIT": 1})
    at_client.becomes({})
    one = at_server.only(State.TIME_WAIT)
    assert (one.record.local_port, one.record.role) == (PORT, "server")
    assert "We closed first, as server: 256 bytes, no port used up" in one.why
    assert at_server.used() == at_client.used() == {}
    assert "! tcp_tw_reuse on a server" in one.why


def test_both_close_at_once(lab: Lab, at_client: Onlooker, at_server: Onlooker) -> None:
    """E both sides, B: FINs cross, CLOSING, and a TIME-WAIT on each side."""
    pair = lab.pair(private=True)
    pair.route.cut()
    pair.client.shutdown(socket.SHUT_WR)
    pair.server.shutdown(socket.SHUT_WR)
    assert at_client.states() == {"FIN-WAIT-1": 1}
    pair.route.heal("client->server")
    at_server.becomes({"LISTEN": 1, "CLOSING": 1})
    assert "both closed at once" in at_server.only(State.CLOSING).why
    pair.route.heal("server->client")
    at_client.becomes({"TIME-WAIT": 1})
    at_server.becomes({"LISTEN": 1, "TIME-WAIT": 1})
    assert at_client.only(State.TIME_WAIT).record.role == "client"
    assert at_server.only(State.TIME_WAIT).record.role == "server"


def test_the_steps_of_a_close(lab: Lab, at_client: Onlooker, at_server: Onlooker) -> None:
    """B, E: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT for the first to close; CLOSE-WAIT, LAST-ACK for the other."""
    pair = lab.pair(private=True)
    pair.route.cut("client->server")
    pair.client.close()
    assert at_client.states() == {"FIN-WAIT-1": 1}
    pair.route.heal("client->server")
    at_client.becomes({"FIN-WAIT-2": 1})
    at_server.becomes({"LISTEN": 1, "CLOSE-WAIT": 1})
    assert at_server.only(State.CLOSE_WAIT).note == "EOF not read"
    assert pair.server.recv(1) == b""
    assert at_server.only(State.CLOSE_WAIT).note == "close() missing"
    pair.route.cut("server->client")
    pair.server.close()
    assert at_server.states() == {"LISTEN": 1, "LAST-ACK": 1}
    assert at_server.only(State.LAST_ACK).note == "orphan"
    pair.route.heal("server->client")
    at_client.becomes({"TIME-WAIT": 1})
    at_server.becomes({"LISTEN": 1})


def test_the_last_ack_is_lost(lab: Lab, at_client: Onlooker, at_server: Onlooker) -> None:
    """B, D, E purpose 2: the passive closer repeats its FIN, and the TIME-WAIT is still there to answer."""
    pair = lab.pair(private=True)
    pair.client.close()
    assert pair.server.recv(1) == b""
    pair.route.cut("client->server")
    pair.server.close()
    eventually(lambda: at_client.only(State.TIME_WAIT).note, "restarted")
    assert (at_server.only(State.LAST_ACK).record.retrans or 0) >= 1
    said = at_client.only(State.TIME_WAIT).why
    assert "the peer repeats its FIN (our last ACK gets lost)" in said
    pair.route.heal("client->server")
    at_server.becomes({"LISTEN": 1})
    assert at_client.states() == {"TIME-WAIT": 1}


def test_without_time_wait_the_repeated_fin_gets_a_reset(lab: Lab, at_client: Onlooker) -> None:
    """B, D scenario 2: the thought experiment, by a kernel that may keep no TIME-WAIT at all."""
    lab.client.sysctl("net.ipv4.tcp_max_tw_buckets", 0)
    pair = lab.pair()
    pair.client.close()
    assert pair.server.recv(1) == b""
    at_client.becomes({})
    assert at_client.counter("TcpExt.TCPTimeWaitOverflow") == 1
    pair.server.shutdown(socket.SHUT_WR)
    eventually(lambda: pair.server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), errno.ECONNRESET)


def test_no_process_owns_a_time_wait(lab: Lab, at_server: Onlooker) -> None:
    """D netstat, E closing: the process is killed, and what it leaves has no owner and cannot be killed."""
    client, server = call(lab, lab.server.listen(PORT))
    with subprocess.Popen(["sleep", "60"], pass_fds=[server.fileno()]) as process:
        server.close()
        assert at_server.only(State.ESTAB).record.inode is not None
        process.kill()
    at_server.becomes({"LISTEN": 1, "FIN-WAIT-2": 1})
    client.close()
    at_server.becomes({"LISTEN": 1, "TIME-WAIT": 1})
    one = at_server.only(State.TIME_WAIT)
    assert (one.record.inode, one.record.uid) == (None, None)
    assert "! restart the process" in one.why


@pytest.mark.parametrize("reuse", [False, True])
def test_a_server_restarts(lab: Lab, at_server: Onlooker, *, reuse: bool) -> None:
    """D case 4, E closing, socket options: EADDRINUSE, unless by SO_REUSEADDR; tcp_tw_reuse is no help."""
    lab.server.sysctl("net.ipv4.tcp_tw_reuse", 1)
    listener = start_server(lab.server, reuse=reuse)
    for client, server in [call(lab, listener) for _ in range(2)]:
        close_in_order(server, client)
    listener.close()
    at_server.becomes({"TIME-WAIT": 2})
    assert {one.record.local_port for one in at_server.sockets(State.TIME_WAIT)} == {PORT}
    if not reuse:
        assert refusal(lambda: start_server(lab.server, reuse=False)) == "EADDRINUSE"
        assert at_server.states() == {"TIME-WAIT": 2}
        return
    listener = start_server(lab.server, reuse=True)
    call(lab, listener)
    assert at_server.states() == {"LISTEN": 1, "ESTAB": 1, "TIME-WAIT": 2}
    assert {one.record.role for one in at_server.sockets(*State)} == {"server"}


async def test_ports_run_out_towards_one_destination(lab: Lab, at_client: Onlooker) -> None:
    """A, C, D, E reuse 2 and 3: EADDRNOTAVAIL towards one port, while another still takes the same ports."""
    few_ports(lab.client)
    listener, other = lab.server.listen(PORT), lab.server.listen(22)
    call_and_close(lab, listener, 5)
    assert "5 of 10 ports (50%)  past half: connect() slow" in at_client.ports()
    call_and_close(lab, listener, 5)
    assert refusal(lambda: call(lab, listener)) == "EADDRNOTAVAIL"
    assert "10 of 10 ports (100%)  full: connect() fails" in at_client.ports()
    call(lab, other)
    eventually(at_client.used, {f"10.77.0.2:{PORT}": (10, 10), "10.77.0.2:22": (1, 0)})
    assert "1 of 10 ports (10%)" in at_client.ports(endpoint(other))
    shared = at_client.only(State.ESTAB).record.local_port
    assert shared in {one.record.local_port for one in at_client.sockets(State.TIME_WAIT)}
    async with screen(lab.client, size=(120, 40)) as user:
        await user.press("p")
        await user.until(lambda: "full: connect() fails" in "\n".join(user.text), "the ports panel")
        assert any(row.endswith(f"10.77.0.2:{PORT} 100% of ports") for row in user.rows)


def test_time_wait_is_reused_for_connect(lab: Lab, at_client: Onlooker) -> None:
    """C, D, E reuse 2, timestamps: with tcp_tw_reuse and timestamps connect() takes the old ports over."""
    few_ports(lab.client)
    listener = lab.server.listen(PORT)
    call_and_close(lab, listener, 10)
    assert refusal(lambda: call(lab, listener)) == "EADDRNOTAVAIL"
    lab.client.sysctl("net.ipv4.tcp_tw_reuse", 1)
    said = at_client.sockets(State.TIME_WAIT)[0].why
    assert "take it over if the peer has timestamps too (tcp_tw_reuse = 1), after 1 s" in said
    at_client.until_reusable()
    for _ in range(10):
        call(lab, listener)
    assert at_client.states() == {"ESTAB": 10}
    assert at_client.counter("TcpExt.TWRecycled") == 10


@pytest.mark.parametrize("side", ["client", "server"])
def test_without_timestamps_nothing_is_reused(lab: Lab, at_client: Onlooker, side: str) -> None:
    """C, E timestamps: they are negotiated; off on either side, tcp_tw_reuse has no effect."""
    few_ports(lab.client)
    reuse_early(lab.client)
    getattr(lab, side).sysctl("net.ipv4.tcp_timestamps", 0)
    lab.client.sysctl("net.ipv4.tcp_tw_reuse", 1)
    listener = lab.server.listen(PORT)
    call_and_close(lab, listener, 10)
    at_client.until_reusable()
    assert refusal(lambda: call(lab, listener)) == "EADDRNOTAVAIL"
    assert at_client.counter("TcpExt.TWRecycled") == 0
    said = at_client.sockets(State.TIME_WAIT)[0].why
    assert ("tcp_tw_reuse = 1 is without effect here: timestamps are off" in said) == (side == "client")
    assert ("if the peer has timestamps too" in said) == (side == "server")


@pytest.mark.parametrize("timeout", [5, 90])
def test_fin_timeout_does_not_change_time_wait(lab: Lab, at_client: Onlooker, timeout: int) -> None:
    """A, B, E timeout: 60 s are compiled in; tcp_fin_timeout is about FIN-WAIT-2."""
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", timeout)
    listener = lab.server.listen(PORT)
    start_s = time.monotonic()
    call_and_close(lab, listener)
    one = at_client.comes(State.TIME_WAIT)
    assert began(one.record.time_left_ms, LIFE_MS, start_s)
    assert "! lower tcp_fin_timeout" in one.why


def test_fin_timeout_of_90(lab: Lab, at_client: Onlooker) -> None:
    """E timeout: FIN-WAIT-2 begins with 30 s of a keepalive timer, and 30 s of a timewait one will follow."""
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", 90)
    client, _server = call(lab, lab.server.listen(PORT))
    start_s = time.monotonic()
    client.close()
    one = at_client.comes(State.FIN_WAIT_2)
    assert (one.record.timer, one.note) == ("keepalive", "orphan, phase 1 of 2")
    assert began(one.record.remaining_ms, 30_000, start_s)
    assert began(one.record.time_left_ms, 60_000, start_s)
    said = one.why
    assert "Orphan, first phase: the peer has not closed. Then 30 s more as timewait." in said
    assert "30 s as a full socket (timer keepalive), then 30 s as a mini (timewait)" in said


def test_keepalive_then_timewait_then_time_wait(lab: Lab, at_client: Onlooker) -> None:
    """E timeout: the transcript with tcp_fin_timeout 90, in 4 + 4 s and not in 30 + 30 s."""
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", 64)
    client, server = call(lab, lab.server.listen(PORT))
    start_s = time.monotonic()
    client.close()
    first = at_client.comes(State.FIN_WAIT_2)
    assert first.record.timer == "keepalive"
    assert began(first.record.time_left_ms, 8_000, start_s)
    eventually(lambda: at_client.only(State.FIN_WAIT_2).record.timer, "timewait")
    second = at_client.only(State.FIN_WAIT_2)
    assert second.note == "orphan"
    assert 0 < (second.record.time_left_ms or 0) <= 4_000
    start_s = time.monotonic()
    server.close()
    third = at_client.comes(State.TIME_WAIT)
    assert began(third.record.time_left_ms, LIFE_MS, start_s)
    assert first.record.cookie == second.record.cookie == third.record.cookie


def test_an_unanswered_fin_is_repeated(lab: Lab, at_client: Onlooker) -> None:
    """E retries: FIN-WAIT-1 repeats its FIN at growing intervals, and ends without an answer."""
    lab.client.sysctl("net.ipv4.tcp_orphan_retries", 4)
    pair = lab.pair(private=True)
    pair.route.cut("client->server")
    pair.client.close()
    seen = at_client.life(State.FIN_WAIT_1)
    assert {(one.record.timer, one.record.wqueue, one.note) for one in seen} == {("on", 1, "orphan")}
    assert "Our FIN is unanswered" in seen[0].why
    assert "given up after about 6.2 s" in seen[0].why
    repeated = [one.record.retrans or 0 for one in seen]
    assert repeated == sorted(repeated)
    # The first three come within 1.4 s, before anybody may have looked.
    assert {3, 4} <= set(repeated) <= {0, 1, 2, 3, 4}
    assert at_client.states() == {}
    assert pair.server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def test_linger_0_resets(lab: Lab, at_client: Onlooker, at_server: Onlooker) -> None:
    """C remedy 2, D strategy 4, E linger: no TIME-WAIT on either side, and an error for the peer."""
    client, server = call(lab, lab.server.listen(PORT))
    linger(client, 0)
    client.close()
    assert refusal(lambda: server.recv(1)) == "ECONNRESET"
    server.close()
    assert (at_client.states(), at_server.states()) == ({}, {"LISTEN": 1})
    assert at_client.counter("TcpExt.TCPAbortOnData") == 1
    assert "! SO_LINGER with 0 s" in command(lab.client, "explain", "time-wait")


def test_a_syn_reopens_the_time_wait_of_a_server(lab: Lab, at_client: Onlooker, at_server: Onlooker) -> None:
    """D case 5, E reuse 1: the same four-tuple connects at once, without any setting."""
    few_ports(lab.client)
    listener = lab.server.listen(PORT)
    for client, server in [call(lab, listener) for _ in range(10)]:
        close_in_order(server, client)
    at_server.becomes({"LISTEN": 1, "TIME-WAIT": 10})
    one = at_server.sockets(State.TIME_WAIT)[0]
    assert "at once, when a new acceptable SYN arrives for it" in one.why
    connect_from(lab, one.record.remote_port, endpoint(listener))
    at_server.becomes({"LISTEN": 1, "TIME-WAIT": 9, "ESTAB": 1})
    for _ in range(9):
        call(lab, listener)
    at_server.becomes({"LISTEN": 1, "ESTAB": 10})
    assert at_client.states() == {"ESTAB": 10}
    assert at_client.counter("TcpExt.TWRecycled") == at_server.counter("TcpExt.TWRecycled") == 0


def test_many_time_waits_of_a_server_use_no_ports(lab: Lab, at_server: Onlooker) -> None:
    """E resources: more TIME-WAITs at one port than there are ephemeral ports, and a client is served."""
    listener = bulk.time_waits_at_server(lab, SOME_TIME_WAITS)
    port = endpoint(listener)[1]
    at_server.becomes({"LISTEN": 1, "TIME-WAIT": SOME_TIME_WAITS})
    snapshot = at_server.seen().moment.snapshot
    assert snapshot.sysctls.port_range.capacity < SOME_TIME_WAITS
    assert snapshot.server.all()
    assert set(snapshot.sockets.local_port.tolist()) == {port}
    assert not snapshot.sockets.inode[snapshot.sockets.state == State.TIME_WAIT].any()
    assert "No client socket uses a port" in at_server.ports()
    assert at_server.counter("sockstat.TCP.tw") == SOME_TIME_WAITS
    call(lab, listener)
    at_server.becomes({"LISTEN": 1, "ESTAB": 1, "TIME-WAIT": SOME_TIME_WAITS})
    shown = command(lab.server, "snapshot")
    assert "TIME-WAIT 50,000" in shown
    assert shown.count(f":{port}<10.77.") == 5
