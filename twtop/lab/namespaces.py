"""Private network namespaces without names: held by file descriptors only, gone with the last holder.

Sources: unshare(2), setns(2), user_namespaces(7), network_namespaces(7). ``os.unshare`` and ``os.setns``
exist only from Python 3.12 on, so libc is called directly.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from twtop.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator

CLONE_NEWUSER: Final = 0x1000_0000
CLONE_NEWNET: Final = 0x4000_0000
CLONE_NEWUTS: Final = 0x0400_0000

_CAPABILITIES: Final = 1 << 12 | 1 << 13 | 1 << 21
"""CAP_NET_ADMIN, CAP_NET_RAW and CAP_SYS_ADMIN, bits of CapEff (capabilities(7))."""

_OWN_NAMESPACE: Final = "/proc/thread-self/ns/net"

_SYSCTL: Final = Path("/proc/sys")
_FORBIDDING: Final = (
    ("user/max_user_namespaces", "0", "a value like 10000"),
    ("kernel/unprivileged_userns_clone", "0", "1"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
)
"""(sysctl, value that forbids user namespaces, value that allows them); two are Debian's and Ubuntu's."""

_libc = ctypes.CDLL(None, use_errno=True)


class NetworkNamespace:
    """One network namespace; closing it (or the end of the process) drops our hold on it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def create(cls) -> Self:
        """Make an empty namespace; the calling thread stays where it was.

        Raises HostError if this process may not (see ``require_namespaces``).
        """
        home = os.open(_OWN_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _unshare(CLONE_NEWNET)
            try:
                return cls.current()
            finally:
                _setns(home)
        finally:
            os.close(home)

    @classmethod
    def current(cls) -> Self:
        """Hold the namespace the calling thread is in."""
        return cls(os.open(_OWN_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC))

    @property
    def inode(self) -> int:
        """The number that ``/proc/<pid>/ns/net`` shows for it."""
        return os.fstat(self.fd).st_ino

    def enter(self) -> None:
        """Move the calling thread into this namespace for good."""
        _setns(self.fd)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Move the calling thread into this namespace, and back afterwards.

        Sockets, ``/proc/sys/net`` and child processes belong to the namespace in which they were opened or
        started; existing sockets do not move.
        """
        home = os.open(_OWN_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(self.fd)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(home)

    def close(self) -> None:
        """Drop the hold; the kernel removes the namespace after its last process and its last live socket."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


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
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16) & _CAPABILITIES == _CAPABILITIES
    return False


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


def _setns(fd: int) -> None:
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")
