"""What the help of the main screen lists: its own keys, those of the views, and its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.ui.bindings import TERMINAL_KEYS, described
from twtop.ui.closing.screen import CloseScreen
from twtop.ui.explanation.pane import ExplainPane
from twtop.ui.filter_bar import FilterBar
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.table.table import GroupTable
from twtop.ui.timeline.entry import TimeEntry
from twtop.ui.views import VIEWS, view_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

    from twtop.ui.help_screen import Section

_COLUMNS_HELP = (
    ("SOCKETS", "sockets in the group; a socket shows `new` in the next column when it just came"),
    ("+/s  -/s", "sockets that came into and left the group a second"),
    ("<10s", "how many of them a clock ends within 10 s"),
    ("LEFT", "shortest to longest time left; in brackets: next try of a retransmission or probe"),
    ("0..life", "the times left, from 0 (left) to a whole life (right); for a socket: its timer"),
    ("RQ/SQ", "bytes in the receive and send queue; LISTEN: accept queue and backlog"),
)

_TIME_LINE_HELP = (
    ("! w i", "something critical, a warning, a note was found there, or got worse"),
    ("x", "a look failed there, or was not recorded; where the line is blank nobody looked"),
    ("A B", "your marks"),
    ("|", "what is shown; a click on the line goes elsewhere"),
)


def main_sections(keys: Sequence[BindingType]) -> list[Section]:
    """Return the keys of the main screen, of its panels, and of the views that it opens."""
    views = (view_class(name) for name in VIEWS)
    return [
        ("Main screen", described(keys)),
        ("Table", described(GroupTable.BINDINGS)),
        ("Explanation", described(ExplainPane.BINDINGS)),
        ("Filter", described(FilterBar.BINDINGS)),
        ("Time line", _TIME_LINE_HELP),
        ("Typing a time", described(TimeEntry.BINDINGS)),
        ("Closing sockets", described(CloseScreen.BINDINGS)),
        ("Columns", _COLUMNS_HELP),
        *((view.HEADING, described(view.BINDINGS)) for view in views),
        ("In every view", described(FrameScreen.BINDINGS)),
        ("Everywhere", TERMINAL_KEYS),
    ]
