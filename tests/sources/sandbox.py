"""A thread that may not open ``NETLINK_SOCK_DIAG``, as in a container with a strict policy."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

_SOCKET_CALL: Final = {"x86_64": 41, "aarch64": 198, "riscv64": 198}
_AF_NETLINK, _NETLINK_SOCK_DIAG = 16, 4
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 22, 38, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _FIRST_ARGUMENT, _THIRD_ARGUMENT = 0, 16, 32
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def without_sock_diag(errno: int, work: Callable[[], Result]) -> Result:
    """Run ``work`` in a thread of its own, for which opening sock_diag fails with ``errno`` (seccomp(2))."""

    def run() -> Result:
        _forbid(errno)
        return work()

    if platform.machine() not in _SOCKET_CALL:
        pytest.skip(f"the number of socket(2) on {platform.machine()} is not known here")
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()


def _forbid(errno: int) -> None:
    """Bind the calling thread, and it alone, until it ends."""
    program = b"".join(
        struct.pack("=HBBI", *operation)
        for operation in (
            (_LOAD, 0, 0, _NUMBER),
            (_JUMP_IF_EQUAL, 0, 5, _SOCKET_CALL[platform.machine()]),
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_JUMP_IF_EQUAL, 0, 3, _AF_NETLINK),
            (_LOAD, 0, 0, _THIRD_ARGUMENT),
            (_JUMP_IF_EQUAL, 0, 1, _NETLINK_SOCK_DIAG),
            (_RETURN, 0, 0, _ERRNO | errno),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
    libc = ctypes.CDLL(None, use_errno=True)
    pointer = ctypes.byref(_Program(len(program) // 8, program))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, pointer, 0, 0
    ):
        pytest.skip(f"this kernel refuses seccomp filters: {os.strerror(ctypes.get_errno())}")
