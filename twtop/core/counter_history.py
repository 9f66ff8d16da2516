"""What the kernel's counters did lately, and since they were first read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.counters import Counters, is_gauge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LATELY_S: Final = 10.0
"""The span of the smoothed rate; what moved within it is moving."""
_APART_S: Final = 0.4
"""Readings closer to each other than this add nothing to the smoothed rate."""


class Reading(NamedTuple):
    """All counters at one instant."""

    instant_s: float
    counters: Counters


@dataclass(frozen=True, slots=True)
class Movement:
    """What one counter did; rates are per second, and None where there is nothing to compare with.

    Gauges have no rates, but changes, which may be negative.
    """

    value: int
    rate: float | None
    """Since the reading before."""
    smoothed: float | None
    """Over the last `LATELY_S`, or over what there is of them."""
    recent: int
    """Change over the same time."""
    total: int
    """Change since it was first read."""
    quiet_s: float | None
    """How long ago it was last seen to have moved; None if it never did."""

    @property
    def is_moving(self) -> bool:
        """Whether it moved lately."""
        return self.quiet_s is not None and self.quiet_s < LATELY_S


@dataclass(frozen=True, slots=True)
class CounterCourse:
    """The counters at one instant, with what is known of the time before it; immutable."""

    now: Reading
    before: Reading
    """The reading before; the same one if it is the first."""
    lately: Reading
    """The newest that is `LATELY_S` old, or the oldest."""
    first: Mapping[str, int]
    """Each counter's value when it was first read."""
    moved_s: Mapping[str, float]
    """The instant at which each counter was last seen to have moved."""

    @property
    def unreadable(self) -> tuple[str, ...]:
        """What of the counters could not be read now, one line each."""
        return self.now.counters.problems

    @property
    def span_s(self) -> float:
        """The time that smoothed rates are about."""
        return self.now.instant_s - self.lately.instant_s

    def movement(self, name: str) -> Movement | None:
        """Return what a counter did; None where this kernel has none of that name, or it was not readable."""
        value = self.now.counters.get(name)
        if value is None:
            return None
        moved_s = self.moved_s.get(name)
        return Movement(
            value=value,
            rate=self._rate(name, self.before),
            smoothed=self._rate(name, self.lately),
            recent=value - self.lately.counters.get(name, value),
            total=value - self.first.get(name, value),
            quiet_s=None if moved_s is None else self.now.instant_s - moved_s,
        )

    def in_order_of_movement(self, names: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return the names that moved, and those that never did since they were first read.

        First those that are moving, in the order given, so that nothing jumps while they move; then those
        that stopped, the latest first, in steps of `LATELY_S`, and within a step in the order given.
        """
        moved: list[tuple[float, str]] = []
        unmoved = []
        for name in names:
            instant_s = self.moved_s.get(name)
            if instant_s is None:
                unmoved.append(name)
            elif self.now.instant_s - instant_s < LATELY_S:
                moved.append((float("-inf"), name))
            else:
                moved.append((-(instant_s // LATELY_S), name))
        return [name for _, name in sorted(moved, key=lambda item: item[0])], unmoved

    def _rate(self, name: str, since: Reading) -> float | None:
        seconds = self.now.instant_s - since.instant_s
        growth = self.now.counters[name] - since.counters.get(name, self.now.counters[name] + 1)
        return None if seconds <= 0 or growth < 0 or is_gauge(name) else growth / seconds


@dataclass(slots=True)
class CounterHistory:
    """Readings of the last `LATELY_S`, and what is remembered of all before; for one writer.

    What `add` returns does not change any more, and may be read in other threads.
    """

    _readings: deque[Reading] = field(default_factory=deque)
    _before: Reading | None = None
    _first: Mapping[str, int] = field(default_factory=dict)
    _moved_s: Mapping[str, float] = field(default_factory=dict)

    def add(self, instant_s: float, counters: Counters) -> CounterCourse:
        """Take a reading later than all before, and return what the counters did until then.

        One without counters, because they could not be read, is compared with nothing, now and later.
        """
        now = Reading(instant_s, counters)
        before = self._before or now
        if counters:
            self._remember(now, before)
            self._before = now
            self._keep(now)
        lately = self._readings[0] if self._readings else now
        return CounterCourse(now, before, lately, self._first, self._moved_s)

    def _remember(self, now: Reading, before: Reading) -> None:
        earlier = before.counters
        moved = {name for name, value in now.counters.items() if value != earlier.get(name, value)}
        if moved:
            self._moved_s = {**self._moved_s, **dict.fromkeys(moved, now.instant_s)}
        if now.counters.keys() - self._first.keys():
            self._first = {**now.counters, **self._first}

    def _keep(self, now: Reading) -> None:
        """Keep what smoothed rates will need: a reading every now and then, and one of `LATELY_S` ago."""
        kept = self._readings
        if not kept or now.instant_s - kept[-1].instant_s >= _APART_S:
            kept.append(now)
        while len(kept) > 1 and kept[1].instant_s <= now.instant_s - LATELY_S:
            kept.popleft()
