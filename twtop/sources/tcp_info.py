"""When tcp_info is read, and of which sockets: so that it costs a hundredth of the time at most."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.states import State
from twtop.core.tcp_info import TcpInfo, no_tcp_info
from twtop.errors import KernelError
from twtop.kernel.sockdiag.tcp_info import read_tcp_info

if TYPE_CHECKING:
    from twtop.core.sockets import Sockets
    from twtop.kernel.sockdiag.dumps import SockDiag

MOST_SOCKETS: Final = 50_000
"""So many are asked for in one go, about 20 ms beyond the walk over the socket table (Linux 6.18)."""

_LASTING: Final = (State.CLOSE_WAIT, State.FIN_WAIT_2, State.ESTAB)
"""States without a clock that ends them, those of which the most follows first."""
_SHARE: Final = 100
_AFTER_ERROR_S: Final = 60.0


class TcpInfoReader:
    """Keeps the last reading for a hundred times the CPU time that it took.

    It reads nothing for the first snapshot, which is wanted at once.
    """

    def __init__(self) -> None:
        self._last: TcpInfo | None = None
        self._due_s = 0.0

    def read(self, diag: SockDiag | None, sockets: Sockets) -> TcpInfo:
        """Return tcp_info of the sockets that last, without those states that would be too many."""
        if diag is None:
            return no_tcp_info("there is tcp_info of other programs' sockets over netlink only")
        start = time.monotonic()
        if self._last is None:
            self._last = no_tcp_info(_choose(sockets)[1])
        elif start >= self._due_s:
            self._last = self._ask(diag, sockets)
        return self._last

    def _ask(self, diag: SockDiag, sockets: Sockets) -> TcpInfo:
        start_cpu_s = time.thread_time()
        states, lack = _choose(sockets)
        try:
            found = read_tcp_info(diag, states, lack) if states else no_tcp_info(lack)
        except KernelError as error:
            self._due_s = time.monotonic() + _AFTER_ERROR_S
            return no_tcp_info(str(error))
        self._due_s = time.monotonic() + _SHARE * (time.thread_time() - start_cpu_s)
        return found


def _choose(sockets: Sockets) -> tuple[int, str | None]:
    """Return a mask of the states to ask for, and why some are left out."""
    counts = np.bincount(sockets.state, minlength=16)
    owned = np.any(sockets.inode[sockets.state == State.FIN_WAIT_2]) if counts[State.FIN_WAIT_2] else False
    states, room, left_out = 0, MOST_SOCKETS, []
    for state in _LASTING:
        count = int(counts[state])
        if not count or (state == State.FIN_WAIT_2 and not owned):
            continue
        if count > room:
            left_out.append(f"{count:,} {state.label}")
            continue
        states, room = states | state.bit, room - count
    if not left_out:
        return states, None
    return states, f"{' and '.join(left_out)} are too many to ask for ({MOST_SOCKETS:,} at most)"
