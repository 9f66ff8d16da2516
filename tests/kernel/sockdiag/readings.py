"""Several readings of one namespace that are compared with each other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

Readings = TypeVar("Readings")

QUICK_S: Final = 0.15
"""Nothing is sent again within TCP_RTO_MIN, 0.2 s: a timer that started anew shows 50 ms more than before."""
ATTEMPTS: Final = 100


def quickly(read: Callable[[], Readings]) -> Readings:
    """Read until it took so little time that the first and the last one tell which timers started anew."""
    for _ in range(ATTEMPTS):
        start = time.monotonic()
        readings = read()
        if time.monotonic() - start < QUICK_S:
            return readings
    pytest.fail(f"no reading took less than {QUICK_S} s in {ATTEMPTS} attempts")
