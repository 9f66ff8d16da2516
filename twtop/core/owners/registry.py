"""The owners that were met, each with a number of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.owners.owner import NOBODY, Owner, Owners

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twtop.core.sockets import U32

MOST: Final = 50_000
"""Of so many owners, some 20 MB, those that no socket names are forgotten."""
ROOM: Final = 100_000
"""Beyond so many that sockets name, processes are told apart no more: some 40 MB, 64 MB with long names."""
_ROOM_FOR_ALL_ALIKE: Final = 10_000
_U64: Final = 0xFFFF_FFFF_FFFF_FFFF


class Registry:
    """Gives owners their slots.

    A table that was made earlier stays right: slots are taken over by others in new tables only.
    """

    def __init__(self) -> None:
        self._records: list[Owner] = []
        self._slots: dict[Owner, int] = {}
        self._free: list[int] = []
        self._command_numbers: dict[str, int] = {"": 0}
        self._numbers = np.zeros((4, 64), np.uint64)
        self._small = np.zeros(64, np.uint32)
        self._processes = np.zeros(64, np.bool_)
        self._most = MOST
        self.slot(NOBODY)

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def is_crowded(self) -> bool:
        """Whether it is time to `prune`."""
        return len(self) > self._most

    def slot(self, owner: Owner) -> int:
        """Return the slot of an owner; of one that there is no room for, that of all alike."""
        found = self._slots.get(owner)
        if found is None and len(self) >= ROOM:
            owner = owner._replace(pid=0, start=0)
            found = self._slots.get(owner, 0 if len(self) >= ROOM + _ROOM_FOR_ALL_ALIKE else None)
        if found is None:
            found = self._free.pop() if self._free else len(self._records)
            self._put(owner, found)
        return found

    def table(self) -> Owners:
        """Return all owners so far."""
        count = len(self._records)
        identity, command, user, unit = self._numbers[:, :count]
        return Owners(
            self._records, identity, command, user, unit, self._small[:count], self._processes[:count]
        )

    def prune(self, in_use: Iterable[U32]) -> None:
        """Forget the owners that are in none of the columns of slots."""
        kept = np.zeros(len(self._records), np.bool_)
        kept[0] = True
        for slots in in_use:
            kept[slots] = True
        kept_owners = {owner: slot for owner, slot in self._slots.items() if kept[slot]}
        self._records, self._slots, self._command_numbers = [NOBODY] * len(kept), {}, {"": 0}
        self._free = np.flatnonzero(~kept).tolist()
        self._numbers, self._small = np.zeros_like(self._numbers), np.zeros_like(self._small)
        self._processes = np.zeros_like(self._processes)
        for owner, slot in kept_owners.items():
            self._put(owner, slot)
        # Where most are in use, do not try again with every newcomer.
        self._most = min(ROOM, max(MOST, 2 * len(self)))

    def _put(self, owner: Owner, slot: int) -> None:
        if slot == len(self._small):
            self._numbers = np.concatenate([self._numbers, np.zeros_like(self._numbers)], axis=1)
            self._small = np.concatenate([self._small, np.zeros_like(self._small)])
            self._processes = np.concatenate([self._processes, np.zeros_like(self._processes)])
        if slot == len(self._records):
            self._records.append(owner)
        else:
            self._records[slot] = owner
        # Equal texts have equal hashes, in one process; 64 bits are enough to keep others apart.
        texts = (owner if owner.pid else owner.text, owner.command, owner.user, owner.unit)
        self._numbers[:, slot] = [hash(text) & _U64 for text in texts]
        self._small[slot] = self._command_numbers.setdefault(owner.command, len(self._command_numbers))
        self._processes[slot] = owner.pid != 0
        self._slots[owner] = slot
