"""Counters and sysctls of two moments side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from twtop.core.counters import is_gauge

if TYPE_CHECKING:
    from twtop.core.counters import Counters
    from twtop.core.sysctls import Sysctls


class CounterChange(NamedTuple):
    """A counter that moved."""

    name: str
    before: int
    after: int
    per_s: float | None
    """Growth per second; None of gauges, of what fell, and where no time has passed."""

    @property
    def change(self) -> int:
        """What it grew by."""
        return self.after - self.before


class SysctlChange(NamedTuple):
    """A sysctl that was set; None where it did not exist."""

    name: str
    before: str | None
    after: str | None


def compare_counters(before: Counters, after: Counters, seconds: float) -> list[CounterChange]:
    """Return the counters that moved, those that grew the most first, gauges last."""
    moved = [name for name, value in after.items() if before.get(name, value) != value]
    changes = []
    for name in moved:
        growth = after[name] - before[name]
        has_rate = growth > 0 and seconds > 0 and not is_gauge(name)
        changes.append(CounterChange(name, before[name], after[name], growth / seconds if has_rate else None))
    return sorted(changes, key=lambda each: (is_gauge(each.name), -abs(each.change), each.name))


def began_anew(before: Counters, after: Counters) -> bool:
    """Tell whether the kernel counts from 0 again: something fell that can only grow."""
    return any(value < before.get(name, 0) and not is_gauge(name) for name, value in after.items())


def compare_sysctls(before: Sysctls, after: Sysctls) -> list[SysctlChange]:
    """Return the sysctls that changed, by name, as far as they were read at both moments."""
    unreadable = before.unreadable.keys() | after.unreadable.keys()
    names = sorted((before.keys() | after.keys()) - unreadable)
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    return [SysctlChange(name, old, new) for name, old, new in pairs if old != new]
