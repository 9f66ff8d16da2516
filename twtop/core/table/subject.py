"""The group that the cursor is on, or that the socket under it belongs to, found again in every view."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twtop.core.table.keys import KEYS

if TYPE_CHECKING:
    from twtop.core.sockets import Rows
    from twtop.core.table.grouping import Groups
    from twtop.core.table.view import Line, Lines, View


class Subject(NamedTuple):
    """A group by its keys and identity; without keys it is everything that the view shows."""

    keys: tuple[str, ...] = ()
    identity: int = 0

    def rows(self, view: View) -> Rows | None:
        """Return the rows of its sockets; None where the view has no such group."""
        groups = view.groups
        if not self.keys:
            return groups.rows
        depth = len(self.keys) - 1
        if groups.keys[: depth + 1] != self.keys:
            return None
        found = np.flatnonzero(groups.levels[depth].identity == np.uint64(self.identity))
        return groups.rows_of(depth, int(found[0])) if found.size else None

    def names(self, view: View, rows: Rows) -> list[str]:
        """Return the texts of its keys, outermost first; ``rows`` are its rows."""
        snapshot = view.moment.snapshot
        if not self.keys or not len(rows):
            return ["everything"]
        row = int(rows[0])
        return [KEYS[key].text(snapshot.sockets, row, bool(snapshot.server[row])) for key in self.keys]


def subject_at(lines: Lines, line: Line | None) -> Subject:
    """Return what a line is about; without a line everything."""
    if line is None:
        return Subject()
    groups = lines.view.groups
    depth = line.depth if line.kind == "group" else line.depth - 1
    index = _group_of(groups, line.index) if line.kind == "socket" else line.index
    return Subject(groups.keys[: depth + 1], int(groups.levels[depth].identity[index]))


def _group_of(groups: Groups, row: int) -> int:
    """Return the finest group of a socket: all are runs in the rows."""
    position = int(np.flatnonzero(groups.rows == row)[0])
    return int(np.searchsorted(groups.levels[-1].first, position, side="right")) - 1
