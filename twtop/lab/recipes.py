"""One real socket for every state, timer and owner that twtop must tell apart.

Every recipe takes a lab and an address family, and returns what a dump must show. Recipes that lose packets
run on addresses of their own, so that any number of them share one lab.
Sources: RFC 9293 section 3.3.2, net/ipv4/tcp_input.c (tcp_rcv_state_process), tcp.c (tcp_close).
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from twtop.core.states import State, Timer
from twtop.errors import KernelError
from twtop.lab.host import Endpoint, Host, endpoint
from twtop.lab.segments import send_syn

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.lab.lab import Lab, Pair

_UNACKED: Final = slice(24, 28)  # tcpi_unacked, struct tcp_info in include/uapi/linux/tcp.h
_PATIENCE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Specimen:
    """What a dump inside ``host`` must show; ``kept`` are the sockets of both ends that are still open."""

    host: Host
    state: State
    local: Endpoint
    remote: Endpoint
    timer: Timer = Timer.OFF
    owned: bool = True
    """Whether a file descriptor holds it (inode not 0)."""
    kept: tuple[socket.socket, ...] = ()


def listen(lab: Lab, family: int) -> Specimen:
    """Make a listener whose accept queue is full: Recv-Q 3, Send-Q 2."""
    route = lab.route(family)
    listener = route.listen(backlog=2)
    waiting = [route.connect(endpoint(listener)[1]) for _ in range(3)]
    return Specimen(lab.server, State.LISTEN, endpoint(listener), _nobody(family), kept=(listener, *waiting))


def syn_sent(lab: Lab, family: int) -> Specimen:
    """Ask for a connection that nobody hears of."""
    route = lab.route(family, private=True)
    route.cut("client->server")
    client = route.connect(80, wait=False)
    return _of(lab.client, State.SYN_SENT, client, (route.server_address, 80), Timer.ON)


def syn_recv(lab: Lab, family: int) -> Specimen:
    """Answer a SYN so that the answer is lost."""
    route = lab.route(family, private=True)
    route.cut("server->client")
    listener = route.listen()
    client = route.connect(endpoint(listener)[1], wait=False)
    return Specimen(
        lab.server,
        State.SYN_RECV,
        endpoint(listener),
        endpoint(client),
        Timer.ON,
        owned=False,
        kept=(listener, client),
    )


def syn_recv_full(lab: Lab, family: int) -> Specimen:
    """Open simultaneously: a SYN meets a socket in SYN-SENT (RFC 9293 figure 7)."""
    route = lab.route(family, private=True)
    route.cut("client->server")
    client = route.connect(80, wait=False)
    send_syn(lab.server, (route.server_address, 80), endpoint(client))
    wait_for_state(client, State.SYN_RECV)
    return _of(lab.client, State.SYN_RECV, client, (route.server_address, 80), Timer.ON)


def estab(lab: Lab, family: int) -> Specimen:
    """Connect, accept, and stay silent."""
    return _client(lab.pair(family), State.ESTAB)


def estab_unaccepted(lab: Lab, family: int) -> Specimen:
    """Connect to a server that does not accept."""
    route = lab.route(family)
    listener = route.listen()
    client = route.connect(endpoint(listener)[1])
    return Specimen(
        lab.server,
        State.ESTAB,
        endpoint(listener),
        endpoint(client),
        owned=False,
        kept=(listener, client),
    )


def estab_unacked(lab: Lab, family: int) -> Specimen:
    """Send one byte into a cut cable: the retransmission timer runs."""
    pair = lab.pair(family, private=True)
    pair.route.cut()
    pair.client.send(b"?")
    return _client(pair, State.ESTAB, Timer.ON)


def estab_persist(lab: Lab, family: int) -> Specimen:
    """Send until the window of a server that does not read is closed."""
    pair = lab.pair(family)
    _fill(pair.client)
    return _client(pair, State.ESTAB, Timer.PERSIST)


def estab_keepalive(lab: Lab, family: int) -> Specimen:
    """Stay silent with keepalive on."""
    pair = lab.pair(family)
    pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return _client(pair, State.ESTAB, Timer.KEEPALIVE)


def estab_mapped(lab: Lab, family: int) -> Specimen:
    """Let an IPv4 client reach a dual-stack IPv6 listener: the server's end shows ``::ffff:`` addresses."""
    del family  # both take part
    listener = lab.server.listen(address="::")
    client = lab.client.connect(lab.server.address(), endpoint(listener)[1])
    server = lab.server.accept(listener)
    local, remote = server.getsockname()[:2], server.getpeername()[:2]
    return Specimen(lab.server, State.ESTAB, local, remote, kept=(listener, client, server))


