"""The looks of a recording as they are in its file, and which of them can be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from twtop.recording.tape import Index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.sockets import Mask

Row: TypeAlias = tuple[int, float, int, int]
"""Number, Unix time, whether it is a key look, how many sockets."""

LATEST_S: Final = 250_000_000_000.0
"""In the year 9892; later ones are no dates any more."""
_MOST_SOCKETS: Final = 100_000_000
_DTYPES: Final = {"number": np.int64, "wall_s": np.float64, "is_key": np.bool_, "sockets": np.int64}


def of_rows(rows: Sequence[Row]) -> Index:
    """Make columns of rows."""
    columns: Any = zip(*rows, strict=True) if rows else ((),) * len(_DTYPES)
    return Index(*(np.array(column, dtype) for column, dtype in zip(columns, _DTYPES.values(), strict=True)))


def joined(parts: Sequence[Index]) -> Index:
    """Return the rows of all, one after the other."""
    return Index(*(np.concatenate([getattr(part, name) for part in parts]) for name in _DTYPES))


def taken(index: Index, rows: Mask | slice) -> Index:
    """Return some of the rows."""
    return Index(*(getattr(index, name)[rows] for name in _DTYPES))


def that_can_be_shown(index: Index) -> Index:
    """Return those that make sense, and have had a key look with none missing since."""
    is_sound = (index.wall_s >= 0) & (index.wall_s <= LATEST_S)
    is_sound &= (index.sockets >= 0) & (index.sockets <= _MOST_SOCKETS)
    follows = np.diff(index.number, prepend=-1) == 1
    at = np.arange(len(index))
    key = np.maximum.accumulate(np.where(index.is_key & is_sound, at, -1))
    lost = np.maximum.accumulate(np.where(is_sound & (index.is_key | follows), -1, at))
    return taken(index, key > lost)
