"""What a screen tells of a look, for comparison: live and replayed, jumped to and played."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from twtop.sources.observer import Frame
    from twtop.sources.panorama import Looked


@dataclass(frozen=True)
class Told:
    """What there is to see, but for what is only known since the look that was seen first."""

    wall_s: float
    counts: list[int]
    cookies: list[int]
    born: list[int]
    gone: list[int]
    rates: dict[tuple[int, int], float]
    changes: list[int]
    movements: dict[str, tuple[float | None, float | None, int]]
    ports: list[tuple[int, int]]
    findings: list[tuple[str, str, str, bool]]
    known_s: list[float] = field(compare=False)
    """For how long each was found: longer than the minute before a jump is not told by that."""


def told(frame: Frame) -> Told:
    """Return it."""
    moment = frame.moment
    snapshot, sockets = moment.snapshot, moment.snapshot.sockets
    rates = frame.flow.rates
    movements = {name: frame.counters.movement(name) for name in snapshot.counters}
    return Told(
        wall_s=snapshot.wall_s,
        counts=snapshot.state_counts().tolist(),
        cookies=sorted(sockets.cookie.tolist()),
        born=sorted(sockets.cookie[moment.born].tolist()),
        gone=sorted(moment.gone.cookie.tolist()),
        rates={
            (int(old), int(new)): round(float(rates[old, new]), 6) for old, new in np.argwhere(rates).tolist()
        },
        changes=frame.flow.changes.tolist(),
        movements={
            name: (_rounded(each.rate), _rounded(each.smoothed), each.recent)
            for name, each in movements.items()
            if each is not None
        },
        ports=list(zip(frame.ports.used.tolist(), frame.ports.waiting.tolist(), strict=True)),
        findings=[
            (
                finding.rule,
                finding.subject,
                finding.severity.label,
                finding.over_s is None,
            )
            for finding in frame.findings
        ],
        known_s=[round(finding.known_s, 6) for finding in frame.findings],
    )


def all_told(looked: Looked) -> list[Told]:
    """Return it of every namespace that could be read."""
    return [told(frame) for frame in looked.frames]


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 6)
