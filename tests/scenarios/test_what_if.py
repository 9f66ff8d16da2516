"""What a change to a port budget is predicted to do, and what it does when it is made in the lab."""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from tests.lab.oracle import eventually
from twtop.core.ports.budget import Budget, budgets
from twtop.core.ports.history import PortHistory
from twtop.core.ports.usage import port_usage
from twtop.core.ports.what_if import Prediction, Trial, predictions
from twtop.core.release import version
from twtop.core.sysctls import PortRange
from twtop.errors import KernelError
from twtop.lab.host import endpoint
from twtop.lab.limits import bind_then_connect
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.lab.host import Endpoint, Host, Socket
    from twtop.lab.lab import Lab

IP_LOCAL_PORT_RANGE: Final = 51
FIRST: Final = 40_000
PORTS: Final = 200
FEW: Final = 100
"""Ports for rates: a busy machine must still be able to make more connections than they bear."""
WITHIN: Final = 0.05
ANOTHER: Final = "10.77.0.9"


def narrow(lab: Lab, low: int = FIRST, high: int = FIRST + PORTS - 1) -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", f"{low} {high}")


def budgets_of(host: Host) -> list[Budget]:
    """Return the budgets of a host, as the first snapshot shows them."""
    with host.entered(), LiveSource() as source:
        taken = source.take()
    return budgets(taken, port_usage(taken), PortHistory())


def predicted(host: Host, change: str, low: int = FIRST, high: int = FIRST + PORTS - 1) -> Prediction:
    """Ask what a change would do, before it is made."""
    trial = Trial(budgets_of(host)[0], PortRange(low, high), version(os.uname().release))
    return next(each for each in predictions(trial) if each.change == change)


def target_of(lab: Lab) -> Endpoint:
    return endpoint(lab.server.listen(backlog=4 * PORTS))


def until_refused(connect: Callable[[], Socket]) -> list[Socket]:
    """Connect until the kernel finds no port."""
    made: list[Socket] = []
    while len(made) <= 8 * PORTS:
        try:
            made.append(connect())
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EADDRINUSE):
                return made
            raise
    pytest.fail("the kernel finds more ports than there can be")


def reset(made: list[Socket]) -> None:
    """End connections without a trace."""
    for each in made:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        each.close()


def first_parity(made: list[Socket], low: int) -> int:
    """Count how many ports were chosen before the first one of the other parity."""
    return next((at for at, each in enumerate(made) if (endpoint(each)[1] - low) % 2), len(made))


def some(lab: Lab, target: Endpoint, count: int = 20) -> None:
    for _ in range(count):
        lab.client.connect(*target)


def test_today_is_what_the_kernel_does(lab: Lab) -> None:
    narrow(lab)
    lab.client.sysctl("net.ipv4.ip_local_reserved_ports", f"{FIRST + 10}-{FIRST + 19}")
    lab.client.listen(FIRST + 30)
    target = target_of(lab)
    some(lab, target)
    today = budgets_of(lab.client)[0].outlook
    made = until_refused(lambda: lab.client.connect(*target))
    assert len(made) == pytest.approx(today.left, rel=WITHIN)
    assert today.half is not None
    assert 20 + first_parity(made, FIRST) == pytest.approx(today.half, rel=WITHIN)


@pytest.mark.parametrize(("low", "high"), [(39_801, 40_300), (40_050, 40_149), (50_000, 50_300)])
def test_another_range(lab: Lab, low: int, high: int) -> None:
    narrow(lab)
    target = target_of(lab)
    some(lab, target)
    lab.client.listen(low + 3)
    expected = predicted(lab.client, "range", low, high)
    assert expected.command == f'sysctl -w net.ipv4.ip_local_port_range="{low} {high}"'
    lab.client.run(["sh", "-c", expected.command])
    made = until_refused(lambda: lab.client.connect(*target))
    assert len(made) == pytest.approx(expected.outlook.left, rel=WITHIN)
    if (low, high) == (50_000, 50_300):
        # No port in use is in that range, so that the order of choice shows all of its first parity.
        assert expected.outlook.half == pytest.approx(first_parity(made, low), rel=WITHIN)


