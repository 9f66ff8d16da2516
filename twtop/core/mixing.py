"""Many integer columns mixed into one 64-bit key per row, so that one sort groups by any combination."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twtop.core.sockets import U64, Rows

_MOST_COLUMNS: Final = 16
# Drawn anew by every process: nobody outside can choose addresses and ports that collide on purpose.
_FACTORS: Final = [np.uint64(secrets.randbits(64) | 1) for _ in range(_MOST_COLUMNS + 1)]
_SHIFT: Final = np.uint64(32)
_PART: Final = 1 << 14
"""Rows that are mixed in one go: few enough to stay in the cache from the first column to the last."""


def mixed(columns: Sequence[NDArray[np.unsignedinteger]], start: U64 | None = None) -> U64:
    """Return one key per row; rows that agree in all columns (and in ``start``) agree in the key.

    Different rows share a key with a chance of about 3 in 100 million for a million rows. At most 16 columns.
    """
    count = len(columns[0])
    keys = np.zeros(count, np.uint64) if start is None else start.copy()
    for begin in range(0, count, _PART):
        part = slice(begin, begin + _PART)
        key = keys[part]
        for column, factor in zip(columns, _FACTORS[:-1], strict=False):
            key += column[part] * factor
        # Sums alone would let a chain of keys cancel out: what came before must not be added to as it is.
        key ^= key >> _SHIFT
        key *= _FACTORS[-1]
        # Nothing mixed to nothing must be something else.
        key += _FACTORS[-1]
    return keys


def mixed_at(columns: Sequence[NDArray[np.unsignedinteger]], rows: Rows) -> U64:
    """Return the keys of some rows: of many by picking from all keys, of few by picking columns first."""
    if 2 * len(rows) > len(columns[0]):
        return mixed(columns)[rows]
    return mixed([column[rows] for column in columns])
