"""Run a program with a small disk of its own: ``python -m tests.recording.small_disk FOLDER SIZE COMMAND``.

Others reach the disk through ``/proc/PID/root``. It is gone with the program.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

_CLONE_NEWNS: Final = 0x0002_0000
_MS_REC, _MS_PRIVATE = 0x4000, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


def main(folder: str, size: str, *command: str) -> None:
    """Mount a file system in memory, and become the program."""
    _checked(_libc.unshare(_CLONE_NEWNS))
    _checked(_libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None))
    _checked(_libc.mount(b"small", folder.encode(), b"tmpfs", 0, f"size={size}".encode()))
    os.execvp(command[0], command)  # noqa: S606 - it is meant


def _checked(status: int) -> None:
    if status:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main(*sys.argv[1:])
