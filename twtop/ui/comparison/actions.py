"""The keys that mark moments and compare them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from twtop.core.format import counted
from twtop.ui.actions import Actions
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.views import open_view

if TYPE_CHECKING:
    from twtop.ui.comparison.marks import Marks, Name


class ComparisonActions(Actions, inherit_bindings=False):
    """Marks A and B: the moment that is shown, be it now, in the past, or of a recording."""

    marks: Marks
    """For whoever draws them."""

    def action_mark(self, name: Name) -> None:
        """Set a mark at the moment that is shown, or move it there."""
        if self._shown is None:
            self.notify("There is nothing to mark yet.", timeout=3)
            return
        # Imported when needed: it is not what the first paint waits for.
        from twtop.sources.comparison.kept import kept

        moved = name in self.marks.kept
        self.marks.put(name, kept(self._shown.looked))
        snapshot = self._shown.looked.moment.snapshot
        at = time.strftime("%H:%M:%S", time.localtime(snapshot.wall_s))
        sockets = counted(len(snapshot.sockets), "socket")
        self.notify(f"{name} {'moved to' if moved else 'set at'} {at} ({sockets})", timeout=3)
        # A view that compares shows it at once.
        self._stale.set()

    def action_compare(self) -> None:
        """Show what happened between the marks, or since the only one."""
        if self._shown is None:
            self.notify("There is nothing to compare yet.", timeout=3)
            return
        from twtop.ui.comparison.screen import ComparisonScreen

        if isinstance(self.screen, FrameScreen):
            self.screen.dismiss()
        view = open_view("comparison", self.signs)
        if isinstance(view, ComparisonScreen):
            view.keep_to(self.marks)
        self.show_view(view)
