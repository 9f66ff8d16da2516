"""When a socket will be gone: the true time left of TIME-WAIT and of the three faces of FIN-WAIT-2.

Only sockets whose end is set by a clock have a time left. Other timers (retransmission, keepalive,
zero-window probe) start again and say when something is tried next, not when the socket goes.

Sources: net/ipv4/tcp_minisocks.c (tcp_time_wait), net/ipv4/tcp_timer.c (tcp_keepalive_timer).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.lifetimes import TIME_WAIT_LIFE
from twtop.core.states import State, Timer

if TYPE_CHECKING:
    from twtop.core.sockets import U32, Mask, Sockets

_TIME_WAIT_MS: Final = round(1000 * TIME_WAIT_LIFE)

NO_END: Final = 0xFFFF_FFFF
"""The time left of a socket that no clock ends."""


def time_left_ms(sockets: Sockets, fin_timeout_s: int) -> U32:
    """Return per socket the milliseconds until it goes by itself, NO_END where no clock ends it.

    An orphaned FIN-WAIT-2 with a keepalive timer is in its first phase (only where ``tcp_fin_timeout`` is
    above 60 s): behind the present timer a second one of ``tcp_fin_timeout`` - 60 s follows.
    """
    left = np.where(sockets.timer == Timer.TIMEWAIT, sockets.expires_ms, np.uint32(NO_END))
    first_phase = in_first_phase(sockets)
    second_ms = min(max(0, fin_timeout_s * 1000 - _TIME_WAIT_MS), NO_END)
    both_ms = sockets.expires_ms[first_phase].astype(np.int64) + second_ms
    left[first_phase] = np.minimum(both_ms, NO_END - 1)
    return left


def in_first_phase(sockets: Sockets) -> Mask:
    """Tell which sockets are orphaned FIN-WAIT-2 still before their mini-socket."""
    first_phase: Mask = (sockets.state == State.FIN_WAIT_2) & (sockets.timer == Timer.KEEPALIVE)
    rows = np.flatnonzero(first_phase)
    first_phase[rows] = sockets.inode[rows] == 0
    return first_phase


def longest_life_ms(sockets: Sockets) -> int:
    """Return the length of TIME-WAIT on this kernel: 60 s, or more where a longer one was seen."""
    time_wait = sockets.expires_ms[sockets.state == State.TIME_WAIT]
    seen = int(time_wait.max(initial=0))
    # The timer wheel rounds up: 60 s timers are seen at up to 61.1 s.
    return seen if seen > _TIME_WAIT_MS * 1.05 else _TIME_WAIT_MS
