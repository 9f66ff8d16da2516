"""Which destinations need a port budget: it takes a millisecond each, and hosts have thousands of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.core.drain import MINUTE_S
from twtop.core.ports.budget import Budget, budget
from twtop.core.ports.history import DESTINATIONS
from twtop.core.ports.trend import TREND_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.ports.history import PortHistory, Sample
    from twtop.core.ports.usage import Destination, Ports
    from twtop.core.snapshot import Snapshot

CHURN_SHARE: Final = 0.5
"""Of the rate that makes connect() slow for ever, from where on it is looked at."""
MOST_BUDGETS: Final = 4


def needed_budgets(snapshot: Snapshot, ports: Ports, history: PortHistory) -> tuple[Budget, ...]:
    """Return the budgets of those with half of their ports in use, and of those on the way there.

    That is: full in a minute if they go on growing, or half full for good. The most ports in use first.
    """
    recent = history.lately(TREND_S)
    life_s = snapshot.life_ms / 1000
    needed = [
        name
        for at, name in enumerate(ports.busiest(snapshot.sockets, DESTINATIONS))
        if ports.used[at] >= ports.half_of(at) or _goes_there(ports, at, _courses(name, recent), life_s)
    ]
    return tuple(budget(snapshot, ports, history, name) for name in needed[:MOST_BUDGETS])


def _courses(name: Destination, recent: Sequence[Sample]) -> tuple[float, float]:
    """Return growth and new connections per second, both 0 where one sample is all there is."""
    known = [(sample.instant_s, usage) for sample in recent if (usage := sample.of(name))]
    seconds = known[-1][0] - known[0][0] if known else 0.0
    if seconds <= 0:
        return 0.0, 0.0
    grown = known[-1][1].used - known[0][1].used
    return grown / seconds, sum(usage.new for _, usage in known[1:]) / seconds


def _goes_there(ports: Ports, at: int, course: tuple[float, float], life_s: float) -> bool:
    growth_per_s, new_per_s = course
    full_soon = ports.used[at] + growth_per_s * MINUTE_S >= ports.capacity_of(at)
    return bool(full_soon) or new_per_s >= CHURN_SHARE * ports.half_of(at) / life_s
