"""Kinds of sockets by what happens to them when they are closed from outside (SOCK_DESTROY).

Sources: net/ipv4/tcp.c (``tcp_abort``, ``tcp_need_reset``), net/ipv4/inet_connection_sock.c
(``inet_csk_listen_stop``), RFC 9293 section 3.10.5 (ABORT); each was tried on Linux 6.18.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.states import State, Timer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from twtop.core.sockets import U8, Sockets


class Kind(IntEnum):
    """What is closed in one way; those that are a whole state have its number."""

    ESTAB = State.ESTAB
    SYN_SENT = State.SYN_SENT
    SYN_RECV = State.SYN_RECV
    """A full socket: simultaneous open, TCP Fast Open."""
    FIN_WAIT_1 = State.FIN_WAIT_1
    FIN_WAIT_2 = State.FIN_WAIT_2
    """A full socket: half-closed, or an orphan in the first phase of two."""
    TIME_WAIT = State.TIME_WAIT
    BOUND = State.UNCONN
    CLOSE_WAIT = State.CLOSE_WAIT
    LAST_ACK = State.LAST_ACK
    LISTEN = State.LISTEN
    CLOSING = State.CLOSING
    HALF_OPEN = 12
    """SYN-RECV as a mini-socket, in the kernel TCP_NEW_SYN_RECV."""
    UNACCEPTED = 13
    """ESTAB or CLOSE-WAIT in an accept queue."""
    FIN_WAIT_2_MINI = 14
    UNKNOWN = 15
    """A state that this twtop does not know."""

    @property
    def fate(self) -> Fate:
        """What happens to it."""
        return _FATES[self]


class Fate(NamedTuple):
    """What happens when a socket is closed, in words for a dialog."""

    name: str
    """As ``ss`` names the state, and what sets these apart in it."""
    peer: str
    program: str
    """What becomes of the program that holds it, or of something else here; empty for nothing."""

    @property
    def text(self) -> str:
        """All of it, in one line."""
        return f"{self.peer}; {self.program}" if self.program else self.peer


_RST: Final = "peer gets a RST (ECONNRESET)"
_ABORTED: Final = "the program gets ECONNABORTED; data on the way is lost"

_FATES: Final[Mapping[Kind, Fate]] = {
    Kind.LISTEN: Fate(
        State.LISTEN.label,
        "connections in its queue get a RST",
        "accept() fails with EINVAL; the port stays taken until the program ends",
    ),
    Kind.SYN_SENT: Fate(State.SYN_SENT.label, "no packet", "connect() fails with ECONNABORTED"),
    Kind.SYN_RECV: Fate("SYN-RECV, full", _RST, "connect() or accept() fails"),
    Kind.HALF_OPEN: Fate(State.SYN_RECV.label, "no packet", "comes back with the peer's next packet"),
    Kind.ESTAB: Fate(State.ESTAB.label, _RST, _ABORTED),
    Kind.UNACCEPTED: Fate("not accepted", _RST, "the program still accepts it, and finds it dead"),
    Kind.FIN_WAIT_1: Fate(State.FIN_WAIT_1.label, _RST, "what the peer has not acknowledged is lost"),
    Kind.FIN_WAIT_2: Fate(State.FIN_WAIT_2.label, "peer gets a RST (EPIPE)", "its answer is lost"),
    Kind.FIN_WAIT_2_MINI: Fate(
        "FIN-WAIT-2, orphan", "no packet; a RST when the peer sends or closes", "its ports are free at once"
    ),
    Kind.CLOSE_WAIT: Fate(
        State.CLOSE_WAIT.label,
        "peer gets a RST, if it is still there",
        "the program gets ECONNABORTED, and keeps its descriptor",
    ),
    Kind.CLOSING: Fate(State.CLOSING.label, "no packet; a RST when the peer sends again", ""),
    Kind.LAST_ACK: Fate(
        State.LAST_ACK.label, "no packet", "a peer that missed our FIN waits for it, until it gives up"
    ),
    Kind.TIME_WAIT: Fate(
        State.TIME_WAIT.label,
        "no packet, but its protection is lost",
        "old duplicates can enter a new connection; a peer in LAST-ACK gets a RST, not the ACK it waits for",
    ),
    Kind.BOUND: Fate("UNCONN, bound", "nothing", "the kernel cannot close it"),
    Kind.UNKNOWN: Fate("unknown state", "unknown", ""),
}


def _tabulate() -> NDArray[np.uint8]:
    """Return the kinds by state, whether the timer is that of a mini-socket, and whether nobody holds it."""
    table = np.full((16, 2, 2), Kind.UNKNOWN, np.uint8)
    for state in State:
        table[state] = state
    table[State.SYN_RECV, :, 1] = Kind.HALF_OPEN
    table[[State.ESTAB, State.CLOSE_WAIT], :, 1] = Kind.UNACCEPTED
    table[State.FIN_WAIT_2, 1] = Kind.FIN_WAIT_2_MINI
    return table


_KINDS: Final = _tabulate()
_STATES: Final = 0xF


def kinds_of(sockets: Sockets) -> U8:
    """Return the kind of each socket."""
    mini, orphan = sockets.timer == Timer.TIMEWAIT, sockets.inode == 0
    kinds: U8 = _KINDS[sockets.state & _STATES, mini.view(np.uint8), orphan.view(np.uint8)]
    return kinds


def kind_of(state: int, timer: int, inode: int) -> Kind:
    """Return the kind of one socket."""
    return Kind(int(_KINDS[state & _STATES, int(timer == Timer.TIMEWAIT), int(inode == 0)]))


def kind_at(sockets: Sockets, row: int) -> Kind:
    """Return the kind of one row."""
    return kind_of(int(sockets.state[row]), int(sockets.timer[row]), int(sockets.inode[row]))


FULL_ORPHANS: Final = (Kind.FIN_WAIT_1, Kind.FIN_WAIT_2, Kind.LAST_ACK, Kind.CLOSING)
"""They are full sockets without a program where their inode is 0."""
