"""What twtop itself costs this host."""

from __future__ import annotations

import time
from typing import Final

import psutil

_LEAST_S: Final = 0.5
"""The kernel counts CPU time in hundredths of a second: a shorter time would say nothing."""


class OwnCost:
    """CPU and memory of this process, measured about once a second however often they are asked for."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._seen_s = time.monotonic()
        self._cpu_s = self._cpu()
        self._text = ""

    def _cpu(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def text(self) -> str:
        """Return CPU in percent of one core and memory, as in ``cpu 3% 74M``; at first nothing."""
        now, cpu = time.monotonic(), self._cpu()
        passed = now - self._seen_s
        if passed >= _LEAST_S:
            share = (cpu - self._cpu_s) / passed
            self._text = f"cpu {100 * share:.0f}% {self._process.memory_info().rss / 1e6:.0f}M"
            self._seen_s, self._cpu_s = now, cpu
        return self._text
