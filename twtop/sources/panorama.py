"""All network namespaces of the machine at one time: every one by itself, and their sockets together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from twtop.core.filter.nodes import all_of, named
from twtop.core.merging import Part, merged, naming
from twtop.sources.observer import Frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twtop.core.changes import Moment
    from twtop.core.filter import Expr
    from twtop.diagnosis.finding import Finding
    from twtop.kernel.host import HostInfo
    from twtop.kernel.namespaces.listing import Namespace


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One namespace, as far as it can be read."""

    namespace: Namespace
    frame: Frame | None
    problem: str | None = None
    """Why there is no frame; None where there is one."""
    idle: bool = False
    """The kernel counts no sockets there, and none were looked for."""
    rests: bool = False
    """It is idle, and the frame an earlier one."""

    @property
    def lacks(self) -> tuple[str, ...]:
        """What cannot be read, and why, one sentence each."""
        return (str(self.problem),) if self.frame is None else self.frame.moment.snapshot.degraded

    @property
    def sockets(self) -> int:
        """How many sockets it has, as far as is known."""
        return 0 if self.frame is None else len(self.frame.moment.snapshot.sockets)


@dataclass(frozen=True, slots=True, eq=False)
class Panorama:
    """The namespaces side by side; what is a namespace's own is in its frame, and never added up."""

    places: tuple[Place, ...]
    """The most sockets first."""
    moment: Moment
    """The sockets of all."""
    findings: tuple[Finding, ...]
    """Those of all, each naming its namespace, the worst first."""
    interval_s: float = 0.0
    """As `Frame.interval_s`."""
    cpu_s: float = 0.0
    """As `Frame.cpu_s`, of all together."""

    def frame_of(self, number: int | None) -> Frame | None:
        """Return the frame of a namespace; None where it has none."""
        return next((place.frame for place in self.places if place.namespace.number == number), None)

    def frame_about(self, finding: Finding) -> Frame:
        """Return the frame of the namespace that a finding names."""
        named = (place.frame for place in self.places if place.namespace.name == finding.namespace)
        # Who takes a finding of an earlier look may find the namespace gone.
        return next(named, None) or self.busiest

    def at_cost(self, interval_s: float, cpu_s: float) -> Panorama:
        """Return it, and its frames, with the time until the next one and what it cost."""
        places = tuple(
            place if place.frame is None else replace(place, frame=place.frame.at_cost(interval_s, cpu_s))
            for place in self.places
        )
        return replace(self, places=places, interval_s=interval_s, cpu_s=cpu_s)

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Those of all namespaces that could be read, the most sockets first."""
        return tuple(place.frame for place in self.places if place.frame is not None)

    @property
    def busiest(self) -> Frame:
        """The frame with the most sockets."""
        return self.frames[0]

    @property
    def host(self) -> HostInfo:
        """The host; its namespace is called ``all``."""
        return self.busiest.host._replace(namespace_label="all")

    @property
    def lacks(self) -> tuple[str, ...]:
        """What cannot be read, and how else some are read, one sentence each."""
        unread = [place for place in self.places if place.frame is None]
        incomplete = [place for place in self.places if place.frame is not None]
        return tuple(
            naming(place.namespace.name, lack) for place in (*unread, *incomplete) for lack in place.lacks
        )


Looked: TypeAlias = Frame | Panorama
"""What was collected at one instant: of one network namespace, or of all."""


def panorama(places: Iterable[Place]) -> Panorama:
    """Put namespaces together; at least one of them must have a frame."""
    ordered = sorted(places, key=lambda place: (-place.sockets, place.frame is None, place.namespace.name))
    ordered = [_labelled(place) for place in ordered]
    parts = [
        Part(place.namespace.number, place.frame.moment)
        for place in ordered
        # What happened when it was read last has been shown then.
        if place.frame is not None and not place.rests
    ]
    names = {place.namespace.number: place.namespace.name for place in ordered}
    return Panorama(tuple(ordered), merged(parts, names), _findings(ordered))


def _labelled(place: Place) -> Place:
    """Let what is said about the host name the namespace."""
    if place.frame is None or place.frame.facts.namespace == place.namespace.name:
        return place
    facts = replace(place.frame.facts, namespace=place.namespace.name)
    return replace(place, frame=replace(place.frame, facts=facts))


def _within(place: Place, sockets: Expr) -> Expr:
    """Limit a filter to one namespace."""
    return all_of((named("netns", place.namespace.name), sockets))


def _findings(places: Iterable[Place]) -> tuple[Finding, ...]:
    found = [
        replace(finding, namespace=place.namespace.name, sockets=_within(place, finding.sockets))
        for place in places
        if place.frame is not None
        for finding in place.frame.findings
    ]
    # Those of one namespace stay in their order.
    return tuple(sorted(found, key=lambda finding: (finding.over_s is not None, -finding.severity)))
