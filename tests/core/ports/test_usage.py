"""Port budgets: against dictionaries, and against where the kernel says that no port is left."""

from __future__ import annotations

import errno
import socket
import struct
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import Row, crowd, rows_of, table, unhurried
from twtop.core.address import MAPPED_PREFIX, address_text
from twtop.core.ports.supply import BindPool
from twtop.core.ports.usage import Destination, Ports, destination_of, port_usage
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.states import State, Timer
from twtop.core.sysctls import LOCAL_PORT_RANGE, RESERVED_PORTS, Sysctls
from twtop.lab.host import endpoint
from twtop.lab.limits import FIRST_PORT, bind_then_connect, exhaust_ports
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from twtop.lab.host import Endpoint, Host
    from twtop.lab.lab import Lab

ALONE = (State.LISTEN, State.UNCONN)
IP_LOCAL_PORT_RANGE = 51


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


def bound_first_slowly(taken: Snapshot, used: Counter[Destination]) -> list[Row]:
    """Find the sockets whose ports cannot have been chosen by connect()."""
    span = taken.sysctls.port_range
    rows = rows_of(taken.sockets)
    taken_away = {row.local_port for row in rows if row.state in ALONE} | taken.sysctls.reserved_ports
    usable = set(range(span.low, span.high + 1)) - taken_away
    first_usable = {port for port in usable if port % 2 == span.low % 2}
    clients = [
        row
        for nth, row in enumerate(rows)
        if row.local_port in span and row.state not in ALONE and not taken.server[nth]
    ]
    assert used.total() == len(clients)
    first = Counter(destination(row) for row in clients if row.local_port % 2 == span.low % 2)
    has_room = {
        each
        for each, count in used.items()
        if first[each] < 0.9 * len(first_usable)
        and not (
            count >= 16
            and count - first[each] < 0.9 * len(usable - first_usable)
            and 2 * first[each] >= count - first[each]
        )
        and not (count >= 16 and began_with_the_first(clients, each, span.low % 2))
        and not (count >= 16 and left_of_a_rush(taken, clients, each, usable - first_usable))
    }
    bound = [row for row in clients if row.local_port % 2 != span.low % 2 and destination(row) in has_room]
    per_source: dict[tuple[int, int], set[int]] = {}
    for row in bound:
        per_source.setdefault((row.local_hi, row.local_lo), set()).add(row.local_port)
    towards = {destination(row) for row in bound}
    enough = max(1, 0.9 * len(usable - first_usable))
    return bound + [
        row
        for row in clients
        if row not in bound
        and destination(row) in towards
        and len(bound) >= enough
        and len(per_source[row.local_hi, row.local_lo]) >= enough
    ]


def began_with_the_first(clients: list[Row], towards: Destination, parity: int) -> bool:
    left = [
        (row.local_port % 2 == parity, row.expires_ms)
        for row in clients
        if destination(row) == towards and row.state == State.TIME_WAIT
    ]
    first = min((left_ms for of_first, left_ms in left if of_first), default=None)
    other = min((left_ms for of_first, left_ms in left if not of_first), default=None)
    return first is not None and other is not None and first + 1000 <= other


def left_of_a_rush(taken: Snapshot, clients: list[Row], towards: Destination, wanted: set[int]) -> bool:
    there = [row for row in clients if destination(row) == towards and row.local_port in wanted]
    left = [row.expires_ms for row in there if row.state == State.TIME_WAIT]
    own = {row.local_port for row in rows_of(taken.sockets) if destination(row)[:2] == towards[:2]}
    return 2 * len(left) > len(there) and max(left) <= taken.life_ms - 10_000 and bool(wanted - own)


def pools_slowly(taken: Snapshot, bound: list[Row]) -> list[BindPool]:
    """Find the sources with sockets bound first, and count the ports in use there."""
    span = taken.sysctls.port_range
    rows = [row for row in rows_of(taken.sockets) if row.local_port in span]
    bound = bound + [row for row in rows if row.state == State.UNCONN]
    listened = {
        row.local_port
        for row in rows
        if row.state == State.LISTEN and (row.local_hi, row.local_lo) in ((0, 0), (0, MAPPED_PREFIX))
    }
    usable = set(range(span.low, span.high + 1)) - taken.sysctls.reserved_ports - listened
    return sorted(
        (
            BindPool(
                address_text(*source),
                len({row.local_port for row in rows if (row.local_hi, row.local_lo) == source} & usable),
                len(usable),
            )
            for source in {(row.local_hi, row.local_lo) for row in bound}
        ),
        key=lambda pool: (-pool.used, pool.source),
    )


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
    assert found == sorted(found, key=lambda each: (-used[each], each))
    assert_capacity(taken, ports, used)


