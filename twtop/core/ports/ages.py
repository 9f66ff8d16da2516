"""The minute before a snapshot, read from the ages of its TIME-WAITs.

One with 43 s left began 17 s ago: times left are the close rate of the past minute. What began earlier than
one life ago is gone without a trace and can only be estimated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.drain import MINUTE_S
from twtop.core.states import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Rows

_OLDEST_SHARE: Final = 6


def past(snapshot: Snapshot, rows: Rows, seconds: int = MINUTE_S) -> NDArray[np.int64]:
    """Estimate how many sockets there were ``seconds``, ..., 1 s ago.

    Those still here are counted by their age. Those that have ended since are estimated from the close rate
    of the oldest sixth of a life: exact for a steady load and for one that began within the last life.
    """
    age = ages_ms(snapshot, rows)
    ago = np.arange(seconds, 0, -1)
    there = len(rows) - np.searchsorted(np.sort(age), ago * 1000)
    oldest_ms = snapshot.life_ms // _OLDEST_SHARE
    rate = np.count_nonzero(age >= snapshot.life_ms - oldest_ms) / oldest_ms * 1000
    return there + np.rint(rate * ago).astype(np.int64)


def closed_within(snapshot: Snapshot, rows: Rows, seconds: float) -> int:
    """Count the TIME-WAITs that began in the last ``seconds`` s."""
    return int(np.count_nonzero(ages_ms(snapshot, rows) < seconds * 1000))


def ages_ms(snapshot: Snapshot, rows: Rows) -> NDArray[np.int64]:
    """Return for how long those in TIME-WAIT have been in it."""
    waiting = rows[snapshot.sockets.state[rows] == State.TIME_WAIT]
    age: NDArray[np.int64] = np.maximum(snapshot.life_ms - snapshot.left_ms[waiting].astype(np.int64), 0)
    return age
