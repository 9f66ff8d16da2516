"""Port budgets: against dictionaries, and against where the kernel says that no port is left."""

from __future__ import annotations

import errno
import socket
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import Row, crowd, rows_of, table, unhurried
from twtop.core.address import MAPPED_PREFIX, address_text
from twtop.core.ports.usage import BindPool, Destination, Ports, destination_of, port_usage
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.states import State
from twtop.core.sysctls import LOCAL_PORT_RANGE, RESERVED_PORTS, Sysctls
from twtop.lab.host import endpoint
from twtop.lab.limits import FIRST_PORT, bind_then_connect, exhaust_ports
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from twtop.lab.host import Endpoint, Host
    from twtop.lab.lab import Lab

ALONE = (State.LISTEN, State.UNCONN)


def destination(row: Row) -> Destination:
    return Destination(*(getattr(row, name) for name in Destination._fields))


def usage_slowly(taken: Snapshot) -> tuple[Counter[Destination], Counter[Destination]]:
    span = taken.sysctls.port_range
    used: Counter[Destination] = Counter()
    waiting: Counter[Destination] = Counter()
    for nth, row in enumerate(rows_of(taken.sockets)):
        if row.local_port in span and row.state not in ALONE and not taken.server[nth]:
            used[destination(row)] += 1
            waiting[destination(row)] += row.state == State.TIME_WAIT
    return used, waiting


def pools_slowly(taken: Snapshot, used: Counter[Destination]) -> list[tuple[str, int]]:
    """Find the sources whose ports cannot have been chosen by connect(), and count the ports in use there."""
    span = taken.sysctls.port_range
    rows = [row for row in rows_of(taken.sockets) if row.local_port in span]
    clients = [
        row
        for nth, row in enumerate(rows_of(taken.sockets))
        if row.local_port in span and row.state not in ALONE and not taken.server[nth]
    ]
    first = Counter(destination(row) for row in clients if row.local_port % 2 == span.low % 2)
    bound = [
        row
        for row in clients
        if row.local_port % 2 != span.low % 2 and first[destination(row)] < 0.9 * span.half
    ]
    bound += [row for row in rows if row.state == State.UNCONN]
    sources = {(row.local_hi, row.local_lo) for row in bound}
    counted = [
        (
            address_text(*source),
            len({row.local_port for row in rows if (row.local_hi, row.local_lo) == source}),
        )
        for source in sources
    ]
    assert used.total() == len(clients)
    return sorted(counted, key=lambda pool: (-pool[1], pool[0]))


@unhurried
@given(
    st.integers(0, 2**32),
    st.sampled_from((0, 1, 150)),
    st.sampled_from(((1, 65535), (32768, 60999), (80, 8080), (443, 443), (1, 2))),
    st.sampled_from(("", "80,443", "1-100,65535", "32768-60999")),
)
def test_usage_is_that_of_dictionaries(seed: int, count: int, span: tuple[int, int], reserved: str) -> None:
    sysctls = Sysctls({LOCAL_PORT_RANGE: f"{span[0]} {span[1]}", RESERVED_PORTS: reserved})
    taken = snapshot(crowd(seed, count), sysctls=sysctls)
    ports = port_usage(taken)
    used, waiting = usage_slowly(taken)
    found = [ports.destination(taken.sockets, index) for index in range(len(ports))]
    assert dict(zip(found, ports.used.tolist(), strict=True)) == used
    assert ports.used.tolist() == sorted(used.values(), reverse=True)
    assert dict(zip(found, ports.waiting.tolist(), strict=True)) == waiting
    assert [ports.find(taken.sockets, each) for each in found] == list(range(len(found)))
    held = {
        row.local_port
        for row in rows_of(taken.sockets)
        if row.state in ALONE and row.local_port in range(span[0], span[1] + 1)
    } - sysctls.reserved_ports
    reserved_here = [port for port in sysctls.reserved_ports if span[0] <= port <= span[1]]
    assert (ports.bound, ports.reserved) == (len(held), len(reserved_here))
    assert ports.capacity == max(0, ports.range.capacity - len(reserved_here) - len(held))
    assert ports.past_half == {each: number for each, number in used.items() if number >= ports.half}
    assert [tuple(pool) for pool in map(pool_text, ports.pools)] == pools_slowly(taken, used)


def pool_text(pool: BindPool) -> tuple[str, int]:
    return pool.source, pool.used


def test_a_destination_that_is_not_there_is_not_found() -> None:
    taken = snapshot(table(state=[State.ESTAB], local_port=[40000], remote_port=[80]))
    ports = port_usage(taken)
    here = destination_of(taken.sockets, 0)
    assert ports.find(taken.sockets, here) == 0
    assert ports.find(taken.sockets, here._replace(remote_port=81)) is None
    assert ports.find(taken.sockets, here._replace(remote_hi=2**64 - 1)) is None


def test_texts() -> None:
    here = Destination(0, MAPPED_PREFIX | 1, 0xFD77 << 48, 2, 443)
    assert here.text == "0.0.0.1 > [fd77::2]:443"


# --- real sockets -----------------------------------------------------------------------------------------


def usage(host: Host) -> tuple[Ports, Snapshot]:
    with host.entered(), LiveSource() as source:
        taken = source.take()
    return port_usage(taken), taken


