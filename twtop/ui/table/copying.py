"""What the copy keys put on the clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.core.filter import ss_command
from twtop.core.filter.nodes import Expr, Side, States, all_of
from twtop.core.table.keys import has_remote
from twtop.core.table.terms import end_term, key_terms
from twtop.ui.table.row_text import representative

if TYPE_CHECKING:
    from twtop.core.table.view import Line, Lines


def ss_of(chosen: Expr, lines: Lines | None, line: Line | None) -> str | None:
    """Return the ss command for the sockets of a line that a filter lets through, None if ss has none."""
    if lines is None or line is None:
        return ss_command(chosen)
    return ss_command(all_of((chosen, line_filter(lines, line))))


def line_filter(lines: Lines, line: Line) -> Expr:
    """Return a filter for the sockets of a line, as far as one can tell them from others.

    The role alone cannot be filtered by, and is left out.
    """
    snapshot = lines.view.moment.snapshot
    sockets = snapshot.sockets
    row = representative(lines, line)
    if line.kind == "socket":
        state = int(sockets.state[row])
        ends = [end_term(sockets, row, Side.LOCAL, port=True)]
        if has_remote(state):
            ends.append(end_term(sockets, row, Side.REMOTE, port=True))
        return all_of((States(1 << state), *ends))
    depth = line.depth if line.kind == "group" else line.depth - 1
    keys, server = lines.view.groups.keys[: depth + 1], bool(snapshot.server[row])
    terms = [term for key in keys for term in key_terms(sockets, row, server, key)]
    return all_of(tuple(terms))
