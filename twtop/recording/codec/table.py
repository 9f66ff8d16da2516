"""The table of sockets as decoded: rows that are left keep their order, others come behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from twtop.core.owners.certainty import Certainty
from twtop.core.sockets import Sockets, zeros_column
from twtop.recording.codec.layout import (
    ALL,
    AS_BEFORE,
    CHANGING,
    COLUMNS,
    LITTLE,
    MOST_ROWS,
    SOME,
    damaged,
)
from twtop.recording.codec.timers import ends_of, time_left_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from twtop.core.sockets import U32, Rows
    from twtop.recording.codec.reading import Reader
    from twtop.recording.codec.timers import Ends

    Column = NDArray[Any]

_COOKIE: Final = LITTLE["cookie"]
_FAMILIES: Final = (2, 10)
_STATES: Final = range(1, 16)
"""Sets of states have as many bits in the kernel; those that it does not have yet are shown by number."""
_LAST_CERTAINTY: Final = max(Certainty)


class _Change(NamedTuple):
    rows: Rows
    """Of the rows that are left."""
    values: Column


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns that are never written to again: snapshots have them, too."""

    columns: Mapping[str, Column]
    """Those of `Sockets` by name, owners by their numbers in the recording, without ``expires_ms``."""
    ends: Ends
    """When timers end."""

    @staticmethod
    def empty() -> Table:
        """Return a table without rows."""
        names = ("cookie", *COLUMNS)
        columns = {name: zeros_column(name, 0) for name in names if name != "expires_ms"}
        return Table(columns, np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.ends)

    def read(self, reader: Reader, owners: int, now_ms: int) -> Table:
        """Return the table after what is told of gone, changed and born sockets; raises RecordingError.

        ``owners``: how many there are.
        """
        gone = reader.rows(reader.count(MOST_ROWS), len(self))
        left = len(self) - len(gone)
        changes = _read_changes(reader, left, owners)
        count = reader.count(MOST_ROWS - left)
        born = {"cookie": reader.ascending(_COOKIE, count)}
        born |= {name: _checked(name, reader.column(LITTLE[name], count), owners) for name in COLUMNS}
        if not len(gone) and not count and not changes:
            return self
        born_ends = ends_of(born["timer"], born.pop("expires_ms"), now_ms)
        moved = changes.pop("expires_ms", None)
        rows = _rows_left(gone, len(self)) if len(gone) else None
        columns = {
            name: _joined(column, rows, born[name], changes.get(name))
            for name, column in self.columns.items()
        }
        if moved is not None:
            moved = _Change(moved.rows, ends_of(columns["timer"][moved.rows], moved.values, now_ms))
        return Table(columns, _joined(self.ends, rows, born_ends, moved))

    def sockets(self, slots: U32, now_ms: int) -> Sockets:
        """Return them without the tables that columns point to; ``slots`` of owners by number."""
        columns = dict(self.columns)
        columns["expires_ms"] = time_left_ms(columns["timer"], self.ends, now_ms)
        owner = columns["owner"]
        if owner.strides[0]:
            columns["owner"] = slots[owner]
        return Sockets.of(columns)


def _read_changes(reader: Reader, left: int, owners: int) -> dict[str, _Change]:
    rows = reader.rows(reader.count(MOST_ROWS), left)
    changes = {}
    for name in CHANGING if len(rows) else ():
        extent = reader.byte(SOME)
        if extent != AS_BEFORE:
            chosen = rows if extent == ALL else rows[reader.bits(len(rows))]
            values = _checked(name, reader.column(LITTLE[name], len(chosen)), owners)
            changes[name] = _Change(chosen, values)
    return changes


def _checked(name: str, values: Column, owners: int) -> Column:
    """Return values that may be in a column; raises RecordingError for others."""
    if not len(values):
        return values
    least, most = values.min(), values.max()
    if name == "owner":
        fine = most < owners
    elif name == "certainty":
        fine = most <= _LAST_CERTAINTY
    elif name == "state":
        fine = least in _STATES and most in _STATES
    elif name == "family":
        fine = bool(np.isin(values, _FAMILIES).all())
    else:
        fine = True
    if not fine:
        raise damaged(f"a socket has a value that means nothing as {name}")
    return values


def _rows_left(gone: Rows, count: int) -> Rows:
    left = np.ones(count, np.bool_)
    left[gone] = False
    return np.flatnonzero(left)


def _joined(column: Column, rows: Rows | None, born: Column, change: _Change | None) -> Column:
    """Return a column of the rows that are left (None: all), with what changed in them, and the born."""
    left = len(column) if rows is None else len(rows)
    if change is None:
        if not column.strides[0] and (not len(born) or not born.max()):
            return np.broadcast_to(np.zeros(1, column.dtype), left + len(born))
        if rows is None and not len(born):
            return column
    joined = np.empty(left + len(born), column.dtype)
    if rows is None:
        joined[:left] = column
    else:
        # Rows are in range; to check each of them takes as long as the rest.
        np.take(column, rows, out=joined[:left], mode="clip")
    joined[left:] = born
    if change is not None:
        joined[change.rows] = change.values
    return joined
