"""What is known of every process: when it was read, and which sockets it had then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from twtop.core.lookup import find
from twtop.core.owners.owner import NOBODY, Owner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twtop.core.sockets import U32
    from twtop.kernel.processes.reading import Process

LINGER_S: Final = 5.0
"""So long a socket keeps its last holder after it was seen in nobody's hands."""
_MANAGERS: Final = frozenset({"systemd", "xinetd", "inetd"})
_NOTHING: Final = np.zeros(0, np.uint32)
_ROOM: Final = 64
_HALF: Final = np.uint64(32)
_LOW_HALF: Final = np.uint64(0xFFFF_FFFF)


class Kind:
    """How a process was found when it was read last; no Enum, which is slow to compare."""

    FREE: Final = 0
    """No process has this slot."""
    NEW: Final = 1
    """It was not read yet."""
    HOLDER: Final = 2
    IDLE: Final = 3
    """It had no sockets."""
    REFUSED: Final = 4
    KERNEL: Final = 5
    """A thread of the kernel, which has no descriptors."""


class Hands(NamedTuple):
    """Sockets by inode, ascending, and the slots of their holders."""

    inode: U32
    slot: U32

    @property
    def nbytes(self) -> int:
        """The memory of both."""
        return self.inode.nbytes + self.slot.nbytes


