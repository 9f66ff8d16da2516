"""Which explanation belongs to what is under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.core.signature import signature
from twtop.core.states import State
from twtop.core.table.fields import FIELDS
from twtop.core.table.keys import KEYS
from twtop.knowledge.explain import explain_column, explain_state
from twtop.ui.table.row_text import rows_of, state_of

if TYPE_CHECKING:
    from twtop.core.table.view import Line, Lines
    from twtop.knowledge.explanation import Explanation
    from twtop.knowledge.facts import HostFacts


def explain_cursor(
    lines: Lines, line: Line | None, heading: str | None, host: HostFacts
) -> Explanation | None:
    """Explain the state of a line's sockets by their own signature, or the column under the cursor."""
    if heading is not None:
        return explain_column(FIELDS[heading].topic, host)
    if line is None:
        return None
    state = state_of(lines, line)
    if state in set(State):
        return explain_state(State(state), host, signature(lines.view.moment, rows_of(lines, line)))
    depth = min(line.depth, len(lines.view.groups.keys) - 1)
    return explain_column(KEYS[lines.view.groups.keys[depth]].name, host)
