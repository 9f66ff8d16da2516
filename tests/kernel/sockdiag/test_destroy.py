"""Sockets of every state closed from outside: what both ends notice, and what is left alone."""

from __future__ import annotations

import errno
import socket
from contextlib import contextmanager, suppress
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from tests.kernel.capabilities import without_net_admin
from tests.lab.oracle import eventually
from twtop.core.address import halves
from twtop.core.closing.kinds import Kind, kind_at
from twtop.core.states import State
from twtop.errors import KernelError
from twtop.kernel.sockdiag.destroy import Destroyer, try_out
from twtop.kernel.sockdiag.dumps import SockDiag, kernel_lists_bound_inactive
from twtop.kernel.sockdiag.one_socket import SocketReader
from twtop.kernel.sockdiag.requests import requests
from twtop.lab.host import endpoint
from twtop.lab.namespaces import NetworkNamespace
from twtop.lab.recipes import EVERY_STATE
from twtop.lab.specimen import nobody, wait_for_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.sockets import Sockets
    from twtop.lab.host import Host, Socket
    from twtop.lab.lab import Lab
    from twtop.lab.specimen import Specimen


class Effect(NamedTuple):
    """What closing does; errors are those pending at the sockets that the recipe keeps."""

    kind: Kind
    resets: int
    """Segments with RST that this host sends at once."""
    errors: tuple[str, ...] = ()


ABORTED, RESET, NONE, GONE = "ECONNABORTED", "ECONNRESET", "", "closed"

EFFECTS = {
    "listen": Effect(Kind.LISTEN, 3, (ABORTED, RESET, RESET, RESET)),
    "syn_sent": Effect(Kind.SYN_SENT, 0, (ABORTED,)),
    "syn_recv": Effect(Kind.HALF_OPEN, 0, (NONE, NONE)),
    "syn_recv_full": Effect(Kind.SYN_RECV, 1, (ABORTED,)),
    "estab": Effect(Kind.ESTAB, 1, (ABORTED, RESET)),
    "estab_unaccepted": Effect(Kind.UNACCEPTED, 1, (NONE, RESET)),
    "estab_unacked": Effect(Kind.ESTAB, 1, (ABORTED, NONE)),
    "estab_persist": Effect(Kind.ESTAB, 1, (ABORTED, RESET)),
    "estab_mapped": Effect(Kind.ESTAB, 1, (NONE, RESET, ABORTED)),
    "fin_wait_1": Effect(Kind.FIN_WAIT_1, 1, (GONE, NONE)),
    "fin_wait_1_owned": Effect(Kind.FIN_WAIT_1, 1, (ABORTED, NONE)),
    "fin_wait_1_persist": Effect(Kind.FIN_WAIT_1, 1, (GONE, RESET)),
    "fin_wait_2": Effect(Kind.FIN_WAIT_2_MINI, 0, (GONE, NONE)),
    "fin_wait_2_owned": Effect(Kind.FIN_WAIT_2, 1, (ABORTED, "EPIPE")),
    "fin_wait_2_two_phase": Effect(Kind.FIN_WAIT_2, 1, (GONE, "EPIPE")),
    "close_wait": Effect(Kind.CLOSE_WAIT, 1, (GONE, ABORTED)),
    "last_ack": Effect(Kind.LAST_ACK, 0, (NONE, GONE)),
    "closing": Effect(Kind.CLOSING, 0, (NONE, ABORTED)),
    "time_wait": Effect(Kind.TIME_WAIT, 0, (GONE, GONE)),
    "time_wait_on_server": Effect(Kind.TIME_WAIT, 0, (GONE, GONE)),
}


def dumped(host: Host) -> Sockets:
    with host.entered(), SockDiag() as diag:
        return diag.dump_tcp().sockets


def only(sockets: Sockets, local: tuple[str, int], remote: tuple[str, int], state: int) -> Sockets:
    """The row with these ends and this state."""
    chosen = sockets.state == state
    for end, (address, port) in (("local", local), ("remote", remote)):
        high, low = halves(ip_address(address))
        chosen &= (getattr(sockets, f"{end}_hi") == high) & (getattr(sockets, f"{end}_lo") == low)
        chosen &= getattr(sockets, f"{end}_port") == port
    assert chosen.sum() == 1
    return sockets.take(chosen)


