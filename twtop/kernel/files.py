"""Files that anybody may have written, or put something else in the place of."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_regular_file(path: Path, most_bytes: int) -> bytes | None:
    """Return the beginning of a regular file; None if it is anything else, which might never end.

    Raises OSError, and ValueError for a path with a NUL.
    """
    # Without O_NONBLOCK a pipe would make us wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most_bytes)
    finally:
        os.close(descriptor)