def assert_capacity(taken: Snapshot, ports: Ports, used: Counter[Destination]) -> None:
    span, reserved = taken.sysctls.port_range, taken.sysctls.reserved_ports
    inside = set(range(span.low, span.high + 1))
    rows = rows_of(taken.sockets)
    held = {row.local_port for row in rows if row.state in ALONE} - reserved
    by_bind = bound_first_slowly(taken, used)
    bound = {row.local_port for row in by_bind} - reserved - held
    assert ports.reserved == len(inside & reserved)
    assert (ports.bound, ports.bound_first) == (len(inside & held), len(bound))
    choosable = inside - reserved - held - bound
    half = max(1, sum(port % 2 == span.low % 2 for port in choosable))
    assert (ports.capacity, ports.half) == (len(choosable), half)
    clients = [row for nth, row in enumerate(rows) if row.state not in ALONE and not taken.server[nth]]
    own = Counter(destination(row) for row in clients if row.local_port in inside - choosable)
    for index in range(len(ports)):
        each = ports.destination(taken.sockets, index)
        assert ports.capacity_of(index) == len(choosable) + own[each]
        assert (each in ports.past_half) == (used[each] >= ports.half_of(index))
    assert list(ports.pools) == pools_slowly(taken, by_bind)


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


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_of_an_odd_number_of_ports_a_connect_may_miss_the_lowest(lab: Lab, family: int) -> None:
    """It finds that one when it happens to begin there: nearly always one of so many connects does."""
    if family == socket.AF_INET6 and not lab.ipv6:
        pytest.skip("this kernel has no IPv6")
    narrow(lab, 40_010)
    address = lab.server.address(family)
    made = connect_until_refused(lab, (address, endpoint(lab.server.listen(address=address))[1]))
    ports, taken = usage(lab.client)
    assert (ports.capacity, ports.half) == (11, 6)
    assert ports.used.tolist() == [made]
    assert made == 11 or set(range(40_000, 40_011)) - set(taken.sockets.local_port.tolist()) == {40_000}


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
    assert ports.pools == (BindPool(lab.client.address(), 2, 10),)
    assert (ports.capacity, ports.half, ports.bound_first) == (9, 5, 1)


@pytest.mark.parametrize("bound", [3, 7, 9])
def test_a_port_that_was_bound_is_lost_to_connect_everywhere_else(lab: Lab, bound: int) -> None:
    """From the sixth on bind() takes ports of the other parity, which connect() would take first."""
    narrow(lab, 40_009)
    target = endpoint(lab.server.listen())
    for _ in range(bound):
        bind_then_connect(lab, target)
    ports, _ = usage(lab.client)
    assert (ports.capacity, ports.bound_first) == (10 - bound, bound)
    assert (ports.used.tolist(), ports.capacity_of(0)) == ([bound], 10)
    assert ports.pools == (BindPool(lab.client.address(), bound, 10),)
    other = lab.route(private=True)
    elsewhere = other.server_address, endpoint(other.listen())[1]
    assert connect_until_refused(lab, elsewhere) == 10 - bound
    assert connect_until_refused(lab, target) == 10 - bound
    assert usage(lab.client)[0].used.tolist() == [10, 10 - bound]


def test_sockets_with_a_range_of_their_own_are_not_taken_for_bound(lab: Lab) -> None:
    narrow(lab, 40_099)
    target = endpoint(lab.server.listen())
    for _ in range(60):
        made = lab.client.socket()
        try:
            made.setsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, struct.pack("I", 40_099 << 16 | 40_000))
        except OSError:
            pytest.skip("this kernel has no IP_LOCAL_PORT_RANGE (Linux 6.3 does)")
        made.connect(target)
    ports, _ = usage(lab.client)
    assert (ports.capacity, ports.pools) == (100, ())


DRAINING_MS = list(range(40_000, 60_000, 1000))


@pytest.mark.parametrize(
    ("first_ms", "other_ms", "bound"),
    [
        pytest.param([*range(1000, 8000, 1000), *DRAINING_MS], range(10_000, 34_000, 500), 0, id="oldest"),
        pytest.param(DRAINING_MS, range(10_000, 34_000, 500), 0, id="rush over"),
        pytest.param([], range(10_000, 34_000, 500), 0, id="all over"),
        pytest.param(DRAINING_MS, range(12_000, 60_000, 1000), 68, id="goes on"),
        pytest.param(DRAINING_MS, range(10_000, 35_000, 500), 70, id="no room"),
    ],
)
def test_a_first_parity_that_drains_is_no_sign_of_bind(
    first_ms: list[int], other_ms: range, bound: int
) -> None:
    """All of the first and most of the other were used; now the oldest have gone.

    It is one if ports of the other parity are still chosen, or if bind() would have found none.
    """
    taken = snapshot(
        table(
            state=[State.TIME_WAIT] * (len(first_ms) + len(other_ms)),
            timer=[Timer.TIMEWAIT] * (len(first_ms) + len(other_ms)),
            local_port=[
                *range(40_000, 40_000 + 2 * len(first_ms), 2),
                *range(40_001, 40_001 + 2 * len(other_ms), 2),
            ],
            expires_ms=[*first_ms, *other_ms],
        ),
        sysctls=Sysctls({LOCAL_PORT_RANGE: "40000 40099"}),
    )
    assert port_usage(taken).bound_first == bound


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