def row_of(made: Specimen) -> Sockets:
    """The specimen as a dump has it, once it is there."""

    def state() -> int:
        sockets = dumped(made.host)
        ports = (sockets.local_port == made.local[1]) & (sockets.remote_port == made.remote[1])
        return int(np.count_nonzero(ports & (sockets.state == made.state)))

    eventually(state, 1)
    return only(dumped(made.host), made.local, made.remote, made.state)


def resets_of(host: Host) -> int:
    names, values = (
        line.split() for line in host.run(["cat", "/proc/net/snmp"]).stdout.splitlines() if line[:4] == "Tcp:"
    )
    return int(dict(zip(names, values, strict=True))["OutRsts"])


def error_of(made: Socket) -> str:
    if made.fileno() < 0:
        return GONE
    return errno.errorcode.get(made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), NONE)


def noticed_by(made: Socket) -> str:
    """The pending error; where there is none yet, it says something: a busy machine may have lost the RST."""
    error = error_of(made)
    if error == NONE:
        with suppress(OSError):
            made.send(b"?", socket.MSG_DONTWAIT)
    return error


@contextmanager
def destroyer_in(host: Host) -> Iterator[Destroyer]:
    with host.entered():
        reader = SocketReader()
    try:
        yield Destroyer(reader)
    finally:
        reader.close()


@pytest.fixture
def destroyer(lab: Lab) -> Iterator[Destroyer]:
    """For the client."""
    with destroyer_in(lab.client) as made:
        yield made


def test_here_everything_can_be_closed(lab: Lab, destroyer: Destroyer) -> None:
    assert destroyer.lack is None
    with lab.client.entered():
        assert try_out() == (None, None, None)
    assert len(dumped(lab.client)) == 0, "trying it out left something behind"


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["v4", "v6"])
@pytest.mark.parametrize("name", EFFECTS)
def test_what_both_ends_notice(lab: Lab, name: str, family: int) -> None:
    version = "v6" if family == socket.AF_INET6 else "v4"
    if version == "v6" and not lab.ipv6:
        pytest.skip("this kernel has no IPv6")
    made, expected = EVERY_STATE[f"{name}/{version}"](lab), EFFECTS[name]
    wanted = row_of(made)
    if name == "closing":
        # Its peer repeats its FIN, and would be answered with a RST.
        made.host.peer.cut_towards(made.local[0])
    with destroyer_in(made.host) as destroyer:
        (request,) = requests(wanted)
        found = destroyer.find(request.tobytes(), kind_at(wanted, 0))
        assert found
        assert found.kind is expected.kind
        tried = resets_of(made.host)
        assert destroyer.destroy(found.request) == 0
        assert destroyer.find(request.tobytes(), expected.kind) is None
        assert destroyer.destroy(found.request) == errno.ENOENT
    assert resets_of(made.host) - tried == expected.resets
    for kept, error in zip(made.kept, expected.errors, strict=False):
        if error:
            eventually(partial(noticed_by, kept), error)
        else:
            assert error_of(kept) == NONE
    assert wanted.cookie[0] not in dumped(made.host).cookie


def test_a_listener_is_no_listener_any_more(lab: Lab) -> None:
    listener = lab.server.listen()
    wanted = only(dumped(lab.server), endpoint(listener), nobody(socket.AF_INET), State.LISTEN)
    with destroyer_in(lab.server) as destroyer:
        assert destroyer.destroy(requests(wanted).tobytes()) == 0
    with pytest.raises(OSError, match="Invalid argument"):
        listener.accept()
    with pytest.raises(ConnectionRefusedError):
        lab.client.connect(*endpoint(listener))


def test_a_dropped_handshake_comes_back(lab: Lab) -> None:
    route = lab.route(private=True)
    route.cut("server->client")
    listener = route.listen()
    client = route.connect(endpoint(listener)[1], wait=False)
    eventually(lambda: dumped(lab.server).state.tolist().count(State.SYN_RECV), 1)
    wanted = only(dumped(lab.server), endpoint(listener), endpoint(client), State.SYN_RECV)
    with destroyer_in(lab.server) as destroyer:
        assert destroyer.destroy(requests(wanted).tobytes()) == 0
        route.heal("server->client")
    # The client sends its SYN again after a second.
    wait_for_state(client, State.ESTAB)


