"""What is computed beside the screen's thread, for one instant and one choice of the user."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twtop.core.owners.owner import NO_OWNERS
from twtop.core.ports.plot_data import PlotData, summarise
from twtop.core.table.view import Spec, View, view
from twtop.sources.panorama import Looked, Panorama
from twtop.ui.drain.layout import GroupDrain

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.core.drain import DrainTrack
    from twtop.diagnosis.finding import Finding
    from twtop.sources.observer import Frame
    from twtop.ui.focus import Focus


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Everything that the panels draw from.

    Where the table shows several network namespaces, everything else tells of one of them: `frame`.
    """

    looked: Looked
    """What it is a picture of."""
    alone: int | None
    """Number of the only namespace that is shown of several; None where all are, or there is only one."""
    frame: Frame
    view: View
    focus: Focus
    """What the cursor was on."""
    plots: PlotData
    drain: GroupDrain | None
    """None where nobody looks, and where the group is not there any more."""
    past: bool
    """It was recorded: clocks stand at its instant, and the kernel cannot be asked for more."""

    @property
    def several(self) -> Panorama | None:
        """All namespaces, where the table shows them; None where it shows one."""
        return self.looked if isinstance(self.looked, Panorama) and self.alone is None else None

    @property
    def namespace(self) -> str:
        """The namespace that the panels tell of, where the table shows several; else empty."""
        return "" if self.several is None else self.frame.host.namespace_label

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong in what is shown."""
        return self.frame.findings if self.several is None else self.several.findings

    @property
    def lacks(self) -> tuple[str, ...]:
        """What is missing in what is shown, one sentence each."""
        if self.several is None:
            return self.frame.moment.snapshot.degraded
        lacking = sum(bool(place.lacks) for place in self.several.places)
        if lacking <= 1:
            return self.several.lacks
        total = len(self.several.places)
        return (f"{lacking} of {total} network namespaces cannot be read, or not in full: N tells why",)

    @property
    def owners_lack(self) -> tuple[str, ...]:
        """What is missing of owners, where it matters: what is shown depends on them."""
        snapshot = self.view.moment.snapshot
        if not self.view.spec.names_owners:
            return ()
        if snapshot.sockets.owners is NO_OWNERS:
            why = "nobody looked for them then" if self.past else "the option owners is off"
            return (f"owners are unknown: {why}",)
        return () if snapshot.owners_lack is None else (snapshot.owners_lack,)

    @property
    def frame_of(self) -> Callable[[int], Frame | None]:
        """Finds the frame of a namespace of the table by its number."""
        return (lambda _: self.frame) if self.several is None else self.several.frame_of

    def frame_about(self, finding: Finding) -> Frame:
        """Return the frame of the namespace that a finding is about."""
        return self.frame if self.several is None else self.several.frame_about(finding)


def picture(
    looked: Looked,
    spec: Spec,
    focus: Focus,
    track: DrainTrack,
    alone: int | None = None,
    *,
    past: bool = False,
) -> Picture:
    """Compute what the panels show; costs tens of milliseconds at hundreds of thousands of sockets.

    ``track`` remembers the forecasts of the group that the cursor is on. ``alone``: of several namespaces,
    show only the one of this number, if it can be read. ``past``: it was recorded.
    """
    if isinstance(looked, Panorama):
        frame = looked.frame_of(alone)
        if frame is None:
            return _of_several(looked, spec, focus, track, past=past)
    else:
        frame = looked
    shown = view(frame.moment, spec)
    plots = summarise(frame.moment.snapshot, frame.ports, frame.history, focus.destination)
    return Picture(looked, alone, frame, shown, focus, plots, _drain(shown, focus, track), past)


def _of_several(looked: Panorama, spec: Spec, focus: Focus, track: DrainTrack, *, past: bool) -> Picture:
    shown = view(looked.moment, spec)
    frame = _frame_at(looked, shown, focus)
    snapshot, chosen = frame.moment.snapshot, focus.destination
    # The cursor may be on sockets of several namespaces, or on ports outside of the range of this one.
    if chosen is not None and frame.ports.find(snapshot.sockets, chosen) is None:
        chosen = None
    plots = summarise(snapshot, frame.ports, frame.history, chosen)
    plots = replace(plots, namespace=frame.host.namespace_label)
    return Picture(looked, None, frame, shown, focus, plots, _drain(shown, focus, track), past)


def _frame_at(looked: Panorama, shown: View, focus: Focus) -> Frame:
    """Return the frame of the namespace that most sockets under the cursor are in, else of the busiest."""
    rows = None if focus.place is None else focus.place.rows(shown)
    if rows is None or not len(rows):
        return looked.busiest
    numbers, counts = np.unique(shown.moment.snapshot.sockets.netns[rows], return_counts=True)
    return looked.frame_of(int(numbers[counts.argmax()])) or looked.busiest


def _drain(shown: View, focus: Focus, track: DrainTrack) -> GroupDrain | None:
    subject = focus.subject
    if subject is None:
        track.forget()
        return None
    rows = subject.rows(shown)
    if rows is None:
        return None
    # With another filter it is another group.
    drain = track.follow((subject, shown.spec.filter), shown.moment.snapshot, rows)
    return GroupDrain(subject.names(shown, rows), drain)
