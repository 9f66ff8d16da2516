"""Dumps of the real kernel, and what it takes to make it refuse one."""

from __future__ import annotations

import errno
import socket
import struct
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually, states
from twtop.core.states import ALL_STATES, State, state_label
from twtop.errors import KernelError
from twtop.kernel.sockdiag import dumps
from twtop.kernel.sockdiag.decode import DumpRefusedError
from twtop.kernel.sockdiag.dumps import TCPDIAG_GETSOCK, Dump, SockDiag, kernel_lists_bound_inactive
from twtop.lab import bulk
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.lab import Lab

OLDER = 0x7000_0000


@pytest.fixture
def diag(lab: Lab) -> Iterator[SockDiag]:
    """A netlink socket in the namespace of the client, in which the test runs too."""
    with lab.client.entered(), SockDiag() as made:
        yield made


def counted(dump: Dump) -> Counter[str]:
    return Counter(state_label(state) for state in dump.sockets.state.tolist())


def connect(lab: Lab, count: int) -> None:
    listener = lab.server.listen(backlog=count)
    for _ in range(count):
        lab.client.connect(*endpoint(listener))


def send_by_hand(diag: SockDiag, kind: int = TCPDIAG_GETSOCK, sequence: int = OLDER, times: int = 1) -> None:
    """Send requests for dumps whose answers nobody has received when the next dump begins."""
    for _ in range(times):
        request = struct.pack("=4x48xII", ALL_STATES, 0)
        diag._socket.send(struct.pack("=IHHII", 16 + len(request), kind, 0x301, sequence, 0) + request)


def test_twenty_thousand_time_waits(lab: Lab, diag: SockDiag) -> None:
    bulk.time_waits(lab.client, 20_000)
    dump = diag.dump_tcp(ALL_STATES)
    assert counted(dump) == states(lab.client) == {"TIME-WAIT": 20_000, "LISTEN": 2}
    assert len(set(dump.sockets.cookie.tolist())) == len(dump.sockets)
    assert not dump.interrupted


def test_lengths_that_alternate(lab: Lab, diag: SockDiag) -> None:
    bulk.alternating(lab.client, 5000)
    eventually(lambda: states(lab.client), {"FIN-WAIT-2": 2500, "CLOSE-WAIT": 2500, "LISTEN": 1})
    dump = diag.dump_tcp(ALL_STATES)
    assert counted(dump) == states(lab.client)
    waiting = dump.sockets.take(dump.sockets.state == State.CLOSE_WAIT)
    leaving = dump.sockets.take(dump.sockets.state == State.FIN_WAIT_2)
    assert set(waiting.local_port.tolist()) == set(leaving.remote_port.tolist()) == {8000}
    assert set(waiting.remote_port.tolist()) == set(leaving.local_port.tolist())


def test_both_families_come_in_one_walk(lab: Lab, diag: SockDiag) -> None:
    if not lab.ipv6:
        pytest.skip("this kernel has no IPv6")
    lab.pair(socket.AF_INET)
    lab.pair(socket.AF_INET6)
    assert sorted(diag.dump_tcp().sockets.family.tolist()) == [socket.AF_INET, socket.AF_INET6]


def test_only_the_states_asked_for(lab: Lab, diag: SockDiag) -> None:
    connect(lab, 3)
    lab.client.listen()
    assert counted(diag.dump_tcp(State.LISTEN.bit)) == {"LISTEN": 1}
    assert counted(diag.dump_tcp(State.ESTAB.bit)) == {"ESTAB": 3}
    assert counted(diag.dump_tcp(0)) == {}


@pytest.mark.parametrize("operations", [1, 30])
def test_a_bad_filter_is_refused_at_once_and_forgotten(lab: Lab, diag: SockDiag, operations: int) -> None:
    """The refusal repeats the request: the longer the filter, the more it looks like a dump that goes on."""
    connect(lab, 3)
    unknown_operation = bytes((99, 4, 8, 0))
    with pytest.raises(DumpRefusedError, match="Invalid argument") as refusal:
        diag.dump_tcp(ALL_STATES, unknown_operation * operations)
    assert refusal.value.errno == errno.EINVAL
    assert counted(diag.dump_tcp()) == {"ESTAB": 3}


