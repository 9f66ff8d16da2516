"""A few words beside a line, for what its numbers alone do not say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.format import count_text
from twtop.core.states import State, Timer
from twtop.core.timers import in_first_phase

if TYPE_CHECKING:
    from twtop.core.changes import Moment
    from twtop.core.sockets import Rows, Sockets


OWN_SESSION: Final = "this session"
"""What is said of the SSH connection that twtop is used over, and of a group that holds it."""


def holds_own_session(moment: Moment, rows: Rows) -> bool:
    """Tell whether twtop is used over one of these sockets."""
    session = moment.snapshot.own_session
    if not session:
        return False
    own, there = moment.snapshot.cookies.find(np.array(session, np.uint64))
    # One row or two, in rows that may be all there are: this is drawn with every line.
    return any(bool((rows == row).any()) for row in own[there].tolist())


def socket_note(moment: Moment, row: int) -> str:
    """Say what one socket's signature means, in a few words."""
    sockets = moment.snapshot.sockets
    state, timer = int(sockets.state[row]), int(sockets.timer[row])
    orphan = sockets.inode[row] == 0
    match state:
        case State.TIME_WAIT:
            return "restarted" if moment.restarted[row] else ""
        case State.FIN_WAIT_2:
            return _fin_wait_2_face(sockets, row)
        case State.ESTAB | State.CLOSE_WAIT if orphan:
            return "not accepted"
        case State.CLOSE_WAIT if timer == Timer.OFF:
            return "EOF not read" if sockets.rqueue[row] else "close() missing"
        case State.LISTEN if moment.snapshot.tells_backlogs and sockets.rqueue[row] > sockets.wqueue[row]:
            return "accept queue full"
        case _ if timer == Timer.PERSIST:
            return "peer not reading"
    return "orphan" if orphan and state in (State.FIN_WAIT_1, State.LAST_ACK, State.CLOSING) else ""


def _fin_wait_2_face(sockets: Sockets, row: int) -> str:
    timer = int(sockets.timer[row])
    if timer == Timer.TIMEWAIT:
        return "orphan"
    if timer == Timer.KEEPALIVE and sockets.inode[row] == 0:
        return "orphan, phase 1 of 2"
    return "half-closed, no limit"


def group_note(moment: Moment, state: int | None, rows: Rows) -> str:
    """Say what stands out among the sockets of a group; ``state`` is None where they differ in it."""
    sockets = moment.snapshot.sockets
    restarted = int(np.count_nonzero(moment.restarted[rows]))
    if state == State.TIME_WAIT and restarted:
        return f"{count_text(restarted)} restarted"
    if state == State.FIN_WAIT_2:
        return _faces(sockets, rows)
    if state == State.CLOSE_WAIT:
        unread = int(np.count_nonzero(sockets.rqueue[rows]))
        return f"{count_text(unread)} EOF not read" if unread else "close() missing"
    if state == State.LISTEN and moment.snapshot.tells_backlogs:
        full = int(np.count_nonzero(sockets.rqueue[rows] > sockets.wqueue[rows]))
        return f"{count_text(full)} queue full" if full else ""
    if state == State.ESTAB:
        waiting = int(np.count_nonzero(sockets.inode[rows] == 0))
        return f"{count_text(waiting)} not accepted" if waiting else ""
    return ""


def _faces(sockets: Sockets, rows: Rows) -> str:
    chosen = sockets.take(rows)
    mini = int(np.count_nonzero(chosen.timer == Timer.TIMEWAIT))
    first = int(np.count_nonzero(in_first_phase(chosen)))
    owned = len(rows) - mini - first
    faces = ((mini, "orphan"), (first, "phase 1 of 2"), (owned, "half-closed"))
    return ", ".join(f"{count_text(number)} {face}" for number, face in faces if number)
