"""A process, or as much of it as can be told, and tables of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.owners.certainty import Certainty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.sockets import U32, U64

NO_UID: Final = 0xFFFF_FFFF
"""(uid_t) -1, which no user has: in place of an unknown one."""
_U64: Final = 0xFFFF_FFFF_FFFF_FFFF


class Owner(NamedTuple):
    """Who holds or held a socket; every text is fit for a terminal."""

    pid: int = 0
    """0 where only user, unit or command are known."""
    start: int = 0
    """Clock ticks from boot to the start of the process: with the pid it names one process for good."""
    command: str = ""
    """As /proc/PID/comm has it, at most 15 characters; empty where unknown."""
    uid: int = NO_UID
    user: str = ""
    """Name of the uid, or its number; empty where unknown."""
    cgroup: str = ""
    """Path in the cgroup v2 hierarchy; empty where unknown."""
    unit: str = ""
    """systemd unit, container or pod; empty where unknown."""

    @property
    def text(self) -> str:
        """``nginx[77]``, or what else is known: command, unit, user, in this order; ``?`` if nothing is."""
        if self.pid:
            return f"{self.command}[{self.pid}]"
        return self.command or self.unit or (f"user {self.user}" if self.user else "?")

    def described(self, certainty: int) -> str:
        """Say who it is and how that is known: ``was php-fpm[1822]``; ``?`` where nobody knows."""
        word = Certainty(certainty).word
        return self.text if word in ("", "?") else f"{word} {self.text}"


NOBODY: Final = Owner()
"""The owner of sockets whose owner is unknown: slot 0 of every table."""


@dataclass(frozen=True, slots=True, eq=False)
class Owners:
    """Owners by slot, and for each what sockets are grouped by; made by `Registry`."""

    records: Sequence[Owner]
    """May have more entries than the columns: what was added later."""
    identity: U64
    command: U64
    user: U64
    unit: U64
    """Numbers that are equal for equal texts, in all tables of this process."""
    command_number: U32
    """Small numbers of the commands, 0 for none."""
    has_process: np.ndarray[tuple[int], np.dtype[np.bool_]]

    def __len__(self) -> int:
        return len(self.identity)


class Registry:
    """Gives owners their slots; slots only grow in number, so that tables made earlier stay right."""

    def __init__(self) -> None:
        self._records: list[Owner] = []
        self._slots: dict[Owner, int] = {}
        self._command_numbers: dict[str, int] = {"": 0}
        self._numbers = np.zeros((4, 64), np.uint64)
        self._small = np.zeros(64, np.uint32)
        self._processes = np.zeros(64, np.bool_)
        self.slot(NOBODY)

    def __len__(self) -> int:
        return len(self._records)

    def slot(self, owner: Owner) -> int:
        """Return the slot of an owner, a new one if it has none."""
        found = self._slots.get(owner)
        return self._add(owner) if found is None else found

    def table(self) -> Owners:
        """Return all owners so far."""
        count = len(self._records)
        identity, command, user, unit = self._numbers[:, :count]
        return Owners(
            self._records, identity, command, user, unit, self._small[:count], self._processes[:count]
        )

    def _add(self, owner: Owner) -> int:
        slot = len(self._records)
        if slot == len(self._small):
            self._numbers = np.concatenate([self._numbers, np.zeros_like(self._numbers)], axis=1)
            self._small = np.concatenate([self._small, np.zeros_like(self._small)])
            self._processes = np.concatenate([self._processes, np.zeros_like(self._processes)])
        # Equal texts have equal hashes, in one process; 64 bits are enough to keep others apart.
        texts = (owner if owner.pid else owner.text, owner.command, owner.user, owner.unit)
        self._numbers[:, slot] = [hash(text) & _U64 for text in texts]
        self._small[slot] = self._command_numbers.setdefault(owner.command, len(self._command_numbers))
        self._processes[slot] = owner.pid != 0
        self._records.append(owner)
        self._slots[owner] = slot
        return slot


NO_OWNERS: Final = Registry().table()
"""A table of nobody."""
