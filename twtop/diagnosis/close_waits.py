"""Sockets in CLOSE-WAIT whose application has nothing more to send, and how many of them linger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.states import State
from twtop.diagnosis.services import Service, by_service

if TYPE_CHECKING:
    from twtop.core.changes import Seconds
    from twtop.diagnosis.evidence import Evidence

LINGERING_S: Final = 1.5
"""Longer than a healthy application takes, and less than two snapshots a second apart."""


class CloseWaits(NamedTuple):
    """Those of one service."""

    service: Service
    lasted_s: Seconds
    """Of each row, for how long at least."""

    @property
    def lingering(self) -> int:
        """How many have been there for a while."""
        return int(np.count_nonzero(self.lasted_s >= LINGERING_S))


def close_waits(evidence: Evidence) -> tuple[CloseWaits, ...]:
    """Return them by service, the most first; what is still being sent is nobody's fault."""
    rows = evidence.rows(State.CLOSE_WAIT)
    rows = rows[evidence.sockets.wqueue[rows] == 0]
    found = by_service(evidence, rows)
    return tuple(CloseWaits(service, evidence.lasted_s(service.rows)) for service in found)