def test_the_peer_of_a_lost_time_wait_gets_a_reset(lab: Lab) -> None:
    """What TIME-WAIT is for: the final ACK was lost, and nobody is there to repeat it."""
    pair = lab.pair(private=True)
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)
    pair.route.cut("client->server")
    pair.server.shutdown(socket.SHUT_WR)
    wanted_by = pair.client_end, pair.server_end, State.TIME_WAIT
    eventually(lambda: dumped(lab.client).state.tolist().count(State.TIME_WAIT), 1)
    with destroyer_in(lab.client) as destroyer:
        assert destroyer.destroy(requests(only(dumped(lab.client), *wanted_by)).tobytes()) == 0
    before = resets_of(lab.client)
    pair.route.heal("client->server")
    wait_for_state(pair.server, State.UNCONN)
    assert resets_of(lab.client) > before


def test_what_is_only_bound_cannot_be_closed(lab: Lab, destroyer: Destroyer) -> None:
    with lab.client.entered(), SockDiag() as diag:
        if not kernel_lists_bound_inactive(diag):
            pytest.skip("this kernel does not list sockets that are only bound (Linux 6.8 does)")
    made = EVERY_STATE["bound_inactive/v4"](lab)
    request = requests(row_of(made)).tobytes()
    assert destroyer.find(request, Kind.BOUND) is None
    assert destroyer.destroy(request) == errno.ENOENT


def test_another_connection_between_the_same_ends_is_left_alone(lab: Lab, destroyer: Destroyer) -> None:
    listener, first = lab.server.listen(), lab.client.socket()
    for made in (listener, first):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    first.bind((lab.client.address(), 0))
    first.connect(endpoint(listener))
    own = endpoint(first)
    request = requests(only(dumped(lab.client), own, endpoint(listener), State.ESTAB)).tobytes()
    lab.server.accept(listener).close()
    first.close()
    second = lab.client.socket()
    second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    second.bind(own)
    second.connect(endpoint(listener))
    assert destroyer.find(request, Kind.ESTAB) is None
    assert destroyer.destroy(request) == errno.ENOENT
    assert error_of(second) == NONE
    second.send(b"still here")
    assert lab.server.accept(listener).recv(10) == b"still here"


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])  # noqa: S104 - in the lab
def test_each_of_the_listeners_at_one_port_is_found(lab: Lab, destroyer: Destroyer, address: str) -> None:
    made = [lab.client.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) for _ in range(4)]
    for listener in made:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((address, 9000))
        listener.listen()
    for left in range(4, 0, -1):
        sockets = dumped(lab.client)
        # A closed one stays bound to its port until its program closes it too.
        sockets = sockets.take(sockets.state == State.LISTEN)
        assert len(sockets) == left
        found = destroyer.find(requests(sockets)[0].tobytes(), Kind.LISTEN)
        assert found
        assert destroyer.listens(sockets.take(slice(1)))
        assert destroyer.destroy(found.request) == 0
        assert not destroyer.listens(sockets.take(slice(1)))


def test_without_the_privilege_it_says_so_before(lab: Lab) -> None:
    pair = lab.pair()
    request = requests(only(dumped(lab.client), pair.client_end, pair.server_end, State.ESTAB)).tobytes()

    def work() -> object:
        with destroyer_in(lab.client) as destroyer:
            return destroyer.lack, destroyer.destroy(request)

    told = without_net_admin(work)
    assert told == str(("closing sockets needs CAP_NET_ADMIN: run twtop as root", errno.EPERM))
    assert error_of(pair.client) == NONE


@pytest.mark.usefixtures("namespaces")
def test_where_loopback_is_dead_orphans_stay() -> None:
    namespace = NetworkNamespace.create()
    try:
        with namespace.entered():
            lacks = try_out()
    finally:
        namespace.close()
    assert lacks.minis is None
    assert str(lacks.orphans).startswith("it is not known whether this kernel can close orphans: ")


def test_a_namespace_that_was_left_answers_no_more(lab: Lab) -> None:
    with lab.client.entered():
        reader = SocketReader()
    destroyer = Destroyer(reader)
    reader.close()
    with pytest.raises(KernelError):
        destroyer.destroy(bytes(56))
