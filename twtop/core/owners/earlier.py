"""Owners of connections that are gone, by the two ends that they were between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.mixing import mixed_at
from twtop.core.owners.certainty import Certainty
from twtop.core.roles import is_alone

if TYPE_CHECKING:
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U32, U64, Mask, Rows, Sockets

_PLACES: Final = 1 << 18
"""4 MB in all; what falls on the place of another one takes it."""
_WITHIN_S: Final = 120.0
"""Whoever takes over the ports of a connection that is gone for longer is likely to be another one."""


class Earlier:
    """Remembers whose connections were, in bounded memory, also when nothing else is left of them."""

    def __init__(self) -> None:
        self._key = np.zeros(_PLACES, np.uint64)
        self._owner = np.zeros(_PLACES, np.uint32)
        self._at_s = np.zeros(_PLACES, np.float32)
        self._start_s: float | None = None

    def remember(self, before: Snapshot, at: Rows, there: Mask) -> None:
        """Take note of what is in no list any more; ``at`` are the rows of what is ``there`` still."""
        old = before.sockets
        gone = (old.certainty == Certainty.HELD) | (old.certainty == Certainty.WAS)
        if not gone.any():
            return
        gone[at[there]] = False
        rows = np.flatnonzero(gone)
        rows = rows[old.owners.has_process[old.owner[rows]] & ~is_alone(old.state[rows])]
        key = _ends_key(old, rows)
        place = _place(key)
        self._key[place] = key
        self._owner[place] = old.owner[rows]
        self._at_s[place] = self._clock(before)

    def find(self, now: Snapshot, rows: Rows) -> U32:
        """Return the slots of who had the last connection between the same ends, 0 for nobody."""
        owner = np.zeros(len(rows), np.uint32)
        if self._start_s is None:
            return owner
        key = _ends_key(now.sockets, rows)
        place = _place(key)
        young = self._clock(now) - self._at_s[place] <= _WITHIN_S
        found = (self._key[place] == key) & young
        owner[found] = self._owner[place[found]]
        return owner

    def owners(self) -> U32:
        """Return the slots that are remembered."""
        return self._owner

    def _clock(self, snapshot: Snapshot) -> float:
        """Return the time since the first note: small enough for 32 bits."""
        if self._start_s is None:
            self._start_s = snapshot.instant_s
        return snapshot.instant_s - self._start_s


def _place(key: U64) -> Rows:
    return (key >> np.uint64(64 - (_PLACES - 1).bit_length())).view(np.intp)


def _ends_key(sockets: Sockets, rows: Rows) -> U64:
    return mixed_at(
        [
            sockets.local_hi,
            sockets.local_lo,
            sockets.local_port,
            sockets.remote_hi,
            sockets.remote_lo,
            sockets.remote_port,
            sockets.netns,
        ],
        rows,
    )
