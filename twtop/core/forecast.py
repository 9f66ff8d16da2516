"""The minute before and the minute after a snapshot, read from the clocks of its sockets.

A TIME-WAIT with 43 s left began 17 s ago: times left are the close rate of the past minute and the drain of
the next. What began earlier than one life ago is gone without a trace and can only be estimated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twtop.core.states import State
from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Rows

_OLDEST_SHARE = 6


def drain(snapshot: Snapshot, rows: Rows, seconds: int = 60) -> NDArray[np.int64]:
    """Return how many of the sockets are left after 0, 1, ... ``seconds`` s if none is added."""
    left = snapshot.left_ms[rows]
    mortal = left[left != NO_END]
    second = np.minimum(-(-mortal.astype(np.int64) // 1000), seconds + 1)
    gone = np.cumsum(np.bincount(second, minlength=seconds + 2))[: seconds + 1]
    return len(rows) - gone


def past(snapshot: Snapshot, rows: Rows, seconds: int = 60) -> NDArray[np.int64]:
    """Estimate how many sockets there were ``seconds``, ..., 1 s ago.

    Those still here are counted by their age. Those that have ended since are estimated from the close rate
    of the oldest sixth of a life: exact for a steady load and for one that began within the last life.
    """
    waiting = rows[snapshot.sockets.state[rows] == State.TIME_WAIT]
    age = np.maximum(snapshot.life_ms - snapshot.left_ms[waiting].astype(np.int64), 0)
    ago = np.arange(seconds, 0, -1)
    there = len(rows) - np.searchsorted(np.sort(age), ago * 1000)
    oldest_ms = snapshot.life_ms // _OLDEST_SHARE
    rate = np.count_nonzero(age >= snapshot.life_ms - oldest_ms) / oldest_ms * 1000
    return there + np.rint(rate * ago).astype(np.int64)
