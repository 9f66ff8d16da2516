"""One socket in full: against ss in every state, and what happens when it changes or goes."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
import pytest

from tests.kernel.capabilities import without_net_admin
from tests.kernel.sockdiag.ss_details import ss_details
from tests.lab.oracle import eventually
from tests.lab.scene import every_state
from twtop.core.address import halves
from twtop.core.details.units import NO_LIMIT
from twtop.core.states import BOUND_INACTIVE, State, state_label
from twtop.core.sysctls import Sysctls
from twtop.errors import KernelError
from twtop.kernel.sockdiag.dumps import EVERYTHING, SockDiag
from twtop.kernel.sockdiag.one_socket import SocketGoneError, SocketReader
from twtop.knowledge.socket_fields import absences, lines
from twtop.lab.recipes import EVERY_STATE
from twtop.lab.specimen import wait_for_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twtop.core.details.details import Details, Value
    from twtop.core.sockets import Sockets
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab
    from twtop.lab.specimen import Specimen

Readers: TypeAlias = "Callable[[Host], SocketReader]"
ROUNDED: Final = {"rtt", "rttvar", "min_rtt", "rcv_rtt"}
"""ss writes six digits of them."""
ATTEMPTS: Final = 20


class Reading(NamedTuple):
    """What the kernel told of a socket, what ss showed after that, and what the kernel told then."""

    before: Details
    shown: dict[str, float | str]
    after: Details

    @property
    def steady(self) -> set[str]:
        """What ss shows and did not change meanwhile."""
        before, after = self.before.values, self.after.values
        return {key for key in self.shown if key in before and before[key] == after.get(key)}

    @property
    def agreed(self) -> set[str]:
        """What ss shows as the kernel told it."""
        return {key for key in self.steady if is_same(key, self.before.values[key], self.shown[key])}

    @property
    def is_whole(self) -> bool:
        return self.agreed == self.shown.keys() & self.before.values.keys()


@dataclass(frozen=True)
class Scene:
    made: dict[str, Specimen]
    readings: dict[str, list[Reading]]


@pytest.fixture(scope="module")
def scene() -> Scene:
    """All recipes in one lab, read at once: some last a minute, and the tests take their time."""
    readings: dict[str, list[Reading]] = {}
    with every_state() as (lab, made):
        for host in (lab.client, lab.server):
            listed = listed_in(host)
            ones = {name: one_of(listed, each) for name, each in made.items() if each.host is host}
            readings |= read(host, {name: one for name, one in ones.items() if len(one)})
    return Scene(made, readings)


def read(host: Host, ones: dict[str, Sockets]) -> dict[str, list[Reading]]:
    """Read sockets until all that ss shows of them is as it was told; segments may be sent meanwhile."""
    readings: dict[str, list[Reading]] = {name: [] for name in ones}
    with host.entered(), closing(SocketReader()) as reader:
        for _ in range(ATTEMPTS):
            changing = [name for name, each in readings.items() if not each or not each[-1].is_whole]
            before = {name: reader.read(ones[name]) for name in changing}
            shown = ss_details(host) if changing else {}
            for name in changing:
                row = shown.get(int(ones[name].cookie[0]), {})
                readings[name].append(Reading(before[name], row, reader.read(ones[name])))
    return readings


@pytest.fixture(params=EVERY_STATE)
def name(request: pytest.FixtureRequest, scene: Scene) -> str:
    chosen = str(request.param)
    if chosen not in scene.made:
        pytest.skip("this kernel has no IPv6")
    if chosen not in scene.readings and scene.made[chosen].state is State.UNCONN:
        pytest.skip("this kernel does not list sockets that are only bound (Linux 6.8 does)")
    return chosen


def one_of(sockets: Sockets, made: Specimen) -> Sockets:
    """Return the row of a specimen; none of one that is only bound where the kernel does not list such."""
    wanted = [(*halves(ip_address(address)), port) for address, port in (made.local, made.remote)]
    names = [f"{side}_{part}" for side in ("local", "remote") for part in ("hi", "lo", "port")]
    ends = zip(*(getattr(sockets, name).tolist() for name in names), strict=True)
    found = np.array([[end[:3], end[3:]] == wanted for end in ends])
    assert found.sum() == 1 or made.state is State.UNCONN
    return sockets.take(found)


def listed_in(host: Host) -> Sockets:
    with host.entered(), SockDiag() as diag:
        return diag.dump_tcp(EVERYTHING).sockets


@pytest.fixture
def reader_in() -> Iterator[Callable[[Host], SocketReader]]:
    made = []

    def read_in(host: Host) -> SocketReader:
        with host.entered():
            made.append(SocketReader())
        return made[-1]

    yield read_in
    for reader in made:
        reader.close()


def test_every_value_is_that_of_ss(scene: Scene, name: str) -> None:
    """Compare what did not change between two answers with what ss showed in between, at rest."""
    made, readings = scene.made[name], scene.readings[name]
    if made.state is State.UNCONN:
        pytest.skip("ss of iproute2 6.1 does not ask for bound-inactive sockets")
    before, shown, _ = readings[-1]
    told = before.values
    agreed = set().union(*(reading.agreed for reading in readings))
    other = {key: (told[key], shown[key]) for key in shown.keys() & told.keys() - agreed}
    assert other == {}
    assert {"state", "cookie"} <= agreed
    assert state_label(before.number("state")) == made.state.label
    if not before.is_mini:
        assert len(agreed) > (10 if made.state is State.LISTEN else 45)
        assert (told["tcp_info_bytes"], before.unknown, before.damaged) == (len_of_tcp_info(), 0, False)


def is_same(key: str, own: Value, shown: float | str) -> bool:
    if own in NO_LIMIT:
        # ss leaves out what the kernel has no value for.
        return shown == 0
    if key in ROUNDED and isinstance(shown, (int, float)) and isinstance(own, int):
        return abs(own - shown) <= max(1, own * 1e-5)
    return own == shown


def len_of_tcp_info() -> int:
    with socket.socket() as made:
        return len(made.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1024))


def test_every_state_can_be_told_in_words(scene: Scene, name: str) -> None:
    made = scene.made[name]
    told = scene.readings[name][0].before
    texts = {line.name: line.text for line in lines(told, Sysctls({}))}
    assert texts["state"] == made.state.label
    assert all(text.isascii() and text.isprintable() for text in texts.values())
    mini = made.state in (State.TIME_WAIT, State.SYN_RECV, State.FIN_WAIT_2) and not made.owned
    if mini and not name.startswith("fin_wait_2_two_phase"):
        assert told.is_mini
        assert texts.keys() <= {"state", "family", "interface", "cookie", "timer", "mark"}
        assert "no queues, no tcp_info and no owner" in " ".join(absences(told))
    else:
        assert not told.is_mini
        assert {"uid", "inode", "rqueue", "wqueue"} <= texts.keys()


def test_a_dual_stack_listener_and_its_connections_are_found(lab: Lab, reader_in: Readers) -> None:
    if not lab.ipv6:
        pytest.skip("this kernel has no IPv6")
    made = EVERY_STATE["estab_mapped/v4"](lab)
    reader = reader_in(lab.server)
    told = [reader.read(listed_in(lab.server).take(slice(row, row + 1))).values for row in range(2)]
    assert {values["state"] for values in told} == {State.LISTEN, State.ESTAB}
    assert {values["family"] for values in told} == {socket.AF_INET6}
    assert made.kept


def test_listeners_that_share_a_port_are_told_apart(lab: Lab, reader_in: Readers) -> None:
    for _ in range(5):
        listener = lab.server.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((lab.server.address(), 8080))
        listener.listen()
    sockets, reader = listed_in(lab.server), reader_in(lab.server)
    ones = [sockets.take(slice(row, row + 1)) for row in range(5)]
    assert [reader.read(one).values["inode"] for one in ones] == sockets.inode.tolist()


def test_a_bound_socket_is_found_where_the_kernel_lists_it(lab: Lab, reader_in: Readers) -> None:
    lab.client.socket().bind((lab.client.address(), 0))
    with lab.client.entered(), SockDiag() as diag:
        sockets = diag.dump_tcp(1 << BOUND_INACTIVE).sockets
    if not len(sockets):
        pytest.skip("this kernel does not list sockets that are only bound (Linux 6.8 does)")
    told = reader_in(lab.client).read(sockets)
    assert told.values["state"] == State.UNCONN
    assert "rtt" not in told.values
    assert any("only bound" in sentence for sentence in absences(told))


def test_a_cookie_is_followed_from_estab_to_time_wait(lab: Lab, reader_in: Readers) -> None:
    pair, reader = lab.pair(), reader_in(lab.client)
    one = listed_in(lab.client)
    assert reader.read(one).values["state"] == State.ESTAB
    pair.client.shutdown(socket.SHUT_WR)
    wait_for_state(pair.client, State.FIN_WAIT_2)
    told = reader.read(one)
    assert (told.values["state"], told.values["shutdown"]) == (State.FIN_WAIT_2, 2)
    pair.server.close()
    pair.client.close()
    eventually(lambda: reader.read(one).values["state"], State.TIME_WAIT)
    assert reader.read(one).is_mini


def test_a_socket_that_went_is_gone_though_another_has_its_ends(lab: Lab, reader_in: Readers) -> None:
    pair, reader = lab.pair(), reader_in(lab.client)
    one = listed_in(lab.client)
    address, port = pair.client_end
    reset(pair.client)
    with pytest.raises(SocketGoneError):
        reader.read(one)
    again = lab.client.socket()
    again.bind((address, port))
    again.connect(pair.server_end)
    with pytest.raises(SocketGoneError):
        reader.read(one)
    assert reader.read(listed_in(lab.client)).values["state"] == State.ESTAB


def reset(made: socket.socket) -> None:
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    made.close()


def test_any_thread_reads_in_the_namespace_of_the_reader(lab: Lab, reader_in: Readers) -> None:
    lab.pair()
    reader, one = reader_in(lab.client), listed_in(lab.client)
    states: list[Value] = []
    threads = [
        threading.Thread(target=lambda: states.extend(reader.read(one).values["state"] for _ in range(50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == [State.ESTAB] * 200


def test_a_closed_reader_says_so(lab: Lab, reader_in: Readers) -> None:
    lab.pair()
    reader, one = reader_in(lab.client), listed_in(lab.client)
    reader.close()
    with pytest.raises(KernelError, match="NETLINK_SOCK_DIAG"):
        reader.read(one)


def test_late_answers_to_older_requests_are_passed_over(lab: Lab, reader_in: Readers) -> None:
    lab.pair()
    lab.server.listen(7777)
    reader = reader_in(lab.server)
    sockets = listed_in(lab.server)
    ones = [sockets.take(slice(row, row + 1)) for row in range(len(sockets))]
    # A request whose answer nobody took.
    reader._ask(bytes(56), 1)
    told: list[Details] = [reader.read(one) for one in ones]
    assert [details.values["cookie"] for details in told] == sockets.cookie.tolist()


def test_the_algorithm_tells_of_itself(lab: Lab, reader_in: Readers) -> None:
    pair, reader = lab.pair(), reader_in(lab.client)
    try:
        pair.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"bbr")
    except OSError:
        pytest.skip("this kernel has no BBR")
    pair.client.send(b"some bytes")
    pair.server.recv(100)
    one = listed_in(lab.client)
    eventually(lambda: reader.read(one).number("bbr_bw") > 0, True)
    told = reader.read(one)
    text = {line.name: line.text for line in lines(told, Sysctls({}))}["bbr_bw"]
    assert told.values["congestion"] == "bbr"
    assert "bit/s, rtt " in text


def test_the_mark_is_told_to_who_may_know_it(lab: Lab, reader_in: Readers) -> None:
    pair, reader = lab.pair(), reader_in(lab.client)
    pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x2A)
    told = reader.read(listed_in(lab.client))
    assert told.values["mark"] == 0x2A
    assert not any("mark" in sentence for sentence in absences(told))


def test_the_mark_is_missed_where_it_is_forbidden(lab: Lab) -> None:
    lab.pair()
    one = listed_in(lab.client)
    with lab.client.entered():
        said = without_net_admin(lambda: list(absences(SocketReader().read(one))))
    assert said == "['The mark is not shown: it needs CAP_NET_ADMIN.']"
