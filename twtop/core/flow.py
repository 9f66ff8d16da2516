"""How sockets move from state to state: what two snapshots show by cookie, and what they cannot show.

Between two snapshots a connection may pass several states, and only the last of them is seen. Most of what it
passed on its way is certain (RFC 9293 figure 5). What came and went between the two is seen by the kernel's
counters alone: ``ActiveOpens`` grows when connect() has sent its SYN (net/ipv4/tcp_output.c: tcp_connect),
``PassiveOpens`` when a handshake is complete (tcp_minisocks.c: tcp_create_openreq_child).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from twtop.core.lookup import find
from twtop.core.states import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.changes import Moment
    from twtop.core.sockets import U8, Mask

Matrix: TypeAlias = "NDArray[np.int64]"
"""Numbers by old state and new state."""

STATES: Final = 16
NOWHERE: Final = 0
"""In place of a state: the socket is in no list, because it is not there yet or not there any more."""

_CAME_FROM: Final[dict[int, int]] = {
    State.SYN_SENT: NOWHERE,
    State.SYN_RECV: NOWHERE,
    State.FIN_WAIT_1: State.ESTAB,
    State.FIN_WAIT_2: State.FIN_WAIT_1,
    State.CLOSING: State.FIN_WAIT_1,
    State.TIME_WAIT: State.FIN_WAIT_1,
    State.CLOSE_WAIT: State.ESTAB,
    State.LAST_ACK: State.CLOSE_WAIT,
}
"""The last state that a socket must have passed; of ESTAB it depends on who opened.

From FIN-WAIT-1 three ways lead to TIME-WAIT: by FIN-WAIT-2, by CLOSING, and at once, where one segment brings
both ACK and FIN. What RFC 9293 allows and nobody does is left out: simultaneous open, close() in SYN-RECV.
"""

_ENDING: Final = (State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK, State.TIME_WAIT)
_UNCONNECTED: Final = (NOWHERE, State.UNCONN, State.LISTEN)


@dataclass(frozen=True, slots=True, eq=False)
class Transitions:
    """What happened to sockets between two snapshots."""

    moves: Matrix
    """Sockets by the state that they had and the state that they have, where these differ."""
    passes: Matrix
    """The same, with every move split into the steps that it must have taken."""
    opened: int
    """Connections seen now whose opening the kernel counted between the two (ActiveOpens, PassiveOpens)."""

    @property
    def ended(self) -> int:
        """Connections that opened after the first snapshot and were closing or closed in the second."""
        return int(self.moves[NOWHERE, _ENDING].sum())

    @property
    def failed(self) -> int:
        """Attempts to connect that were there and are no more."""
        return int(self.moves[State.SYN_SENT, (NOWHERE, State.UNCONN)].sum())


def transitions(moment: Moment) -> Transitions:
    """Count how sockets moved since the snapshot before; nothing did in the first one."""
    rows = np.flatnonzero(moment.born)
    now = moment.snapshot.sockets
    cookies, state = now.cookie[rows], _number(now.state[rows])
    gone = moment.gone
    order = np.argsort(gone.cookie)
    at, known = find(cookies, gone.cookie[order])
    origin = order[at[known]]
    before = np.full(len(rows), NOWHERE)
    before[known] = _number(gone.state[origin])
    half_open = np.zeros(len(rows), np.bool_)
    half_open[known] = _half_open(gone.state[origin], gone.inode[origin])
    vanished = np.ones(len(gone), np.bool_)
    vanished[origin] = False
    place = (moment.snapshot.server[rows] * STATES + before) * STATES + state
    tally = np.bincount(place, minlength=2 * STATES * STATES).reshape(2, STATES, STATES)
    tally[0, :, NOWHERE] = np.bincount(_number(gone.state[vanished]), minlength=STATES)
    unopened = half_open | np.isin(before, _UNCONNECTED) | (state == State.SYN_SENT)
    open_now = ~np.isin(state, _UNCONNECTED) & ~_half_open(now.state[rows], now.inode[rows])
    return Transitions(tally.sum(axis=0), _passes(tally), int(np.count_nonzero(unopened & open_now)))


def _number(state: U8) -> NDArray[np.intp]:
    """Return the place of states in a matrix; what no kernel has yet shares the last one."""
    return np.minimum(state, STATES - 1).astype(np.intp)


def _half_open(state: U8, inode: NDArray[np.uint32]) -> Mask:
    """Tell which are minis in SYN-RECV: PassiveOpens counts them when the handshake is complete.

    A full socket in SYN-RECV was counted before: simultaneous open, TCP Fast Open.
    """
    found: Mask = (state == State.SYN_RECV) & (inode == 0)
    return found


def _passes(tally: NDArray[np.int64]) -> Matrix:
    passes = np.zeros((STATES, STATES), np.int64)
    for server, old, new in np.argwhere(tally).tolist():
        for step in steps(old, new, server=bool(server)):
            passes[step] += tally[server, old, new]
    return passes


@cache
def steps(old: int, new: int, *, server: bool) -> tuple[tuple[int, int], ...]:
    """Return the transitions that lie between two states, the first one first; one where nothing is certain.

    ``server``: whether this host opened passively; it matters where neither SYN-SENT nor SYN-RECV was seen.
    """
    opener = State.SYN_RECV if old == State.SYN_RECV or (server and old == NOWHERE) else State.SYN_SENT
    came_from = _CAME_FROM | {State.ESTAB: opener, State.SYN_SENT: old if old == State.UNCONN else NOWHERE}
    path: list[tuple[int, int]] = []
    at = new
    while at != old:
        if at not in came_from:
            return ((old, new),)
        path.insert(0, (came_from[at], at))
        at = came_from[at]
    return tuple(path)