def test_a_range_that_the_kernel_refuses(lab: Lab) -> None:
    narrow(lab)
    some(lab, target_of(lab), 1)
    lowest = lab.client.read_sysctl("net.ipv4.ip_unprivileged_port_start")
    expected = predicted(lab.client, "range", int(lowest) - 1, 65_535)
    assert expected.caveats[0].startswith("The kernel refuses")
    done = lab.client.run(["sh", "-c", f"{expected.command} 2>&1 || echo refused"])
    assert "refused" in done.stdout


def test_listeners_in_a_wider_range_are_named_with_the_command_that_reserves_them(lab: Lab) -> None:
    narrow(lab)
    lab.client.sysctl("net.ipv4.ip_local_reserved_ports", "45000-45001")
    for port in (41_000, 41_001, 41_007):
        lab.client.listen(port)
    some(lab, target_of(lab), 1)
    caveat = predicted(lab.client, "range", FIRST, 50_000).caveats[0]
    assert caveat.startswith("Listeners inside it: 41000, 41001, 41007.")
    command = caveat.rpartition(": ")[2]
    lab.client.run(["sh", "-c", command])
    reserved = lab.client.read_sysctl("net.ipv4.ip_local_reserved_ports")
    assert reserved == "41000-41001,41007,45000-45001"
    assert predicted(lab.client, "range", FIRST, 50_000).caveats == ()


def test_one_more_source_address(lab: Lab) -> None:
    narrow(lab)
    target = target_of(lab)
    some(lab, target)
    expected = predicted(lab.client, "source").outlook
    lab.client.add_address(ANOTHER)
    made = until_refused(lambda: lab.client.connect(*target))
    more = until_refused(lambda: lab.client.connect(*target, source=ANOTHER))
    assert len(made) + len(more) == pytest.approx(expected.left, rel=WITHIN)
    assert expected.half is not None
    halves = 20 + first_parity(made, FIRST) + first_parity(more, FIRST)
    assert halves == pytest.approx(expected.half, rel=WITHIN)


def with_range(lab: Lab, target: Endpoint, low: int, high: int) -> Socket:
    made = lab.client.socket()
    try:
        made.setsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, struct.pack("I", high << 16 | low))
    except OSError:
        pytest.skip("this kernel has no IP_LOCAL_PORT_RANGE (Linux 6.3 does)")
    made.connect(target)
    return made


@pytest.mark.parametrize(("low", "high"), [(40_000, 40_199), (40_051, 40_170), (30_000, 40_099)])
def test_a_range_of_the_socket(lab: Lab, low: int, high: int) -> None:
    narrow(lab)
    target = target_of(lab)
    some(lab, target)
    expected = predicted(lab.client, "socket-range", low, high)
    made = until_refused(lambda: with_range(lab, target, low, high))
    assert len(made) == pytest.approx(expected.outlook.left, rel=WITHIN)
    if expected.outlook.half is None:
        # No parity is exhausted before the other one is touched: there is no cliff.
        assert first_parity(made, low) < 20
    assert bool(expected.caveats) == (low < FIRST)


def test_letting_connect_choose_instead_of_bind(lab: Lab) -> None:
    narrow(lab)
    near, far = target_of(lab), target_of(lab)
    bound = [
        bind_then_connect(lab, target) for target, count in ((near, 60), (far, 30)) for _ in range(count)
    ]
    today = budgets_of(lab.client)[0]
    assert today.terms.bind_first
    expected = predicted(lab.client, "no-port").outlook
    pooled = until_refused(lambda: bind_then_connect(lab, near))
    assert len(pooled) == pytest.approx(today.outlook.left, rel=WITHIN)
    reset(bound + pooled)
    source = lab.client.address()
    for target in (near, far):
        made = until_refused(partial(lab.client.connect, *target, source=source))
        assert len(made) == pytest.approx(expected.capacity, rel=WITHIN)
        assert first_parity(made, FIRST) == pytest.approx(expected.half, rel=WITHIN)


