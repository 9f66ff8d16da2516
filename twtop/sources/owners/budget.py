"""CPU time as credit."""

from __future__ import annotations

from typing import Final

SLICE_S: Final = 0.01
"""CPU time that is saved up before work goes on: more than it costs to wake up."""


class CpuBudget:
    """Lets one thread use a share of a core, and at first, and after quiet times, a burst beyond it.

    It begins with ``first_s`` seconds of CPU time as credit. The share is added all the time, up to
    ``burst_s``, and what is used is taken off; whoever has overdrawn it rests. What is left of the first
    credit in the end is void, but for the burst.
    """

    def __init__(self, share: float, first_s: float, burst_s: float, now_s: float, cpu_s: float) -> None:
        self._share = share
        self._burst_s = burst_s
        self._credit_s = first_s
        self._now_s, self._cpu_s = now_s, cpu_s

    def rest_s(self, now_s: float, cpu_s: float) -> float:
        """Enter the CPU time used so far; return how long to rest, 0 while there is credit."""
        if self._credit_s < self._burst_s:
            self._credit_s = min(self._credit_s + self._share * (now_s - self._now_s), self._burst_s)
        self._credit_s -= cpu_s - self._cpu_s
        self._now_s, self._cpu_s = now_s, cpu_s
        return 0.0 if self._credit_s >= 0 else (SLICE_S - self._credit_s) / self._share

    def end_first(self) -> None:
        """Give up what is left of the first credit."""
        self._credit_s = min(self._credit_s, self._burst_s)
