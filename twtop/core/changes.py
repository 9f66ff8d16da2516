"""What happened between two snapshots of the same namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twtop.core.sockets import Sockets
from twtop.core.states import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U64, Mask

_RESTART_MARGIN_MS = 500
"""A dump is not one instant: two readings of a timer may differ from the clock by this much."""


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


def follow(before: Moment | None, now: Snapshot) -> Moment:
    """Compare a snapshot with the moment before it; pure."""
    count = len(now.sockets)
    if before is None:
        nothing = np.zeros(count, np.bool_)
        no_gone = np.zeros(0, np.bool_)
        return Moment(now, 0.0, nothing, Sockets.empty(), no_gone, nothing)
    old = before.snapshot
    seconds = now.instant_s - old.instant_s
    at, survived = _find(now.identities.sorted, old.identities.sorted)
    born = np.ones(count, np.bool_)
    rows = now.identities.order[survived]
    born[rows] = False
    old_rows = old.identities.order[at[survived]]
    stayed = np.zeros(len(old.sockets), np.bool_)
    stayed[old_rows] = True
    gone_rows = np.flatnonzero(~stayed)
    restarted = np.zeros(count, np.bool_)
    restarted[rows] = before.restarted[old_rows]
    expected = old.sockets.expires_ms[old_rows].astype(np.int64) - round(seconds * 1000)
    rose = now.sockets.expires_ms[rows] > np.maximum(expected, 0) + _RESTART_MARGIN_MS
    restarted[rows[rose & (now.sockets.state[rows] == State.TIME_WAIT)]] = True
    return Moment(
        snapshot=now,
        seconds=seconds,
        born=born,
        gone=old.sockets.take(gone_rows),
        gone_server=old.server[gone_rows],
        restarted=restarted,
    )


def _find(wanted: U64, ascending: U64) -> tuple[NDArray[np.intp], Mask]:
    """Return where each wanted value stands in an ascending array, and whether it stands there."""
    if not len(ascending):
        return np.zeros(len(wanted), np.intp), np.zeros(len(wanted), np.bool_)
    at = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    return at, ascending[at] == wanted
