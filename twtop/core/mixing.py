"""Many integer columns mixed into one 64-bit key per row, so that one sort groups by any combination."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twtop.core.sockets import U64

# Drawn anew by every process: nobody outside can choose addresses and ports that collide on purpose.
_FACTOR: Final = np.uint64(secrets.randbits(64) | 1)
_START: Final = np.uint64(secrets.randbits(64))
_SHIFT: Final = np.uint64(32)


def mixed(columns: Sequence[NDArray[np.unsignedinteger]], start: U64 | None = None) -> U64:
    """Return one key per row; rows that agree in all columns (and in ``start``) agree in the key.

    Different rows share a key with a chance of about 3 in 100 million for a million rows.
    """
    key = np.full(len(columns[0]), _START) if start is None else start.copy()
    for column in columns:
        key ^= column
        key *= _FACTOR
        key ^= key >> _SHIFT
    return key
