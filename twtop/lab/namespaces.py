"""Private network namespaces without names: held by file descriptors only, gone with the last holder.

Sources: unshare(2), user_namespaces(7). ``os.unshare`` exists only from Python 3.12 on, so libc is called
directly.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from pathlib import Path
from typing import Final, Self

from twtop.errors import HostError
from twtop.kernel.capabilities import Capability, effective_capabilities
from twtop.kernel.namespaces.held import CLONE_NEWNET, HeldNamespace

CLONE_NEWUSER: Final = 0x1000_0000
CLONE_NEWUTS: Final = 0x0400_0000

_CAPABILITIES: Final = Capability.NET_ADMIN | Capability.NET_RAW | Capability.SYS_ADMIN

_SYSCTL: Final = Path("/proc/sys")
_FORBIDDING: Final = (
    ("user/max_user_namespaces", "0", "a value like 10000"),
    ("kernel/unprivileged_userns_clone", "0", "1"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
)
"""(sysctl, value that forbids user namespaces, value that allows them); two are Debian's and Ubuntu's."""

_libc = ctypes.CDLL(None, use_errno=True)


class NetworkNamespace(HeldNamespace):
    """A namespace that can be made here."""

    @classmethod
    def create(cls) -> Self:
        """Make an empty namespace; the calling thread stays where it was.

        Raises HostError if this process may not (see ``require_namespaces``).
        """
        home = HeldNamespace.current()
        try:
            _unshare(CLONE_NEWNET)
            try:
                return cls.current()
            finally:
                home.enter()
        finally:
            home.close()


def require_namespaces() -> None:
    """Make sure that this process may create network namespaces, through a user namespace if it has to.

    Call it early: entering a user namespace needs a process with a single thread. Raises HostError.
    """
    if not _privileged():
        enter_user_namespace()


def enter_user_namespace() -> None:
    """Make this process root of a fresh user namespace with a fresh, empty network namespace.

    Raises HostError, naming the setting that forbids it where one is found, and if other threads exist.
    """
    uid, gid = os.getuid(), os.getgid()
    try:
        _unshare(CLONE_NEWUSER | CLONE_NEWNET)
        _write_own("setgroups", "deny")
        _write_own("uid_map", f"0 {uid} 1")
        _write_own("gid_map", f"0 {gid} 1")
    except OSError as error:
        raise HostError(f"cannot enter a user namespace: {error.strerror}; {_remedy()}") from error
    if not _privileged():
        raise HostError(f"the user namespace gives no network privileges; {_remedy()}")


def _privileged() -> bool:
    return effective_capabilities() & _CAPABILITIES == _CAPABILITIES


def _remedy() -> str:
    for name, forbidding, allowing in _FORBIDDING:
        path = _SYSCTL / name
        if path.exists() and path.read_text().strip() == forbidding:
            dotted = name.replace("/", ".")
            return f"{dotted} = {forbidding} forbids it: run as root, or set it to {allowing}"
    if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208 - only the count matters
        return "this process already has several threads, which unshare(2) does not allow"
    return "run as root (a container may need CAP_SYS_ADMIN or a seccomp profile that allows unshare)"


def _write_own(name: str, text: str) -> None:
    Path("/proc/self", name).write_text(text)


def name_this_host(name: str) -> None:
    """Give this process, and those it starts, a host name of their own; HostError if that is impossible.

    The process must be root of its user namespace (uts_namespaces(7)).
    """
    _unshare(CLONE_NEWUTS)
    socket.sethostname(name)


def _unshare(flags: int) -> None:
    if _libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        if flags == CLONE_NEWNET and number == errno.EPERM:
            raise HostError("creating a network namespace needs root or a user namespace")
        raise OSError(number, os.strerror(number))