def estab_with_itself(lab: Lab, family: int) -> Specimen:
    """Connect a socket to its own address and port."""
    client = lab.client.socket(family)
    client.bind((lab.client.address(family), 0))
    client.connect(endpoint(client))
    return _of(lab.client, State.ESTAB, client, endpoint(client))


def fin_wait_1(lab: Lab, family: int) -> Specimen:
    """Close, and lose the FIN."""
    pair = lab.pair(family, private=True)
    pair.route.cut("client->server")
    pair.client.close()
    return _client(pair, State.FIN_WAIT_1, Timer.ON, owned=False)


def fin_wait_1_owned(lab: Lab, family: int) -> Specimen:
    """Shut down for writing, keep the descriptor, and lose the FIN."""
    pair = lab.pair(family, private=True)
    pair.route.cut("client->server")
    pair.client.shutdown(socket.SHUT_WR)
    return _client(pair, State.FIN_WAIT_1, Timer.ON)


def fin_wait_1_persist(lab: Lab, family: int) -> Specimen:
    """Close while the peer's window is shut: the FIN waits behind the data."""
    pair = lab.pair(family)
    _fill(pair.client)
    pair.client.close()
    return _client(pair, State.FIN_WAIT_1, Timer.PERSIST, owned=False)


def fin_wait_2(lab: Lab, family: int) -> Specimen:
    """Close; the server does not: the kernel keeps a mini for 60 s."""
    pair = lab.pair(family)
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)
    return _client(pair, State.FIN_WAIT_2, Timer.TIMEWAIT, owned=False)


def fin_wait_2_owned(lab: Lab, family: int) -> Specimen:
    """Shut down for writing and wait for the server without limit."""
    pair = lab.pair(family)
    pair.client.shutdown(socket.SHUT_WR)
    wait_for_state(pair.client, State.FIN_WAIT_2)
    return _client(pair, State.FIN_WAIT_2)


def fin_wait_2_two_phase(lab: Lab, family: int) -> Specimen:
    """Close with a FIN timeout above 60 s: 5 s as an orphan with a keepalive timer, then 5 s as a mini."""
    pair = lab.pair(family)
    pair.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 65)
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)
    return _client(pair, State.FIN_WAIT_2, Timer.KEEPALIVE, owned=False)


def close_wait(lab: Lab, family: int) -> Specimen:
    """Let the server read the end of the stream and forget to close: Recv-Q 0."""
    pair = lab.pair(family)
    pair.client.close()
    pair.server.recv(1)
    return _server(pair, State.CLOSE_WAIT)


def close_wait_unread(lab: Lab, family: int) -> Specimen:
    """Let the server not even read the end of the stream: Recv-Q 1."""
    pair = lab.pair(family)
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)
    return _server(pair, State.CLOSE_WAIT)


def last_ack(lab: Lab, family: int) -> Specimen:
    """Close second, and lose the FIN."""
    pair = lab.pair(family, private=True)
    pair.client.shutdown(socket.SHUT_WR)
    pair.server.recv(1)
    pair.route.cut("server->client")
    pair.server.close()
    return _server(pair, State.LAST_ACK, Timer.ON, owned=False)


def closing(lab: Lab, family: int) -> Specimen:
    """Close on both sides at once; the server's FIN is lost, the client's arrives."""
    pair = lab.pair(family, private=True)
    pair.route.cut("server->client")
    pair.server.shutdown(socket.SHUT_WR)
    pair.client.shutdown(socket.SHUT_WR)
    wait_for_state(pair.server, State.CLOSING)
    return _server(pair, State.CLOSING, Timer.ON)


def time_wait(lab: Lab, family: int) -> Specimen:
    """Close first on the client, as most protocols do."""
    pair = lab.pair(family)
    pair.client.close()
    pair.server.recv(1)
    pair.server.close()
    return _client(pair, State.TIME_WAIT, Timer.TIMEWAIT, owned=False)


