"""Network namespaces: held by file descriptors, and entered by threads.

Sources: setns(2), ioctl_nsfs(2), network_namespaces(7). ``os.setns`` exists only from Python 3.12 on, so libc
is called directly.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

CLONE_NEWNET: Final = 0x4000_0000
OWN_NAMESPACE: Final = "/proc/thread-self/ns/net"

_NS_GET_NSTYPE: Final = 0xB703
"""_IO(0xb7, 3), include/uapi/linux/nsfs.h; Linux 4.11."""

_libc = ctypes.CDLL(None, use_errno=True)


class HeldNamespace:
    """One network namespace; closing it (or the end of the process) drops our hold on it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def current(cls) -> Self:
        """Hold the namespace the calling thread is in."""
        return cls.open(OWN_NAMESPACE)

    @classmethod
    def open(cls, path: str) -> Self:
        """Hold the namespace that a file stands for; raises OSError, with ENOTTY if it is none."""
        # A pipe would make us wait for its writer.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            # Strange ioctls are for strange devices to understand: a namespace is a regular file.
            regular = stat.S_ISREG(os.fstat(fd).st_mode)
            if not regular or fcntl.ioctl(fd, _NS_GET_NSTYPE) != CLONE_NEWNET:
                raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY), path)
        except OSError:
            os.close(fd)
            raise
        return cls(fd)

    @property
    def inode(self) -> int:
        """The number that ``/proc/<pid>/ns/net`` shows for it."""
        return os.fstat(self.fd).st_ino

    def enter(self) -> None:
        """Move the calling thread into this namespace for good; raises OSError."""
        if _libc.setns(self.fd, CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"setns: {os.strerror(number)}")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Move the calling thread into this namespace, and back afterwards; raises OSError.

        Sockets, ``/proc/sys/net`` and child processes belong to the namespace in which they were opened or
        started; existing sockets do not move.
        """
        home = HeldNamespace.current()
        try:
            self.enter()
            try:
                yield
            finally:
                home.enter()
        finally:
            home.close()

    def close(self) -> None:
        """Drop the hold; the kernel removes the namespace after its last process and its last live socket."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
