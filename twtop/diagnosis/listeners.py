"""Listening sockets: how long their accept queues have been, and ports that connections took from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.address import endpoint_text
from twtop.core.lookup import find
from twtop.core.roles import WILDCARDS, ports_of
from twtop.core.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.changes import Moment, Seconds
    from twtop.core.sockets import U32, Mask, Rows, Sockets

SETTLED_S: Final = 10.0
"""A listener seen for less may be one of those that come and go, as for the data of FTP."""
_REMEMBERED_S: Final = 600.0
_MOST: Final = 64
_FIRST_USER_PORT: Final = 1024
"""RFC 6335: below are the ports of the system, which no client gets."""


class Vanished(NamedTuple):
    """A port on which somebody listened, and nobody does any more."""

    local_hi: int
    local_lo: int
    port: int
    seen_s: float
    """Monotonic time of the last snapshot in which it was listened on."""
    taken: frozenset[int]
    """Cookies of connections that began from it since."""

    @property
    def name(self) -> str:
        """The address that was listened on: ``10.0.0.1:8080``."""
        return endpoint_text(self.local_hi, self.local_lo, self.port)


@dataclass(frozen=True, slots=True, eq=False)
class Listeners:
    """The listening sockets of one instant; all columns in the same order."""

    rows: Rows
    sockets: Sockets
    """Those rows: Recv-Q is the accept queue, Send-Q the backlog."""
    known_s: Seconds
    """For how long each has been seen."""
    vanished: tuple[Vanished, ...]

    @property
    def full(self) -> Mask:
        """Whose accept queue takes nobody any more (include/net/sock.h, sk_acceptq_is_full)."""
        return self.sockets.rqueue > self.sockets.wqueue


def listeners(moment: Moment, rows: Rows, before: Listeners | None) -> Listeners:
    """Gather the listening sockets in ``rows``; ``before`` are those of the snapshot before."""
    sockets, known_s = moment.snapshot.sockets.take(rows), moment.known_s[rows]
    vanished = () if before is None else _vanished(moment, ports_of(sockets, np.arange(len(rows))), before)
    return Listeners(rows, sockets, known_s, vanished)


def most_waiting(now: Listeners, past: Sequence[Listeners]) -> U32:
    """Return the longest accept queue that each listener was seen with, now or in the past."""
    most = now.sockets.rqueue.copy()
    busy = [old for old in past if old.sockets.rqueue.any()]
    if busy and len(most):
        order = np.argsort(now.sockets.cookie)
        cookies = np.concatenate([old.sockets.cookie for old in busy])
        waiting = np.concatenate([old.sockets.rqueue for old in busy])
        at, known = find(cookies, now.sockets.cookie[order])
        np.maximum.at(most, order[at[known]], waiting[known])
    return most


def _vanished(moment: Moment, listened: Mask, before: Listeners) -> tuple[Vanished, ...]:
    """Carry on what has vanished, without ports that are listened on again."""
    now_s = moment.snapshot.instant_s
    went = np.flatnonzero(~listened[before.sockets.local_port] & (before.known_s >= SETTLED_S))
    old = before.sockets
    new = [
        Vanished(int(old.local_hi[at]), int(old.local_lo[at]), int(old.local_port[at]), now_s, frozenset())
        for at in went[:_MOST]
    ]
    kept = [was for was in before.vanished if not listened[was.port] and was.seen_s > now_s - _REMEMBERED_S]
    every = [_taken(moment, was, just_now=False) for was in kept]
    every += [_taken(moment, was, just_now=True) for was in new]
    return tuple(every[-_MOST:])


def _taken(moment: Moment, was: Vanished, *, just_now: bool) -> Vanished:
    """Add the connections that began from the port in this moment, and forget those that are gone.

    Without a listener nobody but connect() begins one. In the moment in which the listener went, it may have
    been its own last one: then only what goes to a service counts.
    """
    sockets = moment.snapshot.sockets
    rows = np.flatnonzero(sockets.local_port == was.port)
    rows = rows[~np.isin(sockets.state[rows], (State.SYN_RECV, State.UNCONN))]
    rows = rows[_conflicts(sockets, rows, was)]
    born = moment.born[rows] & ~np.isin(sockets.cookie[rows], moment.gone.cookie)
    if just_now:
        born[born] = [_goes_to_service(sockets, row) for row in rows[born].tolist()]
    still = was.taken.intersection(sockets.cookie[rows].tolist())
    return was._replace(taken=still.union(sockets.cookie[rows[born]].tolist()))


def _goes_to_service(sockets: Sockets, row: int) -> bool:
    """Tell whether a connection goes where servers are: others go there too, or it is not answered yet."""
    if sockets.state[row] == State.SYN_SENT or sockets.remote_port[row] < _FIRST_USER_PORT:
        return True
    same = sockets.remote_port == sockets.remote_port[row]
    same &= sockets.remote_lo == sockets.remote_lo[row]
    same &= sockets.remote_hi == sockets.remote_hi[row]
    return bool(np.any(sockets.local_port[same] != sockets.local_port[row]))


def _conflicts(sockets: Sockets, rows: Rows, was: Vanished) -> Mask:
    """Tell which sockets keep bind() from the address: same address, or it was any."""
    if was.local_hi == 0 and was.local_lo in WILDCARDS:
        return np.ones(len(rows), np.bool_)
    same: Mask = sockets.local_lo[rows] == np.uint64(was.local_lo)
    same &= sockets.local_hi[rows] == np.uint64(was.local_hi)
    return same
