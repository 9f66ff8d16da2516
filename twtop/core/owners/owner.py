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
    """Owners by slot, and what sockets are grouped by; `twtop.core.owners.registry.Registry` makes them."""

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


_NO_NUMBERS: Final = np.zeros(1, np.uint64)
NO_OWNERS: Final = Owners(
    (NOBODY,),
    _NO_NUMBERS,
    _NO_NUMBERS,
    _NO_NUMBERS,
    _NO_NUMBERS,
    np.zeros(1, np.uint32),
    np.zeros(1, np.bool_),
)
"""A table of nobody."""
