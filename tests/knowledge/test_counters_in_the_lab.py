"""What the pages say moves a counter does so on this kernel, and what they say does not move it does not."""

from __future__ import annotations

import errno
import socket
import struct
import time
from typing import TYPE_CHECKING

import pytest

from twtop.core.counters import is_gauge
from twtop.core.states import State
from twtop.kernel.counters import read_counters
from twtop.knowledge.counter_pages import counter_pages
from twtop.lab.host import endpoint
from twtop.lab.specimen import wait_for_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.core.counters import Counters
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

SECONDS = 10.0
LINGER_0 = struct.pack("ii", 1, 0)


def counters(host: Host) -> Counters:
    with host.entered():
        return read_counters()


def moved(before: Counters, now: Counters) -> dict[str, int]:
    """Return by how much the counters that have a page grew, without the gauges."""
    names = [name for name in counter_pages().keys() & now.keys() & before.keys() if not is_gauge(name)]
    return {name.partition(".")[2]: now[name] - before[name] for name in names if now[name] != before[name]}


def wait_for(host: Host, before: Counters, condition: Callable[[dict[str, int]], bool]) -> dict[str, int]:
    """Return what moved as soon as a condition holds of it, or at the deadline."""
    deadline = time.monotonic() + SECONDS
    while not condition(grown := moved(before, counters(host))) and time.monotonic() < deadline:
        time.sleep(0.01)
    return grown


def reset_after_close(lab: Lab) -> None:
    pair = lab.pair()
    pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
    pair.client.close()


def closed_unread(lab: Lab) -> None:
    pair = lab.pair()
    pair.server.send(b"?")
    assert pair.client.recv(1, socket.MSG_PEEK)
    pair.client.close()


def linger2_in_fin_wait_1(lab: Lab) -> None:
    pair = lab.pair()
    pair.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, -1)
    pair.client.close()


def linger2_in_fin_wait_2(lab: Lab) -> None:
    pair = lab.pair()
    pair.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, -1)
    pair.client.shutdown(socket.SHUT_WR)
    wait_for_state(pair.client, State.FIN_WAIT_2)
    pair.client.close()


def refused(lab: Lab) -> None:
    with pytest.raises(OSError, match="refused") as caught:
        lab.client.connect(lab.server.address(), 9)
    assert caught.value.errno == errno.ECONNREFUSED


def closed_first(lab: Lab) -> None:
    pair = lab.pair()
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)
    pair.server.close()


def closed_first_with_a_short_clock(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", 2)
    pair = lab.pair()
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)


def closed_one_way(lab: Lab) -> socket.socket:
    """Close the client; return the server's end once the client is in FIN-WAIT-2, or gone instead."""
    before = counters(lab.client)
    pair = lab.pair()
    pair.client.close()
    wait_for(lab.client, before, lambda grown: {"TW", "TCPTimeWaitOverflow"} & grown.keys() != set())
    return pair.server


def data_for_a_fin_wait_2_mini(lab: Lab) -> None:
    closed_one_way(lab).send(b"?")


def without_room_for_fin_wait_2(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.tcp_max_tw_buckets", 0)
    closed_one_way(lab).close()


def data_for_a_full_socket(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", 90)
    pair = lab.pair()
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)
    pair.server.send(b"?")


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (reset_after_close, {"EstabResets": 1, "OutRsts": 1, "TCPAbortOnData": 1}),
        (closed_unread, {"EstabResets": 1, "OutRsts": 1, "TCPAbortOnClose": 1}),
        (linger2_in_fin_wait_1, {"OutRsts": 1, "TCPAbortOnData": 1}),
        (linger2_in_fin_wait_2, {"OutRsts": 1, "TCPAbortOnLinger": 1}),
        (refused, {"AttemptFails": 1}),
        (closed_first, {"TW": 1}),
        (closed_first_with_a_short_clock, {"TWKilled": 1}),
        (data_for_a_fin_wait_2_mini, {"TW": 1, "OutRsts": 1}),
        (data_for_a_full_socket, {"TCPAbortOnData": 1, "OutRsts": 1}),
        (without_room_for_fin_wait_2, {"TCPTimeWaitOverflow": 1, "OutRsts": 1}),
    ],
)
def test_what_moves_a_counter(lab: Lab, make: Callable[[Lab], None], expected: dict[str, int]) -> None:
    before = counters(lab.client)
    make(lab)
    expected = {"ActiveOpens": 1, **expected}
    assert wait_for(lab.client, before, lambda grown: grown == expected) == expected


def test_a_handshake_that_times_out_is_no_failed_attempt(lab: Lab) -> None:
    lab.server.sysctl("net.ipv4.tcp_synack_retries", 0)
    route = lab.route(socket.AF_INET, private=True)
    route.cut("server->client")
    before = counters(lab.server)
    client = route.connect(endpoint(route.listen())[1], wait=False)
    grown = wait_for(lab.server, before, lambda grown: "TCPTimeouts" in grown)
    client.close()
    assert "TCPTimeouts" in grown
    assert "AttemptFails" not in grown


def test_an_accept_queue_that_overflows_counts_every_syn_and_completes_no_handshake(lab: Lab) -> None:
    listener = lab.server.listen(backlog=0)
    lab.client.connect(*endpoint(listener))
    before = counters(lab.server)
    lab.client.connect(*endpoint(listener), wait=False)
    grown = wait_for(lab.server, before, lambda grown: grown.get("ListenOverflows", 0) >= 2)
    assert grown["ListenOverflows"] >= 2
    assert grown == {"ListenOverflows": grown["ListenOverflows"], "ListenDrops": grown["ListenOverflows"]}