def test_an_unknown_family_is_refused(diag: SockDiag) -> None:
    with pytest.raises(DumpRefusedError):
        diag.dump_family(251, socket.IPPROTO_TCP, ALL_STATES)
    assert counted(diag.dump_tcp()) == {}


def test_the_answer_to_an_older_request_is_passed_over(lab: Lab, diag: SockDiag) -> None:
    connect(lab, 10)
    send_by_hand(diag)
    # A look at the first datagram lets the kernel go on to the end of that dump, yet takes nothing away.
    diag._socket.recv(1, socket.MSG_PEEK)
    assert counted(diag.dump_tcp(State.ESTAB.bit)) == {"ESTAB": 10}


def test_the_refusal_of_an_older_request_is_passed_over(lab: Lab, diag: SockDiag) -> None:
    connect(lab, 3)
    send_by_hand(diag, kind=99, times=3)
    assert counted(diag.dump_tcp()) == {"ESTAB": 3}


def test_after_an_abandoned_dump_the_next_but_one_is_whole(lab: Lab, diag: SockDiag) -> None:
    """The kernel runs one dump per socket; what it still has to say of the older one must not mix in."""
    bulk.time_waits(lab.client, 2000)
    send_by_hand(diag)
    diag._socket.recv(1 << 16)
    with pytest.raises(DumpRefusedError, match="busy") as refusal:
        diag.dump_tcp()
    assert refusal.value.errno == errno.EBUSY
    assert counted(diag.dump_tcp()) == {"TIME-WAIT": 2000, "LISTEN": 1}


def test_a_datagram_that_does_not_fit_is_not_taken_for_whole(
    lab: Lab, diag: SockDiag, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(lab, 40)
    with monkeypatch.context() as patch:
        patch.setattr(dumps, "_DATAGRAM_BYTES", 1024)
        with pytest.raises(KernelError, match="was cut to 1024"):
            diag.dump_tcp()
    assert counted(diag.dump_tcp()) == {"ESTAB": 40}


def test_lost_answers_are_an_error(lab: Lab, diag: SockDiag) -> None:
    """A full receive buffer makes the kernel drop an answer and tell so, once (ENOBUFS)."""
    connect(lab, 3)
    diag._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    send_by_hand(diag, kind=99, times=100)
    with pytest.raises(KernelError, match="ENOBUFS"):
        diag.dump_tcp()
    assert counted(diag.dump_tcp()) == {"ESTAB": 3}


def test_a_closed_socket_says_so_and_stays_closed(diag: SockDiag) -> None:
    diag.close()
    for _ in range(2):
        with pytest.raises(KernelError, match="closed"):
            diag.dump_tcp()
    assert diag._socket.fileno() < 0


@pytest.mark.parametrize("release", [None, "6.7.12-by-a-distribution", "nameless"])
def test_whether_bound_inactive_ones_are_listed_is_known_or_tried(
    lab: Lab, diag: SockDiag, release: str | None
) -> None:
    if not kernel_lists_bound_inactive(diag, release):
        pytest.skip("this kernel does not list sockets that are only bound (Linux 6.8 does)")
    assert counted(diag.dump_tcp()) == {}
    made = lab.client.socket()
    made.bind((lab.client.address(), 0))
    assert counted(diag.dump_tcp()) == {"UNCONN": 1}
    assert counted(diag.dump_tcp(ALL_STATES)) == {}


def test_a_dump_sees_one_namespace(lab: Lab, diag: SockDiag) -> None:
    lab.server.listen()
    assert counted(diag.dump_tcp()) == {}
    with lab.server.entered():
        assert counted(diag.dump_tcp()) == {}  # that of its creation, wherever the thread is now
        with SockDiag() as other:
            assert counted(other.dump_tcp()) == {"LISTEN": 1}