def narrow(lab: Lab, last: int, reserved: str = "") -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", f"{FIRST_PORT} {last}")
    lab.client.sysctl("net.ipv4.ip_local_reserved_ports", reserved)


def connect_until_refused(lab: Lab, target: Endpoint) -> int:
    for made in range(100):
        try:
            lab.client.connect(*target)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return made
            raise
    pytest.fail("the kernel finds more ports than the range has")


def test_when_no_port_is_left_all_of_the_capacity_is_used(lab: Lab) -> None:
    made = exhaust_ports(lab, 10)
    ports, taken = usage(lab.client)
    assert (ports.capacity, ports.half, ports.reserved, ports.bound) == (10, 5, 0, 0)
    assert ports.used.tolist() == [10]
    assert ports.waiting.tolist() == [0]
    address, port = made[0].getpeername()
    assert ports.destination(taken.sockets, 0).text == f"{lab.client.address()} > {address}:{port}"
    assert list(ports.past_half.values()) == [10]
    # That the second parity is in use does not mean that anyone was bound first: the first one is full.
    assert ports.pools == ()


@pytest.mark.parametrize(
    ("last", "reserved", "capacity"),
    [
        (40_009, "", 10),
        (40_009, "40002,40005-40006", 7),
        (40_009, "39999,40010-40020", 10),
        (40_000, "", 1),
    ],
)
def test_the_capacity_is_what_the_kernel_finds(lab: Lab, last: int, reserved: str, capacity: int) -> None:
    narrow(lab, last, reserved)
    target = endpoint(lab.server.listen())
    assert connect_until_refused(lab, target) == capacity
    ports, _ = usage(lab.client)
    assert ports.used.tolist() == [ports.capacity] == [capacity]


def test_of_an_odd_number_a_connect_tries_all_ports_but_one(lab: Lab) -> None:
    """Which one it leaves out changes with the connects before: the capacity is what is sure."""
    narrow(lab, 40_010)
    made = connect_until_refused(lab, endpoint(lab.server.listen()))
    ports, _ = usage(lab.client)
    assert ports.capacity == 10
    assert ports.used.tolist() == [made]
    assert made in (10, 11)


def test_a_port_held_by_a_listener_or_bound_socket_is_lost_to_connect(lab: Lab) -> None:
    narrow(lab, 40_009)
    lab.client.listen(40_003)
    lab.client.socket().bind((lab.client.address(), 40_004))
    target = endpoint(lab.server.listen())
    made = connect_until_refused(lab, target)
    with lab.client.entered(), LiveSource() as source:
        if not source.lists_bound_inactive:
            pytest.skip("this kernel does not list sockets that are only bound (Linux 6.8 does)")
    ports, _ = usage(lab.client)
    assert (ports.capacity, ports.bound) == (8, 2)
    assert ports.used.tolist() == [made] == [8]


def test_each_destination_has_a_budget_of_its_own(lab: Lab) -> None:
    narrow(lab, 40_009)
    for count in (2, 5, 3):
        target = endpoint(lab.server.listen())
        for _ in range(count):
            lab.client.connect(*target)
    elsewhere = lab.route(private=True)
    elsewhere.connect(endpoint(elsewhere.listen())[1])
    ports, _ = usage(lab.client)
    assert ports.used.tolist() == [5, 3, 2, 1]
    assert list(ports.past_half.values()) == [5]


def test_the_server_side_uses_no_ports(lab: Lab) -> None:
    listener = lab.server.listen(40_001)
    for _ in range(3):
        lab.client.connect(*endpoint(listener))
    lab.server.sysctl("net.ipv4.ip_local_port_range", "40000 40009")
    ports, taken = usage(lab.server)
    assert len(ports) == 0
    assert (ports.capacity, ports.bound) == (9, 1)
    assert taken.server.all()


def test_time_waits_hold_their_ports(lab: Lab) -> None:
    narrow(lab, 40_009)
    target = lab.server.listen()
    for leaves in (True, True, False):
        client = lab.client.connect(*endpoint(target))
        server = lab.server.accept(target)
        if leaves:
            client.close()
            server.recv(1)
            server.close()
    ports, _ = usage(lab.client)
    assert (ports.used.tolist(), ports.waiting.tolist()) == ([3], [2])


def test_sockets_bound_first_show_their_pool(lab: Lab) -> None:
    narrow(lab, 40_009)
    bind_then_connect(lab)
    lab.client.connect(*endpoint(lab.server.listen()))
    ports, _ = usage(lab.client)
    assert ports.pools == (BindPool(lab.client.address(), 2),)


def test_who_lets_connect_choose_has_no_pool(lab: Lab) -> None:
    narrow(lab, 40_009)
    target = endpoint(lab.server.listen())
    for _ in range(5):
        lab.client.connect(*target)
    ports, _ = usage(lab.client)
    assert ports.pools == ()


def test_udp_draws_from_the_same_range(lab: Lab) -> None:
    narrow(lab, 40_009)
    for _ in range(3):
        lab.client.socket(kind=socket.SOCK_DGRAM).bind((lab.client.address(), 0))
    lab.client.socket(kind=socket.SOCK_DGRAM).bind((lab.client.address(), 50_000))
    ports, _ = usage(lab.client)
    assert (ports.udp_used, ports.bound, ports.capacity) == (3, 0, 10)
