"""The facts that tell what sockets in one state mean: who holds them, what their timers and queues say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    from twtop.core.changes import Moment
    from twtop.core.sockets import Mask, Rows

Inode: TypeAlias = Literal["zero", "nonzero", "mixed"]
Role: TypeAlias = Literal["client", "server", "mixed"]

_Word = TypeVar("_Word", bound=str)


@dataclass(frozen=True, slots=True)
class RowSignature:
    """The facts about a row of the screen: one socket, or a group in one state.

    `inode` says whether the sockets have one (zero: no descriptor holds them). `timers` are kernel codes.
    `max_retrans`, `rqueue` and `wqueue` are the largest of the row. `restarted`: a timer went up.
    """

    inode: Inode = "zero"
    timers: frozenset[int] = frozenset()
    max_retrans: int = 0
    rqueue: int = 0
    wqueue: int = 0
    restarted: bool = False
    role: Role = "mixed"
    count: int = 1

    @property
    def mixed(self) -> frozenset[str]:
        """The facts in which the sockets of the row may differ."""
        differing = {
            "inode": self.inode == "mixed",
            "role": self.role == "mixed",
            "timer": len(self.timers) > 1,
        }
        return frozenset(name for name, differs in differing.items() if differs)


def signature(moment: Moment, rows: Rows) -> RowSignature:
    """Return the signature of the sockets in the given rows: at least one, all in the same state."""
    snapshot = moment.snapshot
    sockets = snapshot.sockets
    return RowSignature(
        inode=_common(sockets.inode[rows] != 0, "nonzero", "zero"),
        timers=frozenset(np.flatnonzero(np.bincount(sockets.timer[rows])).tolist()),
        max_retrans=int(sockets.retrans[rows].max()),
        rqueue=int(sockets.rqueue[rows].max()),
        wqueue=int(sockets.wqueue[rows].max()),
        restarted=bool(moment.restarted[rows].any()),
        role=_common(snapshot.server[rows], "server", "client"),
        count=len(rows),
    )


def _common(fact: Mask, true: _Word, false: _Word) -> _Word | Literal["mixed"]:
    """Return the word for a fact that is true or false of all sockets."""
    if fact.all():
        return true
    return "mixed" if fact.any() else false
