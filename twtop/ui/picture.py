"""What is computed beside the screen's thread, for one frame and one choice of the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twtop.core.ports.plot_data import PlotData, summarise
from twtop.core.table.view import Spec, View, view
from twtop.ui.drain.layout import GroupDrain

if TYPE_CHECKING:
    from twtop.core.drain import DrainTrack
    from twtop.sources.observer import Frame
    from twtop.ui.focus import Focus


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Everything that the panels draw from."""

    frame: Frame
    view: View
    focus: Focus
    """What the cursor was on."""
    plots: PlotData
    drain: GroupDrain | None
    """None where nobody looks, and where the group is not there any more."""


def picture(frame: Frame, spec: Spec, focus: Focus, track: DrainTrack) -> Picture:
    """Compute what the panels show; costs tens of milliseconds at hundreds of thousands of sockets.

    ``track`` remembers the forecasts of the group that the cursor is on.
    """
    shown = view(frame.moment, spec)
    plots = summarise(frame.moment.snapshot, frame.ports, frame.history, focus.destination)
    return Picture(frame, shown, focus, plots, _drain(shown, focus, track))


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
