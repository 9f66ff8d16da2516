"""What is computed beside the screen's thread, for one frame and one choice of the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twtop.core.ports.plot_data import PlotData, summarise
from twtop.core.table.view import Spec, View, view

if TYPE_CHECKING:
    from twtop.core.ports.usage import Destination
    from twtop.sources.collector import Frame


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Everything that the panels draw from."""

    frame: Frame
    view: View
    destination: Destination | None
    """What the cursor was on: the plot shows it beside the busiest."""
    plots: PlotData


def picture(frame: Frame, spec: Spec, destination: Destination | None) -> Picture:
    """Compute what the panels show; costs tens of milliseconds at hundreds of thousands of sockets."""
    moment = frame.moment
    plots = summarise(moment.snapshot, frame.ports, frame.history, destination)
    return Picture(frame, view(moment, spec), destination, plots)
