"""One real socket for every state, timer and owner that twtop must tell apart.

Every recipe takes a lab and an address family, and returns what a dump must show. Recipes that lose packets
run on addresses of their own, so that any number of them share one lab.
Sources: RFC 9293 section 3.3.2, net/ipv4/tcp_input.c (tcp_rcv_state_process), tcp.c (tcp_close).
"""

from __future__ import annotations

import socket
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from twtop.core.states import State, Timer
from twtop.lab.host import endpoint
from twtop.lab.segments import send_syn
from twtop.lab.specimen import Specimen, client_end, fill, nobody, only_end, server_end, wait_for_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.lab.lab import Lab


def listen(lab: Lab, family: int) -> Specimen:
    """Make a listener whose accept queue is full: Recv-Q 3, Send-Q 2."""
    route = lab.route(family)
    listener = route.listen(backlog=2)
    waiting = [route.connect(endpoint(listener)[1]) for _ in range(3)]
    return Specimen(lab.server, State.LISTEN, endpoint(listener), nobody(family), kept=(listener, *waiting))


def syn_sent(lab: Lab, family: int) -> Specimen:
    """Ask for a connection that nobody hears of."""
    route = lab.route(family, private=True)
    route.cut("client->server")
    client = route.connect(80, wait=False)
    return only_end(lab.client, State.SYN_SENT, client, (route.server_address, 80), Timer.ON)


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
    ends = (route.server_address, 80), endpoint(client)
    wait_for_state(client, State.SYN_RECV, lambda: send_syn(lab.server, *ends))
    return only_end(lab.client, State.SYN_RECV, client, (route.server_address, 80), Timer.ON)


def estab(lab: Lab, family: int) -> Specimen:
    """Connect, accept, and stay silent."""
    return client_end(lab.pair(family), State.ESTAB)


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
    return client_end(pair, State.ESTAB, Timer.ON)


def estab_persist(lab: Lab, family: int) -> Specimen:
    """Send until the window of a server that does not read is closed."""
    pair = lab.pair(family)
    fill(pair.client)
    return client_end(pair, State.ESTAB, Timer.PERSIST)


def estab_keepalive(lab: Lab, family: int) -> Specimen:
    """Stay silent with keepalive on."""
    pair = lab.pair(family)
    pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return client_end(pair, State.ESTAB, Timer.KEEPALIVE)


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
    return only_end(lab.client, State.ESTAB, client, endpoint(client))


def fin_wait_1(lab: Lab, family: int) -> Specimen:
    """Close, and lose the FIN."""
    pair = lab.pair(family, private=True)
    pair.route.cut("client->server")
    pair.client.close()
    return client_end(pair, State.FIN_WAIT_1, Timer.ON, owned=False)


def fin_wait_1_owned(lab: Lab, family: int) -> Specimen:
    """Shut down for writing, keep the descriptor, and lose the FIN."""
    pair = lab.pair(family, private=True)
    pair.route.cut("client->server")
    pair.client.shutdown(socket.SHUT_WR)
    return client_end(pair, State.FIN_WAIT_1, Timer.ON)


def fin_wait_1_persist(lab: Lab, family: int) -> Specimen:
    """Close while the peer's window is shut: the FIN waits behind the data."""
    pair = lab.pair(family)
    fill(pair.client)
    pair.client.close()
    return client_end(pair, State.FIN_WAIT_1, Timer.PERSIST, owned=False)


def fin_wait_2(lab: Lab, family: int) -> Specimen:
    """Close; the server does not: the kernel keeps a mini for 60 s."""
    pair = lab.pair(family)
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)
    return client_end(pair, State.FIN_WAIT_2, Timer.TIMEWAIT, owned=False)


def fin_wait_2_owned(lab: Lab, family: int) -> Specimen:
    """Shut down for writing and wait for the server without limit."""
    pair = lab.pair(family)
    pair.client.shutdown(socket.SHUT_WR)
    wait_for_state(pair.client, State.FIN_WAIT_2)
    return client_end(pair, State.FIN_WAIT_2)


def fin_wait_2_two_phase(lab: Lab, family: int) -> Specimen:
    """Close with a FIN timeout above 60 s: a minute as an orphan (keepalive), then one as a mini."""
    pair = lab.pair(family)
    pair.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 120)
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)
    return client_end(pair, State.FIN_WAIT_2, Timer.KEEPALIVE, owned=False)


def close_wait(lab: Lab, family: int) -> Specimen:
    """Let the server read the end of the stream and forget to close: Recv-Q 0."""
    pair = lab.pair(family)
    pair.client.close()
    pair.server.recv(1)
    return server_end(pair, State.CLOSE_WAIT)


def close_wait_unread(lab: Lab, family: int) -> Specimen:
    """Let the server not even read the end of the stream: Recv-Q 1."""
    pair = lab.pair(family)
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)
    return server_end(pair, State.CLOSE_WAIT)


def last_ack(lab: Lab, family: int) -> Specimen:
    """Close second, and lose the FIN."""
    pair = lab.pair(family, private=True)
    pair.client.shutdown(socket.SHUT_WR)
    pair.server.recv(1)
    pair.route.cut("server->client")
    pair.server.close()
    return server_end(pair, State.LAST_ACK, Timer.ON, owned=False)


def closing(lab: Lab, family: int) -> Specimen:
    """Close on both sides at once; the server's FIN is lost, the client's arrives."""
    pair = lab.pair(family, private=True)
    pair.route.cut("server->client")
    pair.server.shutdown(socket.SHUT_WR)
    pair.client.shutdown(socket.SHUT_WR)
    wait_for_state(pair.server, State.CLOSING)
    return server_end(pair, State.CLOSING, Timer.ON)


def time_wait(lab: Lab, family: int) -> Specimen:
    """Close first on the client, as most protocols do."""
    pair = lab.pair(family)
    pair.client.close()
    pair.server.recv(1)
    pair.server.close()
    return client_end(pair, State.TIME_WAIT, Timer.TIMEWAIT, owned=False)


def time_wait_on_server(lab: Lab, family: int) -> Specimen:
    """Close first on the server: the TIME-WAIT stands at the listener's port."""
    pair = lab.pair(family)
    pair.server.close()
    pair.client.recv(1)
    pair.client.close()
    return server_end(pair, State.TIME_WAIT, Timer.TIMEWAIT, owned=False)


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
    return client_end(pair, State.TIME_WAIT, Timer.TIMEWAIT, owned=False)


def bound_inactive(lab: Lab, family: int) -> Specimen:
    """Bind and do nothing: in a dump only where the kernel knows BOUND_INACTIVE (Linux 6.8)."""
    made = lab.client.socket(family)
    made.bind((lab.client.address(family), 0))
    return only_end(lab.client, State.UNCONN, made, nobody(family))


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
