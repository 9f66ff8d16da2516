"""How the C library keeps memory that is free for the moment."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Final

# malloc.h of glibc
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8

_LARGE: Final = 1 << 20


def keep_little_free() -> None:
    """Give the system back what large arrays took once they are dropped; call it before there are threads.

    They come and go in the thread that collects, in that which computes pictures, in the screen's. With an
    arena each, what one has freed is of no use to the others: 30 MB of 170 at 350,000 sockets (glibc 2.36).
    Threads of Python hardly ever allocate at one time, so none waits. And of what is freed glibc by itself
    comes to keep up to 32 MB, and all that lies below something in use: another 30 MB. New pages for new
    arrays cost no more CPU time than could be measured.
    Without effect where the C library is another (mallopt(3)).
    """
    with suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 1)
        # Either of these also keeps them from growing by themselves.
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_TRIM_THRESHOLD, _LARGE)
