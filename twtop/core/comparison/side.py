"""One of the two moments that are compared, and which of its sockets are the other's, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.lookup import Cookies

if TYPE_CHECKING:
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Mask, Rows, Sockets

NOWHERE: Final = -1
"""In place of the row of a socket that is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What is compared of the sockets of one moment."""

    wall_s: float
    instant_s: float
    sockets: Sockets
    server: Mask
    """Per socket: this host is the server side."""
    cookies: Cookies
    own_session: tuple[int, ...]
    exact_cookies: bool

    @classmethod
    def of(cls, snapshot: Snapshot, netns: int | None = None) -> Side:
        """Take a snapshot; of one of several namespaces side by side only the sockets of that one."""
        sockets, server, cookies = snapshot.sockets, snapshot.server, snapshot.cookies
        if netns is not None:
            rows = np.flatnonzero(sockets.netns == np.uint32(netns))
            sockets, server = sockets.take(rows), server[rows]
            cookies = Cookies.of(sockets.cookie)
        return cls(
            snapshot.wall_s,
            snapshot.instant_s,
            sockets,
            server,
            cookies,
            snapshot.own_session,
            snapshot.exact_cookies,
        )


class Pairs(NamedTuple):
    """Which sockets are there in both moments: the same connection, whatever its states."""

    of_before: Rows
    """Per socket of the earlier moment: its row in the later one, or `NOWHERE`."""
    of_after: Rows
    """Per socket of the later moment: its row in the earlier one, or `NOWHERE`."""


def pairs(before: Side, after: Side) -> Pairs:
    """Find the sockets of each moment in the other one by their cookies."""
    at, there = before.cookies.find(after.sockets.cookie)
    of_before = np.full(len(before.sockets), NOWHERE, np.intp)
    of_before[at[there]] = np.flatnonzero(there)
    return Pairs(of_before, np.where(there, at, NOWHERE))


def why_unpaired(before: Side, after: Side) -> str:
    """Say why no socket of one moment can be found in the other; empty where it can."""
    if before.exact_cookies != after.exact_cookies:
        return "only one of the two moments was read with the kernel's cookies"
    if (before.wall_s < after.wall_s) != (before.instant_s < after.instant_s):
        return "the machine was started anew between them"
    return ""


BY_ENDS: Final = (
    "There are no cookies of the kernel here: sockets are told apart by addresses and ports, and a new"
    " connection between the same ends counts as the one before."
)
