"""Timers as the instants at which they end: these stay while the time left runs down.

An end is a monotonic time in milliseconds; of a timer that is off, it is what was read of it instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twtop.core.states import Timer

if TYPE_CHECKING:
    from twtop.core.sockets import U8, U32

Ends: TypeAlias = NDArray[np.int64]

LONGEST_MS: Final = 0xFFFF_FFFF


def milliseconds(instant_s: float) -> int:
    """Return a monotonic time as ends are counted in."""
    return round(1000 * instant_s)


def ends_of(timer: U8, expires_ms: U32, now_ms: int) -> Ends:
    """Return when timers end that show a time left."""
    ends = expires_ms.astype(np.int64)
    ends += now_ms
    off = np.flatnonzero(timer == Timer.OFF)
    ends[off] = expires_ms[off]
    return ends


def time_left_ms(timer: U8, ends: Ends, now_ms: int) -> U32:
    """Return what timers show that end so; who has not rung in time shows 0."""
    left = ends - now_ms
    np.clip(left, 0, LONGEST_MS, out=left)
    off = np.flatnonzero(timer == Timer.OFF)
    left[off] = ends[off]
    return left.astype(np.uint32)
