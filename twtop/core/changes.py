"""What happened between two snapshots of the same namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from twtop.core.sockets import Sockets
from twtop.core.states import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U32, Mask, Rows

Seconds: TypeAlias = "NDArray[np.float32]"

READING_MS: Final = 500
"""Two readings of a timer may differ from the clock by this much, and by as long as a dump takes."""

_LONGEST_MS = (1 << 32) - 1


Attribute: TypeAlias = "Callable[[Snapshot | None, Snapshot, Rows, Mask], Snapshot]"
"""Takes the snapshot before, the one of now, where its sockets were before and whether they were there."""


def _unattributed(_before: Snapshot | None, now: Snapshot, _at: Rows, _there: Mask) -> Snapshot:
    return now


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A snapshot and what changed since the one before."""

    snapshot: Snapshot
    seconds: float
    """Time since the snapshot before, 0 for the first."""
    born: Mask
    """Per socket: was not there, or not in this state."""
    gone: Sockets
    """The sockets of the snapshot before that are not there any more, or not in that state."""
    gone_server: Mask
    """Per gone socket: this host was the server side."""
    restarted: Mask
    """Per socket: a TIME-WAIT whose timer was once seen to go up."""
    known_s: Seconds
    """Per socket: for how long it has been seen in this state, 0 where this snapshot is the first."""


def follow(before: Moment | None, now: Snapshot, attribute: Attribute = _unattributed) -> Moment:
    """Compare a snapshot with the moment before it; ``attribute`` gives the sockets their owners."""
    count = len(now.sockets)
    if before is None:
        now = attribute(None, now, np.zeros(count, np.intp), np.zeros(count, np.bool_))
        nothing = np.zeros(count, np.bool_)
        no_gone = np.zeros(0, np.bool_)
        return Moment(now, 0.0, nothing, Sockets.empty(), no_gone, nothing, np.zeros(count, np.float32))
    old = before.snapshot
    seconds = now.instant_s - old.instant_s
    at, there = old.cookies.find(now.sockets.cookie)
    now = attribute(old, now, at, there)
    survived = there & (old.sockets.state[at] == now.sockets.state) if len(old.sockets) else there
    rows = np.flatnonzero(survived)
    old_rows = at[rows]
    stayed = np.zeros(len(old.sockets), np.bool_)
    stayed[old_rows] = True
    gone_rows = np.flatnonzero(~stayed)
    restarted = np.zeros(count, np.bool_)
    if before.restarted.any():
        restarted[rows] = before.restarted[old_rows]
    shown = _less(now.sockets.expires_ms, READING_MS + now.reading_ms)
    rose = rows[shown[rows] > _less(old.sockets.expires_ms, seconds * 1000)[old_rows]]
    restarted[rose[now.sockets.state[rose] == State.TIME_WAIT]] = True
    known_s = np.zeros(count, np.float32)
    known_s[rows] = before.known_s[old_rows] + np.float32(seconds)
    return Moment(
        snapshot=now,
        seconds=seconds,
        born=~survived,
        gone=old.sockets.take(gone_rows),
        gone_server=old.server[gone_rows],
        restarted=restarted,
        known_s=known_s,
    )


def new_connections(moment: Moment) -> Rows:
    """Return the sockets that were in no connection at the snapshot before; none in the first one.

    A connection that has reached TIME-WAIT meanwhile is among them; one that is gone again is not.
    """
    rows = np.flatnonzero(moment.born)
    connected = moment.gone.cookie[moment.gone.state != State.UNCONN]
    new: Rows = rows[~np.isin(moment.snapshot.sockets.cookie[rows], connected)]
    return new


def _less(expires_ms: U32, passed_ms: float) -> U32:
    """Return what timers show after a time; one that shows 0 has not rung yet, and none shows less."""
    passed = np.uint32(min(max(0, round(passed_ms)), _LONGEST_MS))
    return np.maximum(expires_ms, passed) - passed
