"""What a recipe made, and how it waits for the kernel to get there."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twtop.core.states import State, Timer
from twtop.errors import KernelError
from twtop.lab.host import Endpoint, Host, endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.lab.lab import Pair

_UNACKED: Final = slice(24, 28)  # tcpi_unacked, struct tcp_info in include/uapi/linux/tcp.h
_WINDOW: Final = slice(228, 232)  # tcpi_snd_wnd, from Linux 5.4 on
_PATIENCE_S: Final = 20.0
_SEND_EVERY_S: Final = 0.5


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


def wait_for_state(made: socket.socket, state: State, send: Callable[[], None] | None = None) -> None:
    """Wait until an open socket is in a state; KernelError after 20 s.

    ``send`` sends what brings it there, now and again: a busy machine drops packets (netdev_max_backlog), and
    nobody repeats a segment that no socket sent.
    """
    sent_s = 0.0

    def reached() -> bool:
        nonlocal sent_s
        if send is not None and time.monotonic() > sent_s + _SEND_EVERY_S:
            send()
            sent_s = time.monotonic()
        return _tcp_info(made)[0] == state

    _wait(reached, f"a socket did not reach {state.label}")


def fill(made: socket.socket) -> None:
    """Send until the window of a peer that does not read is closed; the socket is then non-blocking."""
    made.setblocking(False)

    def shut() -> bool:
        # A busy machine delivers late: the buffer may be full before anything is in the peer's.
        with suppress(BlockingIOError):
            for _ in range(1000):
                made.send(bytes(65536))
        # Nothing unacknowledged and no window for what is left: only then the persist timer takes over.
        info = _tcp_info(made)
        return not any(info[_UNACKED] + info[_WINDOW])

    _wait(shut, "the peer's window did not close")


def _tcp_info(made: socket.socket) -> bytes:
    return made.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)


def _wait(condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise KernelError(f"{complaint} within {_PATIENCE_S:.0f} s")
        time.sleep(0.002)


def client_end(pair: Pair, state: State, timer: Timer = Timer.OFF, *, owned: bool = True) -> Specimen:
    """Expect the client's end of a pair."""
    kept = (pair.client, pair.server)
    return Specimen(pair.route.client_host, state, pair.client_end, pair.server_end, timer, owned, kept)


def server_end(pair: Pair, state: State, timer: Timer = Timer.OFF, *, owned: bool = True) -> Specimen:
    """Expect the server's end of a pair."""
    kept = (pair.client, pair.server)
    return Specimen(pair.route.server_host, state, pair.server_end, pair.client_end, timer, owned, kept)


def only_end(
    host: Host, state: State, made: socket.socket, remote: Endpoint, timer: Timer = Timer.OFF
) -> Specimen:
    """Expect a socket whose other end is no socket of ours."""
    return Specimen(host, state, endpoint(made), remote, timer, kept=(made,))


def nobody(family: int) -> Endpoint:
    """Return what a dump shows as the remote end where there is none."""
    return ("::" if family == socket.AF_INET6 else "0.0.0.0"), 0  # noqa: S104 - nothing is bound to it
