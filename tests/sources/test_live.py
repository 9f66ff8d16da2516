"""Snapshots of the running kernel, over netlink and where netlink is forbidden."""

from __future__ import annotations

import errno
import socket
import struct
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.kernel.test_procnet import unlike
from tests.lab.oracle import eventually, settle, states
from tests.sources.sandbox import without_sock_diag
from twtop.core.filter import parse
from twtop.core.states import State
from twtop.core.timers import NO_END
from twtop.kernel.host import read_host
from twtop.kernel.sockdiag.bytecode import compile_filter
from twtop.kernel.sysctl_files import read_sysctl_files
from twtop.lab import bulk
from twtop.lab.host import endpoint
from twtop.lab.recipes import EVERY_STATE
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.snapshot import Snapshot
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab


@pytest.fixture
def source(lab: Lab) -> Iterator[LiveSource]:
    """A source in the namespace of the client, in which the test runs too."""
    with lab.client.entered(), LiveSource() as made:
        if made.refusal:
            pytest.skip(made.refusal)
        yield made


def take_without_netlink(host: Host, code: int = errno.EPERM) -> tuple[Snapshot, str | None]:
    def work() -> tuple[Snapshot, str | None]:
        with host.entered(), LiveSource() as source:
            return source.take(), source.refusal

    return without_sock_diag(code, work)


def named_states(snapshot: Snapshot) -> dict[str, int]:
    return {state.label: count for state in State if (count := int(snapshot.state_counts()[state]))}


def test_a_snapshot_holds_what_belongs_to_one_instant(lab: Lab, source: LiveSource) -> None:
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", 33)
    lab.pair()
    before = time.monotonic(), time.time()
    snapshot = source.take()
    assert named_states(snapshot) == {"ESTAB": 1}
    assert snapshot.sysctls.fin_timeout_s == 33
    assert snapshot.counters["Tcp.CurrEstab"] == 1
    assert snapshot.degraded == () or not source.lists_bound_inactive
    assert before[0] <= snapshot.instant_s <= time.monotonic()
    assert before[1] <= snapshot.wall_s <= time.time()
    assert source.host == read_host()
    assert snapshot.configured == read_sysctl_files()


def test_ports_of_udp_are_there(lab: Lab, source: LiveSource) -> None:
    made = lab.client.socket(kind=socket.SOCK_DGRAM)
    made.bind((lab.client.address(), 0))
    ports = source.take().udp_ports
    assert ports is not None
    assert ports.tolist() == [made.getsockname()[1]]


def test_bound_sockets_turn_into_what_they_become(lab: Lab, source: LiveSource) -> None:
    if not source.lists_bound_inactive:
        pytest.skip("this kernel does not list sockets that are only bound (Linux 6.8 does)")
    target = endpoint(lab.server.listen())
    made, listener = lab.client.socket(), lab.client.socket()
    for bound in (made, listener):
        bound.bind((lab.client.address(), 0))
    assert named_states(source.take()) == {"UNCONN": 2}
    # As on a host where listing them takes long: what was listed before counts for a while.
    assert source._bound is not None
    source._bound = source._bound._replace(due_s=float("inf"))
    made.connect(target)
    listener.listen()
    assert named_states(source.take()) == {"ESTAB": 1, "LISTEN": 1}


def test_a_filter_saves_the_kernel_work_and_keeps_listeners(lab: Lab, source: LiveSource) -> None:
    bulk.time_waits(lab.client, 50)
    lab.pair()
    lab.client.socket().bind((lab.client.address(), 0))
    assert named_states(source.take()).keys() >= {"TIME-WAIT", "ESTAB", "LISTEN"}
    kept = {"LISTEN": 1, "UNCONN": 1} if source.lists_bound_inactive else {"LISTEN": 1}
    for text, found in (
        ("time-wait", {"TIME-WAIT": 50}),
        ("dst 10.77.0.2", {"ESTAB": 1}),
        ("listening", {}),
        ("exclude all", {}),
    ):
        assert named_states(source.take(compile_filter(parse(text)))) == kept | found


REFUSALS = {
    errno.EPERM: "NETLINK_SOCK_DIAG is forbidden here (seccomp, SELinux or a container policy)",
    errno.EACCES: "NETLINK_SOCK_DIAG is forbidden here (seccomp, SELinux or a container policy)",
    errno.EPROTONOSUPPORT: "this kernel or sandbox has no NETLINK_SOCK_DIAG",
    errno.EAFNOSUPPORT: "this kernel or sandbox has no NETLINK_SOCK_DIAG",
    errno.EMFILE: "NETLINK_SOCK_DIAG failed: Too many open files",
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_named_and_the_file_read_instead(lab: Lab, code: int) -> None:
    lab.client.listen()
    udp = lab.client.socket(kind=socket.SOCK_DGRAM)
    udp.bind((lab.client.address(), 0))
    snapshot, refusal = take_without_netlink(lab.client, code)
    assert refusal == REFUSALS[code]
    assert snapshot.degraded == (f"{refusal}: reading /proc/net/tcp",)
    assert named_states(snapshot) == {"LISTEN": 1}
    assert snapshot.udp_ports is not None
    assert snapshot.udp_ports.tolist() == [udp.getsockname()[1]]


def test_the_fallback_shows_the_same_sockets(lab: Lab) -> None:
    settle(
        make(lab)
        for name, make in EVERY_STATE.items()
        if (lab.ipv6 or not name.endswith("v6")) and not name.startswith("bound_inactive")
    )
    for host in (lab.client, lab.server):
        before, proc = alike(host)
        assert proc.server.sum() == before.server.sum()
        assert (proc.left_ms == NO_END).sum() == (before.left_ms == NO_END).sum()


def alike(host: Host) -> tuple[Snapshot, Snapshot]:
    """Read with netlink, without it, and with it until all are alike; return one with and one without."""
    taken: list[Snapshot] = []
    with host.entered(), LiveSource() as source:

        def work() -> None:
            with host.entered(), LiveSource() as fallback:
                assert fallback.refusal

                def differences() -> object:
                    taken[:] = source.take(), fallback.take(), source.take()
                    return unlike(*(each.sockets for each in taken))

                eventually(differences, {})

        without_sock_diag(errno.EPERM, work)
    return taken[0], taken[1]


def test_time_waits_by_the_fallback(lab: Lab) -> None:
    bulk.time_waits(lab.client, 3000)
    snapshot, _ = take_without_netlink(lab.client)
    assert named_states(snapshot) == states(lab.client) == {"TIME-WAIT": 3000, "LISTEN": 1}
    assert int(snapshot.left_ms[snapshot.sockets.state == State.TIME_WAIT].max()) <= 62_000
    assert np.array_equal(snapshot.server, snapshot.sockets.state == State.LISTEN)


def test_a_closed_source_reads_the_file(lab: Lab, source: LiveSource) -> None:
    lab.pair()
    source.close()
    snapshot = source.take()
    assert named_states(snapshot) == {"ESTAB": 1}
    assert snapshot.degraded == ("netlink is closed: reading /proc/net/tcp",)


def test_one_spoiled_dump_is_asked_for_again(lab: Lab, source: LiveSource) -> None:
    """The receive buffer overruns once, with answers that nobody waited for."""
    lab.pair()
    assert source._diag is not None
    netlink = source._diag._socket
    netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    for _ in range(100):
        netlink.send(struct.pack("=IHHII4x", 20, 99, 5, 77, 0))
    assert named_states(source.take()) == {"ESTAB": 1}