class Ledger:
    """Processes by slot, and holders of sockets; for one thread.

    Where several processes hold one socket, after a fork or because it was passed on, it goes to the one that
    started first, and of two of one tick to the lower pid: to the master of a server and not to its workers,
    to the daemon and not to a shell that it left its sockets to. Who keeps the listeners of those that it
    starts (systemd, inetd) comes last.
    """

    def __init__(self) -> None:
        self.slots: dict[int, int] = {}
        """By pid."""
        self.kind = np.zeros(_ROOM, np.uint8)
        self.read_s = np.zeros(_ROOM)
        """When it was read last; of a new one, when it was not there yet."""
        self.checked_s = np.zeros(_ROOM)
        """When it was read or glanced at last."""
        self.descriptors = np.zeros(_ROOM, np.uint64)
        """What `glance` told when it was read."""
        self.uid = np.zeros(_ROOM, np.uint32)
        self.cgroup = np.zeros(_ROOM, np.uint64)
        """Ids of cgroups, 0 where unknown."""
        self.worth = np.zeros(_ROOM)
        """What reading it brought last: sockets that were sought, a second of its life and of CPU time."""
        self.held = Hands(_NOTHING, _NOTHING)
        """As of the last `settle`."""
        self.holders: tuple[Owner, ...] = ()
        """By slot, as of the last `settle`; another object if anything in it is another."""
        self.changed = False
        """Whether there is anything to settle."""
        self._owners: list[Owner] = []
        self._sockets: list[U32] = []
        self._pids = np.zeros(_ROOM, np.uint32)
        self._starts = np.zeros(_ROOM, np.uint64)
        self._free: list[int] = []
        self._leaving: list[int] = []
        self._past = Hands(_NOTHING, _NOTHING)
        self._past_until_s = np.zeros(0)

    @property
    def size(self) -> int:
        """The number of slots, free ones included."""
        return len(self._owners)

    @property
    def nbytes(self) -> int:
        """The memory of the sockets."""
        sockets = sum(each.nbytes for each in self._sockets)
        return sockets + self.held.nbytes + self._past.nbytes + self._past_until_s.nbytes

    def count(self, kind: int) -> int:
        """Return how many processes are of a kind."""
        return int(np.count_nonzero(self.kind[: self.size] == kind))

    def owner(self, slot: int) -> Owner:
        """Return what was entered last."""
        return self._owners[slot]

    def pid(self, slot: int) -> int:
        """Return the pid of a slot."""
        return int(self._pids[slot])

    def follow(self, pids: Iterable[int], absent_s: float) -> list[int]:
        """Strike out processes that are gone, and take up new ones; return the slots of these.

        ``absent_s`` is when those that are new now were not there yet.
        """
        there = set(pids)
        for pid in self.slots.keys() - there:
            self.strike(pid)
        return [self._take_up(pid, absent_s) for pid in sorted(there.difference(self.slots))]

    def strike(self, pid: int) -> None:
        """Strike out a process that is gone."""
        slot = self.slots.pop(pid)
        self._put(slot, _NOTHING)
        self.kind[slot], self.checked_s[slot] = Kind.FREE, 0
        # Its name stands beside the sockets that it had as long as these linger.
        self._leaving.append(slot)

    def enter(self, process: Process, owner: Owner, cgroup: int, started_s: float) -> int:
        """Enter what was read, from ``started_s`` on; return the slot.

        A process that has taken over the pid of another gets a slot of its own.
        """
        slot = self.slots[process.pid]
        if self._starts[slot] != process.start and self.kind[slot] != Kind.NEW:
            self.strike(process.pid)
            slot = self._take_up(process.pid, started_s)
        self._starts[slot] = process.start
        self.read_s[slot] = self.checked_s[slot] = started_s
        self.descriptors[slot] = process.descriptors
        self.uid[slot], self.cgroup[slot] = process.uid, cgroup
        sockets = _NOTHING if process.sockets is None else process.sockets
        if process.sockets is None:
            self.kind[slot] = Kind.REFUSED
        elif process.is_kernel_thread:
            self.kind[slot] = Kind.KERNEL
        else:
            self.kind[slot] = Kind.HOLDER if sockets.size else Kind.IDLE
        self._put(slot, sockets)
        # What has no sockets any more keeps its name for those that linger.
        if sockets.size and self._owners[slot] != owner:
            self._owners[slot] = owner
            self.changed = True
        return slot

    def needs_settling(self, now_s: float) -> bool:
        """Tell whether `settle` would change anything."""
        return self.changed or bool(len(self._past_until_s) and self._past_until_s[0] <= now_s)

    def settle(self, now_s: float) -> Hands:
        """Give every socket its holder; return them together with what lingers."""
        before, self.held = self.held, self._first_holders()
        self.changed = False
        self._linger(before, now_s)
        if self._leaving:
            self._release()
        owners = tuple(self._owners)
        if owners != self.holders:
            self.holders = owners
        if not len(self._past.inode):
            return self.held
        inode = np.concatenate([self.held.inode, self._past.inode])
        order = np.argsort(inode)
        return Hands(inode[order], np.concatenate([self.held.slot, self._past.slot])[order])

    def _linger(self, before: Hands, now_s: float) -> None:
        """Keep for a while what was held before and is not now."""
        gone = ~find(before.inode, self.held.inode)[1]
        kept = ~find(self._past.inode, self.held.inode)[1] & (self._past_until_s > now_s)
        # Those gone first stand first: only ever the beginning is due.
        self._past = Hands(
            np.concatenate([self._past.inode[kept], before.inode[gone]]),
            np.concatenate([self._past.slot[kept], before.slot[gone]]),
        )
        until_s = np.full(np.count_nonzero(gone), now_s + LINGER_S)
        self._past_until_s = np.concatenate([self._past_until_s[kept], until_s])

    def _release(self) -> None:
        """Free the slots of processes that are gone and whose sockets do not linger any more."""
        lingering = set(self._past.slot.tolist())
        for slot in self._leaving:
            if slot not in lingering:
                self._owners[slot] = NOBODY
                self._free.append(slot)
        self._leaving = [slot for slot in self._leaving if slot in lingering]

    def _first_holders(self) -> Hands:
        slots = np.flatnonzero(self.kind[: self.size] == Kind.HOLDER)
        if not slots.size:
            return Hands(_NOTHING, _NOTHING)
        managing = np.array([self._owners[slot].command in _MANAGERS for slot in slots.tolist()])
        slots = slots[np.lexsort((self._pids[slots], self._starts[slots], managing))]
        sockets = [self._sockets[slot] for slot in slots.tolist()]
        rank = np.repeat(np.arange(len(slots), dtype=np.uint64), [len(each) for each in sockets])
        # One number for both: the lowest of each socket is its first holder.
        both = np.concatenate(sockets).astype(np.uint64) << _HALF | rank
        both.sort()
        inode = (both >> _HALF).astype(np.uint32)
        first = np.ones(len(inode), np.bool_)
        np.not_equal(inode[1:], inode[:-1], out=first[1:])
        return Hands(inode[first], slots.astype(np.uint32)[(both[first] & _LOW_HALF).view(np.intp)])

    def _put(self, slot: int, sockets: U32) -> None:
        if not np.array_equal(self._sockets[slot], sockets):
            self._sockets[slot] = sockets
            self.changed = True

    def _take_up(self, pid: int, absent_s: float) -> int:
        slot = self._free.pop() if self._free else self._add()
        self.slots[pid] = slot
        self._pids[slot], self.kind[slot] = pid, Kind.NEW
        self.read_s[slot] = self.checked_s[slot] = absent_s
        self.worth[slot] = self.descriptors[slot] = 0
        return slot

    def _add(self) -> int:
        slot = self.size
        if slot == len(self.kind):
            self.kind, self.read_s = _doubled(self.kind), _doubled(self.read_s)
            self.checked_s, self.descriptors = _doubled(self.checked_s), _doubled(self.descriptors)
            self.uid, self.cgroup = _doubled(self.uid), _doubled(self.cgroup)
            self._pids, self._starts = _doubled(self._pids), _doubled(self._starts)
            self.worth = _doubled(self.worth)
        self._owners.append(NOBODY)
        self._sockets.append(_NOTHING)
        return slot


def _doubled(column: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([column, np.zeros_like(column)])
