"""A child process without CAP_NET_ADMIN."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_VERSION_3: Final = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_CAP_NET_ADMIN: Final = 12


def without_net_admin(work: Callable[[], object]) -> str:
    """Return what ``work`` returns, as text, in a child that has given up CAP_NET_ADMIN (capset(2))."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _drop()
            told = str(work())
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(pid, 0)
    return told


def _drop() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    # Effective, permitted and inheritable, the lower half and the upper half of each.
    sets = (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    for number in range(3):
        sets[number] &= ~(1 << _CAP_NET_ADMIN)
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")
