"""What is kept of one look, so that it can be compared with another one later on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twtop.core.comparison.ports import PortUse
from twtop.sources.panorama import Panorama

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twtop.core.counters import Counters
    from twtop.core.snapshot import Snapshot
    from twtop.core.sysctls import Sysctls
    from twtop.diagnosis.finding import Finding
    from twtop.sources.observer import Frame
    from twtop.sources.panorama import Looked

ONLY: Final = 0
"""In place of the number of a namespace that was looked at alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """What is a network namespace's own."""

    label: str
    """What the header calls it."""
    names: frozenset[str]
    """All that it may be called where it is looked at alone."""
    ports: PortUse
    counters: Counters
    sysctls: Sysctls
    findings: tuple[Finding, ...]
    """What was wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """One look: of one namespace, or of several side by side.

    It shares its columns with what is shown, and outlives it: some 60 bytes a socket. What was computed from
    it, and what was seen before it, is not kept.
    """

    host: str
    snapshot: Snapshot
    """The sockets of all namespaces together."""
    own: Mapping[int, Own]
    """By the namespace's number; by `ONLY` where it was looked at alone."""
    several: bool
    findings: tuple[Finding, ...]
    """Those of all."""

    @property
    def wall_s(self) -> float:
        """Unix time of the look."""
        return self.snapshot.wall_s


def kept(looked: Looked) -> Kept:
    """Take from a look what comparing needs; of hundreds of thousands of sockets in a millisecond."""
    if isinstance(looked, Panorama):
        own = {
            place.namespace.number: _own(place.frame, place.namespace.name, *place.namespace.names)
            for place in looked.places
            if place.frame is not None
        }
    else:
        own = {ONLY: _own(looked)}
    several = isinstance(looked, Panorama)
    return Kept(looked.host.hostname, looked.moment.snapshot, own, several, _now(looked.findings))


def _own(frame: Frame, *names: str) -> Own:
    snapshot = frame.moment.snapshot
    ports = PortUse.of(frame.ports, snapshot.sockets)
    label = frame.host.namespace_label
    return Own(
        label, frozenset({label, *names}), ports, snapshot.counters, snapshot.sysctls, _now(frame.findings)
    )


def _now(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Leave out what is over."""
    return tuple(finding for finding in findings if finding.over_s is None)
