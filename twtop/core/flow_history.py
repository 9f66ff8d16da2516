"""How sockets moved in the last seconds, and what lived and died between two snapshots."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.flow import NOWHERE, STATES, Transitions, transitions
from twtop.core.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twtop.core.changes import Moment
    from twtop.core.counters import Counters
    from twtop.core.flow import Matrix

SAMPLES: Final = 60
WINDOW_S: Final = 10.0
"""Over how long rates and changes are taken, where there is so much."""

_TOLERANCE: Final = 1.05
"""Snapshots come a little late."""

_PASSIVE: Final = (State.ESTAB, State.CLOSE_WAIT, State.LAST_ACK, NOWHERE)
"""The way of a connection that the peer closes first."""


@dataclass(frozen=True, slots=True)
class Between:
    """Connections of which no snapshot shows both ends of their life, per second.

    Each end counts by itself, as the kernel counts: of a connection over loopback both are here.
    """

    ended: float
    """First seen when they were closing or closed already."""
    time_wait: float
    """Those of them in TIME-WAIT."""
    untraced: float | None
    """Seen by the counters alone; None where these cannot be read."""
    failed: float | None
    """Attempts to connect that no snapshot shows, at least so many; not in `untraced`."""

    @property
    def lived_and_died(self) -> float:
        """All that opened and closed between two snapshots."""
        return self.ended + (self.untraced or 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """The last seconds up to a moment."""

    seconds: float
    """How long that was; 0 where there is nothing to compare with yet."""
    counts: NDArray[np.int64]
    """Sockets by state."""
    changes: NDArray[np.int64]
    """How many more, or fewer, than that long ago."""
    rates: NDArray[np.float64]
    """Per second by old and new state, every move split into its steps; ``NOWHERE`` for no socket."""
    between: Between
    resets: float | None
    """ESTAB and CLOSE-WAIT ended by RST, either side's, per second (EstabResets)."""

    def rate(self, old: int, new: int) -> float:
        """Return how many sockets a second took one transition."""
        return float(self.rates[old, new])


class _Sample(NamedTuple):
    seconds: float
    counts: NDArray[np.int64]
    seen: Transitions
    counters: Counters


class FlowHistory:
    """Transitions between the last snapshots, the oldest forgotten first."""

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES)

    def add(self, moment: Moment) -> Flow:
        """Remember what happened up to a moment; return the last ten seconds, or one longer interval."""
        now = moment.snapshot
        counts = now.state_counts()[:STATES]
        self._samples.append(_Sample(moment.seconds, counts, transitions(moment), now.counters))
        samples = list(self._samples)
        start = len(samples) - 1
        seconds = 0.0
        while start and (not seconds or seconds + samples[start].seconds <= WINDOW_S * _TOLERANCE):
            seconds += samples[start].seconds
            start -= 1
        return _flow(samples[start], samples[start + 1 :], seconds)


def _flow(base: _Sample, later: Sequence[_Sample], seconds: float) -> Flow:
    last = later[-1] if later else base
    grown = _Growth(base.counters, last.counters)
    per_s = 1 / seconds if seconds else 0.0
    passes = sum((sample.seen.passes for sample in later), base.seen.passes * 0)
    resets = grown.of("Tcp.EstabResets")
    return Flow(
        seconds=seconds,
        counts=last.counts,
        changes=last.counts - base.counts,
        rates=_with_passive_closes(passes, resets) * np.float64(per_s),
        between=_between([sample.seen for sample in later], grown, per_s),
        resets=_times(resets, per_s),
    )


def _with_passive_closes(passes: Matrix, resets: int | None) -> Matrix:
    """Split into steps what was gone from ESTAB or CLOSE-WAIT, but for as many as the kernel counts as reset.

    Who closes first leaves a TIME-WAIT behind. What is gone without one, and without a RST, was closed by the
    peer first and then here. EstabResets counts connections that no snapshot shows, too: these may be more.
    """
    if resets is None:
        return passes
    split = passes.copy()
    closed = max(0, int(passes[_PASSIVE[:2], NOWHERE].sum()) - resets)
    for at, state in ((1, State.CLOSE_WAIT), (0, State.ESTAB)):
        number = min(closed, int(passes[state, NOWHERE]))
        closed -= number
        split[state, NOWHERE] -= number
        for step in pairwise(_PASSIVE[at:]):
            split[step] += number
    return split


def _between(seen: Sequence[Transitions], grown: _Growth, per_s: float) -> Between:
    # Sums first: a socket that opens during a dump is missed by it, but not by the counters, and the other
    # way round a snapshot later. Over several snapshots only the ends of the time are blurred.
    active, passive = grown.of("Tcp.ActiveOpens"), grown.of("Tcp.PassiveOpens")
    failed, embryonic = grown.of("Tcp.AttemptFails"), grown.of("TcpExt.EmbryonicRsts")
    untraced = None
    if active is not None and passive is not None:
        untraced = max(0, active + passive - sum(moves.opened for moves in seen))
        if failed is not None:
            # AttemptFails also counts RSTs for SYN-RECV (tcp_check_req), which nobody counts as opened.
            failed = max(0, failed - (embryonic or 0) - sum(moves.failed for moves in seen))
            failed = min(failed, untraced)
            untraced -= failed
    return Between(
        ended=sum(moves.ended for moves in seen) * per_s,
        time_wait=sum(int(moves.moves[NOWHERE, State.TIME_WAIT]) for moves in seen) * per_s,
        untraced=_times(untraced, per_s),
        failed=_times(failed, per_s),
    )


class _Growth(NamedTuple):
    """Counters at two instants."""

    before: Counters
    now: Counters

    def of(self, name: str) -> int | None:
        """Return by how much a counter grew; None where it is not there or went back."""
        before, now = self.before.get(name), self.now.get(name)
        return now - before if before is not None and now is not None and now >= before else None


def _times(number: int | None, per_s: float) -> float | None:
    return None if number is None else number * per_s
