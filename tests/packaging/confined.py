"""Run a program as a service of systemd would be in twtop's sandbox, as far as that takes no systemd.

``python -m tests.packaging.confined FOLDER FAMILIES COMMAND...``: every file system but FOLDER is read-only,
only sockets of the FAMILIES (numbers with commas) can be made, no namespace entered, no memory made
executable, no right gained; there is no capability, and the user is nobody, or root where nobody may not read
this Python.

Sources: mount_setattr(2), seccomp(2), PR_SET_MDWE(2const), setpriv(1).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

_CLONE_NEWNS: Final = 0x0002_0000
_MS_REC, _MS_BIND, _MS_PRIVATE = 0x4000, 0x1000, 1 << 18
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _RDONLY = 442, -100, 0x8000, 1
_PR_SET_SECCOMP, _MODE_FILTER, _PR_SET_MDWE = 22, 2, 65
_LOAD, _EQUALS, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _REFUSE = 0x7FFF_0000, 0x0005_0000
_EPERM, _EAFNOSUPPORT = 1, 97
# Of all that strace saw, @privileged has fchown (which sqlite calls as root), and @resources mbind.
_CALLS: Final = {
    "x86_64": {"socket": 41, "fchown": 93, "mbind": 237, "unshare": 272, "setns": 308},
    "aarch64": {"socket": 198, "fchown": 55, "mbind": 235, "unshare": 97, "setns": 268},
}
NOBODY: Final = 65534

_libc = ctypes.CDLL(None, use_errno=True)


def main(folder: str, families: str, *command: str) -> None:
    """Give all up, and become the program."""
    user = NOBODY if _may_run(NOBODY) else 0
    Path(folder).chmod(0o777)
    _keep_files(folder)
    _checked(_libc.prctl(_PR_SET_MDWE, 1, 0, 0, 0))
    rights = ("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--clear-groups")
    who = (f"--reuid={user}", f"--regid={user}")
    _filter(_CALLS[platform.machine()], [int(family) for family in families.split(",")])
    os.execvp("setpriv", ["setpriv", *rights, *who, *command])  # noqa: S606 - it is meant


def _may_run(user: int) -> bool:
    command = ["setpriv", f"--reuid={user}", "--clear-groups", sys.executable, "-c", "import twtop.cli"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _keep_files(folder: str) -> None:
    """Make everything read-only but one folder (ProtectSystem=strict, StateDirectory=)."""
    _checked(_libc.unshare(_CLONE_NEWNS))
    _checked(_libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None))
    _checked(_libc.mount(folder.encode(), folder.encode(), None, _MS_BIND, None))
    for path, changed in (("/", (_RDONLY, 0)), (folder, (0, _RDONLY))):
        attributes = struct.pack("4Q", *changed, 0, 0)
        flags = _AT_RECURSIVE if path == "/" else 0
        _checked(_libc.syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, path.encode(), flags, attributes, 32))


def _filter(calls: dict[str, int], families: list[int]) -> None:
    """Refuse what RestrictAddressFamilies=, RestrictNamespaces= and SystemCallFilter= refuse."""
    program = [(_LOAD, 0, 0, 0)]
    for call in (number for name, number in calls.items() if name != "socket"):
        program += [(_EQUALS, 0, 1, call), (_RETURN, 0, 0, _REFUSE | _EPERM)]
    # The first argument of socket(2), its lower half, is the family.
    program += [(_EQUALS, 1, 0, calls["socket"]), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, 16)]
    for family in families:
        program += [(_EQUALS, 0, 1, family), (_RETURN, 0, 0, _ALLOW)]
    program.append((_RETURN, 0, 0, _REFUSE | _EAFNOSUPPORT))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    whole = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    _checked(_libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, whole, 0, 0))


def _checked(status: int) -> None:
    if status:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main(*sys.argv[1:])
