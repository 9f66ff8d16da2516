"""Where the ports in use towards a destination go if the last 10 s go on."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.drain import MINUTE_S, left_after
from twtop.core.ports.ages import ages_ms, closed_within
from twtop.core.states import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.ports.history import Usage
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U32, Rows

TREND_S: Final = 10
"""Over how long growth and rates are taken, or since the look before if that is longer ago."""
LEAST_TREND_S: Final = 3
_DEVIATIONS: Final = 3
"""How far from chance a change must be to be called one: sockets come and go as a Poisson process at best."""
_FARTHEST_S: Final = 600


class Load(NamedTuple):
    """What holds ports towards a destination, and how fast it takes more."""

    open: int
    """Ports in use by sockets that are not in TIME-WAIT."""
    open_per_s: float
    """Their growth."""
    left_ms: U32
    """Per TIME-WAIT that holds its port: for how long."""
    closed_per_s: float
    """TIME-WAITs begun per second."""
    hold_s: float
    """For how long a TIME-WAIT holds its port."""

    @property
    def held(self) -> int:
        """Ports that connect() cannot have now."""
        return self.open + len(self.left_ms)


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """Where usage goes if ports are taken at the rate of the last 10 s."""

    expected: NDArray[np.float64]
    """Ports in use after 0, 1, ... 60 s."""
    per_s: float
    """Expected change per second in the next 10 s; 0 where it may be chance."""
    half_in_s: int | None
    full_in_s: int | None
    """Time until then, None where it is not expected within 10 minutes."""


def load_of(
    snapshot: Snapshot, rows: Rows, series: list[tuple[float, Usage]], taken_over_s: float | None = None
) -> Load:
    """Return the load that the sockets of one destination are.

    TIME-WAITs tell their close rate by age, the rest tells it by samples. With ``taken_over_s``, connect()
    takes over TIME-WAITs of that age, which then hold their ports no longer.
    """
    waiting = rows[snapshot.sockets.state[rows] == State.TIME_WAIT]
    left_ms, age_ms = snapshot.left_ms[waiting], ages_ms(snapshot, waiting)
    hold_s = snapshot.life_ms / 1000
    if taken_over_s is not None and taken_over_s < hold_s:
        hold_s = taken_over_s
        holding = age_ms < hold_s * 1000
        left_ms = (hold_s * 1000 - age_ms[holding]).astype(np.uint32)
    window_s = min(TREND_S, hold_s)
    return Load(
        open=len(rows) - len(waiting),
        open_per_s=_open_per_s(series),
        left_ms=left_ms,
        closed_per_s=closed_within(snapshot, waiting, window_s) / window_s,
        hold_s=hold_s,
    )


def trend(load: Load, half: int | None, capacity: int) -> Trend:
    """Extrapolate a load; ``half`` and ``capacity`` are the marks whose time is told."""
    seconds = np.arange(MINUTE_S + 1)
    left = left_after(load.left_ms, MINUTE_S)
    added = load.closed_per_s * np.minimum(seconds, load.hold_s)
    expected = left + np.maximum(load.open + load.open_per_s * seconds, 0) + added
    change = float(expected[TREND_S] - expected[0])
    moved = load.closed_per_s * TREND_S + abs(load.open_per_s) * TREND_S + float(left[0] - left[TREND_S])
    chance = _DEVIATIONS * sqrt(moved)
    rising = change > chance
    return Trend(
        expected=expected,
        per_s=change / TREND_S if abs(change) > chance else 0.0,
        half_in_s=_time_to(half, expected, load.open_per_s) if rising and half is not None else None,
        full_in_s=_time_to(capacity, expected, load.open_per_s) if rising else None,
    )


def _open_per_s(series: list[tuple[float, Usage]]) -> float:
    """Return the change per second of the ports in use that are not in TIME-WAIT."""
    if not series:
        return 0.0
    now_s, now = series[-1]
    recent = [sample for sample in series if sample[0] >= now_s - TREND_S]
    # Who looks more seldom compares with the look before.
    then_s, then = recent[0] if len(recent) > 1 else series[-2:][0]
    if now_s - then_s < LEAST_TREND_S:
        return 0.0
    return ((now.used - now.waiting) - (then.used - then.waiting)) / (now_s - then_s)


def _time_to(level: int, expected: NDArray[np.float64], leak_per_s: float) -> int | None:
    """Return when the expectation reaches a level.

    After the minute drawn TIME-WAITs end as fast as they begin: only what never closes grows on.
    """
    reached = np.flatnonzero(expected >= level)
    if reached.size:
        return int(reached[0])
    if leak_per_s <= 0:
        return None
    seconds = MINUTE_S + round((level - float(expected[-1])) / leak_per_s)
    return seconds if seconds <= _FARTHEST_S else None
