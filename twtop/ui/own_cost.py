"""What twtop itself costs this host."""

from __future__ import annotations

import time

import psutil


class OwnCost:
    """CPU and memory of this process since the last look."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._seen_s = time.monotonic()
        self._cpu_s = self._cpu()

    def _cpu(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def text(self) -> str:
        """Return CPU in percent of one core since the last call, and memory, as in ``cpu 3% 74M``."""
        now, cpu = time.monotonic(), self._cpu()
        share = (cpu - self._cpu_s) / max(now - self._seen_s, 0.001)
        self._seen_s, self._cpu_s = now, cpu
        return f"cpu {100 * share:.0f}% {self._process.memory_info().rss / 1e6:.0f}M"
