"""What the documents of test_seeds.py claim and the kernel does otherwise, as twtop shows it.

Not replayed, because nothing can be seen from here: that a scan for ports costs nothing (E), what
``tcp_tw_recycle`` did where it still existed (C, E), sizes in memory (E), the 24 days of a timestamp (C).
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually
from tests.scenarios.seeds import (
    LIFE_MS,
    PORT,
    began,
    bound,
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
from twtop.core.states import State
from twtop.lab.host import Host, endpoint
from twtop.lab.specimen import fill, wait_for_state

if TYPE_CHECKING:
    from tests.scenarios.seeds import Onlooker
    from twtop.lab.lab import Lab

OWN_PORT = 55_555
"""Where the clients of D bind."""


@pytest.mark.usefixtures("namespaces")
def test_what_a_namespace_starts_with() -> None:
    """A, C, D, E: tcp_tw_recycle is gone, tcp_tw_reuse is 2, the range ends at 60999; 470/s, and not 500."""
    fresh = Host("fresh", "02:77:00:00:00:03")
    try:
        assert "tcp_tw_recycle = not in this kernel" in command(fresh, "explain", "tcp_tw_recycle")
        assert "tcp_tw_reuse = 2 (default)" in command(fresh, "explain", "tcp_tw_reuse")
        assert "ip_local_port_range = 32768 60999 (default)" in command(
            fresh, "explain", "ip_local_port_range"
        )
        said = command(fresh, "explain", "time-wait")
        assert "28,232 ports allow 470 new connections/s to each destination" in said
        assert "Normal, no fault of the application" in said
    finally:
        fresh.close()


def test_ports_are_not_handed_out_one_after_the_other(lab: Lab, at_client: Onlooker) -> None:
    """D case 1, E bind: connect() takes the ports of one parity first, from a place of its own choice."""
    few_ports(lab.client)
    call_and_close(lab, lab.server.listen(PORT), 5)
    at_client.becomes({"TIME-WAIT": 5})
    ports = {one.record.local_port for one in at_client.sockets(State.TIME_WAIT)}
    assert ports == {40_000, 40_002, 40_004, 40_006, 40_008}


def test_ports_are_reused_before_they_run_out(lab: Lab, at_client: Onlooker) -> None:
    """D story 2: tcp_tw_reuse does not wait until free ports are exhausted."""
    few_ports(lab.client)
    reuse_early(lab.client)
    listener = lab.server.listen(PORT)
    # That takes the even ports; the odd ones stay free.
    call_and_close(lab, listener, 5)
    lab.client.sysctl("net.ipv4.tcp_tw_reuse", 1)
    at_client.until_reusable()
    call(lab, listener)
    assert at_client.states() == {"ESTAB": 1, "TIME-WAIT": 4}
    assert at_client.counter("TcpExt.TWRecycled") == 1


def test_by_default_only_loopback_is_reused(lab: Lab, at_client: Onlooker) -> None:
    """A, C: tcp_tw_reuse is neither off by default nor a boolean; after its delay it helps 127.0.0.1 only."""
    few_ports(lab.client)
    reuse_early(lab.client)
    far, near = lab.server.listen(PORT), lab.client.listen(PORT, address="127.0.0.1")
    for host, listener in ((lab.server, far), (lab.client, near)):
        for _ in range(10):
            client = lab.client.connect(*endpoint(listener))
            close_in_order(client, host.accept(listener))
    lab.client.sysctl("net.ipv4.tcp_tw_reuse", 2)
    at_client.until_reusable()
    assert refusal(lambda: call(lab, far)) == "EADDRNOTAVAIL"
    lab.client.connect(*endpoint(near))
    assert at_client.counter("TcpExt.TWRecycled") == 1
    said = at_client.sockets(State.TIME_WAIT)[0].why
    assert "connect() may take it over on loopback only (tcp_tw_reuse = 2)" in said


def test_a_bound_client_reconnects_with_reuseaddr(lab: Lab, at_client: Onlooker) -> None:
    """D cases 2 and 3, E socket options: EADDRINUSE only without SO_REUSEADDR; with it at once, anywhere."""
    listener, other = lab.server.listen(PORT), lab.server.listen(PORT + 1)
    for port, reuse in ((OWN_PORT, False), (OWN_PORT + 1, True)):
        client = connect_from(lab, port, endpoint(listener), reuse=reuse)
        close_in_order(client, lab.server.accept(listener))
    at_client.becomes({"TIME-WAIT": 2})
    assert refusal(lambda: bound(lab.client, OWN_PORT, reuse=False)) == "EADDRINUSE"
    assert refusal(lambda: bound(lab.client, OWN_PORT, reuse=True)) == "EADDRINUSE"
    connect_from(lab, OWN_PORT + 1, endpoint(other))
    assert at_client.states() == {"ESTAB": 1, "TIME-WAIT": 2}
    connect_from(lab, OWN_PORT + 1, endpoint(listener))
    assert at_client.states() == {"ESTAB": 2, "TIME-WAIT": 1}
    assert {one.record.local_port for one in at_client.sockets(State.ESTAB)} == {OWN_PORT + 1}


def test_reuseaddr_gives_a_client_no_port(lab: Lab, at_client: Onlooker) -> None:
    """E socket options: that much is right, for a client that lets connect() choose the port."""
    few_ports(lab.client)
    listener = lab.server.listen(PORT)
    call_and_close(lab, listener, 10)
    client = lab.client.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    assert refusal(lambda: client.connect(endpoint(listener))) == "EADDRNOTAVAIL"
    assert "full: connect() fails" in at_client.ports()


def test_reuseaddr_discards_nothing(lab: Lab, at_server: Onlooker) -> None:
    """D strategy 2, E: SO_REUSEADDR lets bind() pass if the old socket had it too; TIME-WAITs stay."""
    listener = start_server(lab.server, reuse=False)
    client, server = call(lab, listener)
    close_in_order(server, client)
    listener.close()
    assert refusal(lambda: start_server(lab.server, reuse=True)) == "EADDRINUSE"
    listener = start_server(lab.server, reuse=True, port=PORT + 1)
    client, server = call(lab, listener)
    close_in_order(server, client)
    listener.close()
    at_server.becomes({"TIME-WAIT": 2})
    before = {one.record.cookie for one in at_server.sockets(State.TIME_WAIT)}
    start_server(lab.server, reuse=True, port=PORT + 1)
    assert {one.record.cookie for one in at_server.sockets(State.TIME_WAIT)} == before
    assert at_server.states() == {"LISTEN": 1, "TIME-WAIT": 2}


@pytest.mark.parametrize(("timeout", "shown_s"), [(60, 60), (61, 2), (75, 30), (89, 58), (120, 120)])
def test_fin_timeout_above_60_is_no_longer_wait(
    lab: Lab, at_client: Onlooker, timeout: int, shown_s: int
) -> None:
    """E advises 90: it lasts as long as 60, half of it as a full socket; 61 to 89 are shorter than 60."""
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", timeout)
    client, _server = call(lab, lab.server.listen(PORT))
    start_s = time.monotonic()
    client.close()
    one = at_client.comes(State.FIN_WAIT_2)
    assert began(one.record.time_left_ms, 1000 * shown_s, start_s)
    assert ("values T above 60 give 2 (T - 60)" in one.why) == (timeout > 60)
    assert "! tcp_fin_timeout above 60" in one.why


def test_fin_wait_1_may_be_the_application_of_the_peer(lab: Lab, at_client: Onlooker) -> None:
    """E retries: not only a broken system does not answer, and there is a sysctl for how long: 0 means 8."""
    pair = lab.pair()
    fill(pair.client)
    pair.client.close()
    at_client.becomes({"FIN-WAIT-1": 1})
    one = at_client.only(State.FIN_WAIT_1)
    assert (one.record.timer, one.note) == ("persist", "peer not reading")
    assert "The peer's application does not read; ours has already left" in one.why
    assert "tcp_orphan_retries = 0 (default)" in command(lab.client, "explain", "fin-wait-1")


def test_linger_above_0_sends_no_reset(lab: Lab, at_client: Onlooker) -> None:
    """E linger: close() blocks for so long, and then the kernel goes on in order, without a RST."""
    pair = lab.pair()
    fill(pair.client)
    linger(pair.client, 1)
    start = time.monotonic()
    pair.client.close()
    assert time.monotonic() - start > 0.9
    assert at_client.only(State.FIN_WAIT_1).note == "peer not reading"
    while pair.server.recv(1 << 20):
        pass
    pair.server.close()
    at_client.becomes({"TIME-WAIT": 1})
    assert at_client.counter("TcpExt.TCPAbortOnData") == at_client.counter("TcpExt.TCPAbortOnLinger") == 0


def test_time_wait_is_a_fixed_time(lab: Lab, at_client: Onlooker, at_server: Onlooker) -> None:
    """D netstat: it does not end when all packets have arrived, and a FIN alone does not bring it."""
    client, server = call(lab, lab.server.listen(PORT))
    client.sendall(b"?")
    assert server.recv(1) == b"?"
    start_s = time.monotonic()
    close_in_order(client, server)
    at_server.becomes({"LISTEN": 1})
    assert began(at_client.only(State.TIME_WAIT).record.time_left_ms, LIFE_MS, start_s)


def test_a_syn_into_last_ack_connects(lab: Lab, at_server: Onlooker) -> None:
    """B, E: the new connection gets no RST but a challenge ACK (RFC 5961), and comes about at once."""
    listener = lab.server.listen(PORT)
    client = connect_from(lab, OWN_PORT, endpoint(listener))
    server = lab.server.accept(listener)
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    lab.cut()
    server.close()
    linger(client, 0)
    client.close()
    # The FIN has just been repeated: the next one is further off than all that follows.
    eventually(lambda: (at_server.only(State.LAST_ACK).record.retrans or 0) >= 2, True)
    lab.heal()
    connect_from(lab, OWN_PORT, endpoint(listener))
    at_server.becomes({"LISTEN": 1, "ESTAB": 1})
    assert at_server.counter("TcpExt.TCPSYNChallenge") == 1


@pytest.mark.parametrize("rfc1337", [0, 1])
def test_an_old_timestamp_is_not_dropped(
    lab: Lab, at_client: Onlooker, at_server: Onlooker, rfc1337: int
) -> None:
    """C: a SYN with an older timestamp is answered and tried again at once, unless tcp_rfc1337 is set."""
    lab.server.sysctl("net.ipv4.tcp_rfc1337", rfc1337)
    listener = lab.server.listen(PORT)
    # 2 has no offset, 1 has one of the kernel's choice: one of the two changes goes back in time.
    changes = {OWN_PORT: (1, 2), OWN_PORT + 1: (2, 1)}
    for port, (before, _) in changes.items():
        lab.client.sysctl("net.ipv4.tcp_timestamps", before)
        client = connect_from(lab, port, endpoint(listener))
        close_in_order(lab.server.accept(listener), client)
    at_server.becomes({"LISTEN": 1, "TIME-WAIT": 2})
    clients = []
    for port, (_, after) in changes.items():
        lab.client.sysctl("net.ipv4.tcp_timestamps", after)
        client = bound(lab.client, port, reuse=True)
        client.setblocking(False)
        client.connect_ex(endpoint(listener))
        clients.append(client)
    if rfc1337:
        eventually(lambda: [one.note for one in at_server.sockets(State.TIME_WAIT)], ["restarted"])
        assert at_client.states() == {"ESTAB": 1, "SYN-SENT": 1}
        assert "Set tcp_rfc1337 = 0" in at_server.only(State.TIME_WAIT).why
        return
    for client in clients:
        wait_for_state(client, State.ESTAB)
    assert at_client.states() == {"ESTAB": 2}
    rejected = ("TcpExt.PAWSTimewait", "TcpExt.PAWSEstab")
    assert sum(map(at_server.counter, rejected)) == 1
