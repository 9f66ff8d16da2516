"""What the panels beside the table are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from twtop.core.table.subject import Subject, subject_at
from twtop.ui.table.row_text import destination_at

if TYPE_CHECKING:
    from twtop.core.ports.usage import Destination
    from twtop.core.table.view import Line, Lines


class Focus(NamedTuple):
    """What follows from the line under the cursor."""

    destination: Destination | None = None
    """The plot shows it beside the busiest."""
    subject: Subject | None = None
    """The group whose drain is wanted; None where nobody looks."""
    place: Subject | None = None
    """The group whose network namespace the panels tell of; None where there is only one namespace."""


def focus_at(lines: Lines | None, line: Line | None, *, drains: bool) -> Focus:
    """Return what the panels are about while the cursor is on a line; ``drains``: one shows a drain."""
    if lines is None:
        return Focus()
    destination = None if line is None else destination_at(lines, line)
    several = len(lines.view.moment.snapshot.sockets.namespaces) > 1
    subject = subject_at(lines, line) if drains or several else None
    return Focus(destination, subject if drains else None, subject if several else None)
