"""The panels of the main screen: where they stand, and what each draws of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.containers import Container

from twtop.ui.bindings import footer_keys
from twtop.ui.drain.panel import DrainPanel
from twtop.ui.explanation.pane import ExplainPane
from twtop.ui.filter_bar import FilterBar
from twtop.ui.findings.panel import FindingsPanel
from twtop.ui.focus import Focus, focus_at
from twtop.ui.footer import Footer
from twtop.ui.header import Header
from twtop.ui.ports.panel import PortPlot
from twtop.ui.strip import StateStrip, lines_needed
from twtop.ui.table.heading import Heading
from twtop.ui.table.table import GroupTable
from twtop.ui.timeline.entry import TimeEntry
from twtop.ui.timeline.panel import TimelinePanel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.geometry import Size
    from textual.screen import Screen

    from twtop.core.signs import Signs
    from twtop.ui.picture import Picture

_WIDE: Final = 150
_OTHER_LINES: Final = 3
"""Header, titles and footer."""
_FEWEST_LINES: Final = 4
_SIDES: Final = ("ports", "drain", "why")


class Panels:
    """All panels of the main screen."""

    def __init__(self, signs: Signs) -> None:
        self.header = Header(signs, id="header")
        self.strip = StateStrip(signs, id="strip")
        self.findings = FindingsPanel(signs, id="findings")
        self.heading = Heading(signs, id="heading")
        self.table = GroupTable(signs, id="table")
        self.ports = PortPlot(signs, id="ports")
        self.drain = DrainPanel(signs, id="drain")
        self.why = ExplainPane(signs, id="why")
        self.filter_bar = FilterBar(id="filter")
        self.time_entry = TimeEntry(id="time-entry")
        self.timeline = TimelinePanel(signs, id="timeline")
        self.footer = Footer(footer_keys(), id="footer")

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield self.header
        yield self.strip
        yield self.findings
        with Container(id="body"):
            with Container(id="table-side"):
                yield self.heading
                yield self.table
            with Container(id="side"):
                yield self.ports
                yield self.drain
                yield self.why
        yield self.filter_bar
        yield self.timeline
        yield self.time_entry
        yield self.footer

    def show(self, shown: Picture, *, frozen: bool) -> None:
        """Draw a picture; header and heading also tell of what was chosen, and are the application's."""
        self.table.show(shown.view, shown.frame_of, past=shown.past)
        unlisted = shown.view.moment.snapshot.unlisted is not None
        self.strip.show(shown.view.state_matches, shown.view.state_deltas, unlisted=unlisted)
        self.ports.show(shown.plots, present="then" if shown.past else "frozen" if frozen else "now")
        self.drain.show(shown.drain)
        self.findings.show(shown.findings)

    @property
    def focus(self) -> Focus:
        """What the panels beside the table are about."""
        return focus_at(self.table.lines, self.table.current, drains=self.drain.is_seen)


def arrange(screen: Screen[object], size: Size) -> None:
    """Choose the arrangement of the main screen for its size."""
    screen.set_class(size.width >= _WIDE, "-wide")
    left_for_table = size.height - lines_needed(size.width) - _OTHER_LINES
    screen.set_class(left_for_table < _FEWEST_LINES, "-tiny")


def switch_side(screen: Screen[object], name: str) -> None:
    """Show or hide one of the lower panels; where there is no room for all, it takes the place of another."""
    wide = screen.has_class("-wide")
    screen.toggle_class(f"-no-{name}" if wide else f"-{name}")
    for side in () if wide else _SIDES:
        screen.set_class(side == name and screen.has_class(f"-{name}"), f"-{side}")
