"""What was told of one socket at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from twtop.core.states import State, Timer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twtop.core.sockets import Sockets

Value: TypeAlias = int | str

_IN_A_ROW: Final = {
    "state": "state",
    "timer": "timer",
    "retrans": "tries",
    "expires_ms": "expires_ms",
    "rqueue": "rqueue",
    "wqueue": "wqueue",
    "uid": "uid",
    "inode": "inode",
    "cookie": "cookie",
    "interface": "interface",
    "family": "family",
    "cgroup": "cgroup",
}
"""Columns of `Sockets`, and the names of their values here."""


@dataclass(frozen=True, slots=True, eq=False)
class Details:
    """Values by name, in the kernel's units; a name that is missing was not told.

    Names are those of struct tcp_info without ``tcpi_``, those of sk_meminfo, and those of the message. Texts
    are fit for a terminal.
    """

    values: Mapping[str, Value]
    unknown: int = 0
    """Attributes that this twtop does not know."""
    surplus_bytes: int = 0
    """How much longer tcp_info is than this twtop knows."""
    damaged: bool = False
    """An attribute had an impossible length: what was behind it is left out."""
    lack: str | None = None
    """Why there is nothing but a row of the table; None where the kernel was asked."""

    def number(self, name: str) -> int:
        """Return a value that is a number, 0 where it was not told."""
        value = self.values.get(name, 0)
        return value if isinstance(value, int) else 0

    @property
    def is_mini(self) -> bool:
        """Whether the kernel keeps no full socket: TIME-WAIT, the last phase of FIN-WAIT-2, or a request."""
        if "shutdown" in self.values:
            return False
        state, timer = self.number("state"), self.number("timer")
        return timer == Timer.TIMEWAIT or (state == State.SYN_RECV and not self.number("inode"))

    @classmethod
    def of_row(cls, one: Sockets, lack: str, *, from_netlink: bool) -> Details:
        """Make do with what a table of one row has, for a reason.

        /proc tells neither cookie nor interface, and no backlog of listeners.
        """
        values = {name: int(getattr(one, column)[0]) for column, name in _IN_A_ROW.items()}
        untold = {name for name in ("cgroup",) if not values[name]}
        if not from_netlink:
            untold |= {"cookie", "interface"} | ({"wqueue"} if values["state"] == State.LISTEN else set())
        return cls({name: value for name, value in values.items() if name not in untold}, lack=lack)
