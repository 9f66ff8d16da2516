"""Sockets that agree in some columns, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.mixing import mixed_at
from twtop.core.ports.usage import Destination
from twtop.core.runs import Runs

if TYPE_CHECKING:
    from twtop.core.sockets import Rows, Sockets

DESTINATION: Final = Destination._fields
REMOTE: Final = DESTINATION[2:]
REMOTE_ADDRESS: Final = REMOTE[:2]

_MOST: Final = 32


def groups(sockets: Sockets, rows: Rows, *columns: str, least: int = 1) -> list[Rows]:
    """Group sockets by columns; the largest first, 32 at most, none smaller than ``least``, none empty."""
    if len(rows) < max(1, least):
        return []
    every = [getattr(sockets, name) for name in columns]
    # One column needs no mixing, which takes twice as long as its sort.
    runs = Runs.of(mixed_at(every, rows) if len(every) > 1 else every[0][rows].astype(np.uint64))
    starts, ends, sizes = runs.starts, runs.ends, runs.sizes
    # Keys are mixed anew by every process: of equally large groups that of the lowest row comes first.
    largest = np.lexsort((rows[runs.heads], -sizes))[:_MOST]
    return [rows[runs.rows[starts[at] : ends[at]]] for at in largest if sizes[at] >= least]