# --- rates ------------------------------------------------------------------------------------------------


class Visits:
    """Short connections, one after the other."""

    def __init__(self, lab: Lab, *, stuck: bool) -> None:
        """Let the client close first; with ``stuck`` the server never does."""
        self._lab = lab
        self._stuck = stuck
        self._listener = lab.server.listen(backlog=4 * PORTS)

    def make(self) -> bool:
        """Open and close one; False if there was no port for it."""
        try:
            client = self._lab.client.connect(*endpoint(self._listener))
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            return False
        server = self._lab.server.accept(self._listener)
        client.close()
        assert server.recv(1) == b""
        if not self._stuck:
            server.close()
        return True

    def refused_at(self, per_s: float, seconds: float, *, catch_up: bool) -> bool:
        """Make so many a second, until one is refused or the time is over.

        A machine that is late makes a burst of what it missed, or leaves that out.
        """
        due = time.monotonic()
        end = due + seconds
        while due < end:
            time.sleep(max(0.0, due - time.monotonic()))
            if not self.make():
                return True
            due = (due if catch_up else max(due, time.monotonic())) + 1 / per_s
        return False

    def bear(self, per_s: float, hold_s: float) -> None:
        """Check that a rate is the limit: two holds of a little less are borne, a little more is not."""
        eventually(lambda: sum(each.outlook.held for each in budgets_of(self._lab.client)), 0)
        assert not self.refused_at(per_s * (1 - WITHIN), 2 * hold_s, catch_up=False)
        assert self.refused_at(per_s * (1 + WITHIN), 3 * hold_s, catch_up=True)


def test_taking_over_time_waits(lab: Lab) -> None:
    narrow(lab, high=FIRST + FEW - 1)
    hold_s = 1.0
    with suppress(KernelError):  # before Linux 6.14 it is 1 s
        lab.client.sysctl("net.ipv4.tcp_tw_reuse_delay", 500)
        hold_s = 0.5
    visits = Visits(lab, stuck=False)
    while visits.make():
        pass
    today = budgets_of(lab.client)[0]
    assert (today.used, today.reusable, today.outlook.left) == (FEW, 0, 0)
    assert today.outlook.sustainable_per_s == pytest.approx(FEW / 60)
    expected = predicted(lab.client, "reuse")
    assert expected.outlook.sustainable_per_s == pytest.approx(FEW / hold_s)
    lab.client.run(expected.command.split())
    visits.bear(expected.outlook.sustainable_per_s, hold_s)


def test_without_timestamps_nothing_is_taken_over(lab: Lab) -> None:
    narrow(lab)
    lab.client.sysctl("net.ipv4.tcp_timestamps", 0)
    visits = Visits(lab, stuck=False)
    while visits.make():
        pass
    expected = predicted(lab.client, "reuse")
    assert expected.outlook.left == 0
    assert expected.outlook.sustainable_per_s == pytest.approx(PORTS / 60)
    assert expected.caveats == ("No effect while tcp_timestamps is 0.",)
    lab.client.run(expected.command.split())
    assert not visits.refused_at(1, 0, catch_up=False)
    assert not visits.make()


def test_what_is_stuck_in_fin_wait_2_is_not_taken_over(lab: Lab) -> None:
    """Its own clock gives its port back, the same with and without reuse."""
    narrow(lab, high=FIRST + FEW - 1)
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", 5)
    visits = Visits(lab, stuck=True)
    for _ in range(10):
        visits.make()
    # The server may keep its ACK of the FIN back for 40 ms.
    eventually(lambda: budgets_of(lab.client)[0].stuck, 10)
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", 2)
    expected = predicted(lab.client, "reuse")
    assert expected.outlook.sustainable_per_s == pytest.approx(50)
    assert "The 10 in FIN-WAIT-2 are never taken over." in expected.caveats
    lab.client.run(expected.command.split())
    visits.bear(50, 2)
