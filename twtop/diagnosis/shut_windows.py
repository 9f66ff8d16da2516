"""Sockets whose peer takes nothing any more, and for how long at least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.lookup import find
from twtop.core.states import Timer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.sockets import U32, U64, Rows, Sockets

_MOST: Final = 4096
"""So many are remembered, those with the lowest cookies."""
_APART_S: Final = 60.0
"""Two looks that are farther apart tell nothing about the time between them."""


@dataclass(frozen=True, slots=True, eq=False)
class ShutWindows:
    """Sockets with data for a peer whose receive window is zero, by ascending cookies."""

    rows: Rows
    cookies: U64
    unsent: U32
    """Send-Q: it gets less as soon as the peer takes something."""
    shut_s: NDArray[np.float64]
    """For how long at least."""

    def longer_than(self, seconds: float) -> Rows:
        """Return the rows of the sockets whose window has been shut for so long."""
        return np.sort(self.rows[self.shut_s >= seconds])

    def longest_s(self, rows: Rows) -> float:
        """Return for how long the window of one of these sockets has been shut."""
        return float(self.shut_s[np.isin(self.rows, rows)].max(initial=0.0))


def shut_windows(
    sockets: Sockets, rows: Rows, before: ShutWindows | None = None, seconds: float = 0.0
) -> ShutWindows:
    """Find, among some rows, those whose persist timer runs; ``before`` was so many seconds ago.

    The kernel doubles the time between its probes, so that it has waited about as long as it will wait for
    the next one (net/ipv4/tcp_timer.c, tcp_probe_timer): a single snapshot tells something.
    """
    rows = rows[sockets.timer[rows] == Timer.PERSIST]
    rows = rows[np.argsort(sockets.cookie[rows])][:_MOST]
    cookies, unsent = sockets.cookie[rows], sockets.wqueue[rows]
    shut_s = sockets.expires_ms[rows] / 1000
    if before is not None and len(before.cookies) and seconds <= _APART_S:
        at, known = find(cookies, before.cookies)
        still = known & (unsent >= before.unsent[at])
        shut_s = np.where(still, np.maximum(shut_s, before.shut_s[at] + seconds), shut_s)
    return ShutWindows(rows, cookies, unsent, shut_s)
