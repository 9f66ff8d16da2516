"""The minute before and the minute after a snapshot, read from the clocks of its sockets.

A TIME-WAIT with 43 s left began 17 s ago: times left are the close rate of the past minute and the drain of
the next. What began earlier than one life ago is gone without a trace and can only be estimated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.states import State
from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Rows

MINUTE_S: Final = 60
_OLDEST_SHARE: Final = 6


def drain(snapshot: Snapshot, rows: Rows, seconds: int = MINUTE_S) -> NDArray[np.int64]:
    """Return how many of the sockets are left after 0, 1, ... ``seconds`` s if none is added.

    A clock that shows 0 has not rung yet (the timer wheel rounds up): such a socket counts until after 1 s.
    """
    left = snapshot.left_ms[rows]
    mortal = left[left != NO_END]
    second = np.clip(-(-mortal.astype(np.int64) // 1000), 1, seconds + 1)
    gone = np.cumsum(np.bincount(second, minlength=seconds + 2))[: seconds + 1]
    return len(rows) - gone


def past(snapshot: Snapshot, rows: Rows, seconds: int = MINUTE_S) -> NDArray[np.int64]:
    """Estimate how many sockets there were ``seconds``, ..., 1 s ago.

    Those still here are counted by their age. Those that have ended since are estimated from the close rate
    of the oldest sixth of a life: exact for a steady load and for one that began within the last life.
    """
    age = _ages_ms(snapshot, rows)
    ago = np.arange(seconds, 0, -1)
    there = len(rows) - np.searchsorted(np.sort(age), ago * 1000)
    oldest_ms = snapshot.life_ms // _OLDEST_SHARE
    rate = np.count_nonzero(age >= snapshot.life_ms - oldest_ms) / oldest_ms * 1000
    return there + np.rint(rate * ago).astype(np.int64)


def closed_within(snapshot: Snapshot, rows: Rows, seconds: int) -> int:
    """Count the TIME-WAITs that began in the last ``seconds`` s."""
    return int(np.count_nonzero(_ages_ms(snapshot, rows) < seconds * 1000))


def _ages_ms(snapshot: Snapshot, rows: Rows) -> NDArray[np.int64]:
    """Return since when those in TIME-WAIT have been in it."""
    waiting = rows[snapshot.sockets.state[rows] == State.TIME_WAIT]
    age: NDArray[np.int64] = np.maximum(snapshot.life_ms - snapshot.left_ms[waiting].astype(np.int64), 0)
    return age