def time_wait_on_server(lab: Lab, family: int) -> Specimen:
    """Close first on the server: the TIME-WAIT stands at the listener's port."""
    pair = lab.pair(family)
    pair.server.close()
    pair.client.recv(1)
    pair.client.close()
    return _server(pair, State.TIME_WAIT, Timer.TIMEWAIT, owned=False)


def time_wait_on_both(lab: Lab, family: int) -> Specimen:
    """Close on both sides at once, then let everything through: each side gets a TIME-WAIT."""
    made = closing(lab, family)
    lab.server.heal_towards(made.remote[0])
    return replace(made, state=State.TIME_WAIT, timer=Timer.TIMEWAIT, owned=False)


def time_wait_restarting(lab: Lab, family: int) -> Specimen:
    """Lose the last ACK: the server repeats its FIN, and each one starts the 60 s again."""
    pair = lab.pair(family, private=True)
    pair.client.close()
    pair.server.recv(1)
    pair.route.cut("client->server")
    pair.server.close()
    return _client(pair, State.TIME_WAIT, Timer.TIMEWAIT, owned=False)


def bound_inactive(lab: Lab, family: int) -> Specimen:
    """Bind and do nothing: in a dump only where the kernel knows BOUND_INACTIVE (Linux 6.8)."""
    made = lab.client.socket(family)
    made.bind((lab.client.address(family), 0))
    return _of(lab.client, State.UNCONN, made, _nobody(family))


def wait_for_state(made: socket.socket, state: State) -> None:
    """Wait until an open socket is in a state; KernelError after 5 s."""
    _wait(lambda: _tcp_info(made)[0] == state, f"a socket did not reach {state.label}")


def _fill(made: socket.socket) -> None:
    made.setblocking(False)
    for _ in range(1000):
        try:
            made.send(bytes(65536))
        except BlockingIOError:
            break
    # Nothing unacknowledged but the buffer full: only then the persist timer takes over.
    _wait(lambda: not any(_tcp_info(made)[_UNACKED]), "the peer's window did not close")


def _tcp_info(made: socket.socket) -> bytes:
    return made.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)


def _wait(condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise KernelError(f"{complaint} within {_PATIENCE_S:.0f} s")
        time.sleep(0.002)


def _client(pair: Pair, state: State, timer: Timer = Timer.OFF, *, owned: bool = True) -> Specimen:
    kept = (pair.client, pair.server)
    return Specimen(pair.route.client_host, state, pair.client_end, pair.server_end, timer, owned, kept)


def _server(pair: Pair, state: State, timer: Timer = Timer.OFF, *, owned: bool = True) -> Specimen:
    kept = (pair.client, pair.server)
    return Specimen(pair.route.server_host, state, pair.server_end, pair.client_end, timer, owned, kept)


def _of(
    host: Host, state: State, made: socket.socket, remote: Endpoint, timer: Timer = Timer.OFF
) -> Specimen:
    return Specimen(host, state, endpoint(made), remote, timer, kept=(made,))


def _nobody(family: int) -> Endpoint:
    return ("::" if family == socket.AF_INET6 else "0.0.0.0"), 0  # noqa: S104 - how a dump says "no peer"


_RECIPES: Final = (
    listen,
    syn_sent,
    syn_recv,
    syn_recv_full,
    estab,
    estab_unaccepted,
    estab_unacked,
    estab_persist,
    estab_keepalive,
    estab_mapped,
    estab_with_itself,
    fin_wait_1,
    fin_wait_1_owned,
    fin_wait_1_persist,
    fin_wait_2,
    fin_wait_2_owned,
    fin_wait_2_two_phase,
    close_wait,
    close_wait_unread,
    last_ack,
    closing,
    time_wait,
    time_wait_on_server,
    time_wait_on_both,
    time_wait_restarting,
    bound_inactive,
)

EVERY_STATE: Final[dict[str, Callable[[Lab], Specimen]]] = {
    f"{recipe.__name__}/{version}": partial(recipe, family=family)
    for recipe in _RECIPES
    for version, family in (("v4", socket.AF_INET), ("v6", socket.AF_INET6))
}
"""Every recipe for both families, for example ``fin_wait_2/v4``; those named v6 need a lab with ``ipv6``."""
