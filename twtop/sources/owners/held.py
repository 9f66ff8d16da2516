"""The sockets that somebody may hold, and those of them whose holder is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np

from twtop.core.lookup import find
from twtop.core.roles import port_table
from twtop.core.states import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.sockets import U16, U32, U64, Mask, Rows, Sockets

_NOBODY: Final = np.zeros(0, np.uint32)


class Held(NamedTuple):
    """What the search needs of a snapshot, copied: the whole of it would stay in memory too long."""

    inode: U32
    local_port: U16
    remote_port: U16
    uid: U32
    cgroup: U64
    listens: Mask

    @classmethod
    def of(cls, sockets: Sockets) -> Self:
        """Take the sockets that have an inode, or at least a cgroup."""
        rows = np.flatnonzero((sockets.inode != 0) | (sockets.cgroup != 0))
        return cls(
            sockets.inode[rows],
            sockets.local_port[rows],
            sockets.remote_port[rows],
            sockets.uid[rows],
            sockets.cgroup[rows],
            sockets.state[rows] == State.LISTEN,
        )


class Unknown:
    """Sockets whose holder is unknown, by inode, and since when; for one thread.

    A socket is sought until every process has been read since it was first there. Then it is missed, and not
    sought any more: if somebody gets hold of it, it is found when that process is read again anyway.
    """

    def __init__(self) -> None:
        self._inode = _NOBODY
        self._since_s = np.zeros(0)
        self._found = np.zeros(0, np.bool_)
        self._read_s = -np.inf
        self._sought = 0
        self.newest_s = -np.inf
        """When the last of those that are sought was first there."""

    @property
    def sought(self) -> int:
        """How many are not found yet and have not been missed."""
        return self._sought

    @property
    def nbytes(self) -> int:
        """The memory of all arrays."""
        return self._inode.nbytes + self._since_s.nbytes + self._found.nbytes

    @property
    def missed(self) -> int:
        """How many no process was found for."""
        return int(np.count_nonzero(~self._found & (self._since_s <= self._read_s)))

    def see(self, inode: U32, now_s: float, oldest_read_s: float) -> None:
        """Replace all by these, which are there now; ``oldest_read_s`` is when the last pass began."""
        inode = np.unique(inode)
        since_s = np.full(len(inode), now_s)
        at, known = find(inode, self._inode)
        since_s[known] = self._since_s[at[known]]
        self._inode, self._since_s = inode, since_s
        self._found = np.zeros(len(inode), np.bool_)
        sought = self._renew(oldest_read_s)
        self.newest_s = float(since_s[sought].max()) if self._sought else -np.inf

    def find(self, sockets: U32) -> int:
        """Note that the holder of these sockets is known now; return how many of them were sought."""
        if not self._sought or not sockets.size:
            return 0
        at, known = find(sockets, self._inode)
        at = at[known & ~self._found[at] & (self._since_s[at] > self._read_s)]
        self._found[at] = True
        self._sought -= len(at)
        return len(at)

    def end_pass(self, oldest_read_s: float) -> None:
        """Miss those that were there before the first reading of this pass."""
        self._renew(oldest_read_s)

    def _renew(self, oldest_read_s: float) -> Mask:
        self._read_s = oldest_read_s
        sought = ~self._found & (self._since_s > oldest_read_s)
        self._sought = int(np.count_nonzero(sought))
        return sought


def missing(wanted: U32, inode: U32) -> tuple[Rows, Mask]:
    """Return where sockets stand in an ascending array of inodes, and which are not in it; 0 is no socket."""
    at, known = find(wanted, inode)
    return at, ~known & (wanted != 0)


def likeness(held: Held, slot: U32, known: Mask, unknown: Mask, count: int) -> NDArray[np.intp]:
    """Count, for each of ``count`` holders, the sockets it has that are like those unknown.

    That is, accepted at the same port or connected to the same remote port. ``slot`` is the holder of each
    known socket.
    """
    ours = port_table(held.local_port[held.listens])[held.local_port]
    local = port_table(held.local_port[unknown & ours])
    remote = port_table(held.remote_port[unknown & ~ours])
    # Who is not connected has no remote port.
    remote[0] = False
    like = known & np.where(ours, local[held.local_port], remote[held.remote_port])
    return np.bincount(slot[like], minlength=count)
