"""Dumps of the kernel's sockets over ``NETLINK_SOCK_DIAG``.

TCP is asked for with the older request type 18: it returns IPv4 and IPv6 in one walk over the socket table,
which belongs to the whole machine and is walked to its end even when nothing matches.

Sources: net/ipv4/inet_diag.c, net/ipv4/tcp_diag.c, net/netlink/af_netlink.c, man 7 sock_diag.
"""

from __future__ import annotations

import errno
import itertools
import os
import secrets
import socket
import struct
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from twtop.core.sockets import Sockets, SocketsBuilder
from twtop.core.states import ALL_STATES, BOUND_INACTIVE, State
from twtop.errors import KernelError
from twtop.kernel.host import MINIMUM_KERNEL, kernel_version
from twtop.kernel.sockdiag.attributes import MESSAGE_BYTES
from twtop.kernel.sockdiag.decode import Batch, decode
from twtop.kernel.sockdiag.netlink import (
    NLM_F_DUMP,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    NLMSG_HDRLEN,
    attribute,
    message,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NETLINK_SOCK_DIAG: Final = 4
TCPDIAG_GETSOCK: Final = 18
SOCK_DIAG_BY_FAMILY: Final = 20
INET_DIAG_REQ_BYTECODE: Final = 1

_DATAGRAM_BYTES: Final = 1 << 16  # the kernel fills at most 32 KiB of it
_BUFFER_BYTES: Final = (
    1 << 20
)  # decoded in one go: fits the second-level cache, yet gives the walk many lanes
_ANSWER_SECONDS: Final = 10
_LISTS_BOUND_INACTIVE: Final = (6, 8)

EVERYTHING: Final = ALL_STATES | 1 << BOUND_INACTIVE
"""The mask of all states and bound-inactive sockets; kernels before 6.8 ignore the bit they do not know."""


Reader: TypeAlias = "Callable[[bytearray, Sequence[tuple[int, int]], int, int], Batch]"
"""What reads a part of an answer: takes and returns what `twtop.kernel.sockdiag.decode.decode` does."""


@dataclass(frozen=True, slots=True, eq=False)
class Dump:
    """One answer of the kernel."""

    sockets: Sockets
    interrupted: bool
    """The kernel said that the table changed in a way that makes the dump inconsistent."""


class SockDiag:
    """A netlink socket for dumps, in the network namespace of the thread that created it.

    The socket is opened anew after a dump that did not reach its end, so that no late answer is mistaken for
    part of the next one.
    """

    def __init__(self) -> None:
        # Begins anywhere, so that what else is in a message hardly ever looks like a sequence number.
        self._sequence = itertools.count(secrets.randbits(31))
        self._buffer = bytearray(_BUFFER_BYTES)
        self._expected = 0
        self._socket = open_sock_diag()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the netlink socket."""
        self._socket.close()

    def dump_tcp(
        self, states: int = EVERYTHING, bytecode: bytes | None = None, after: Sequence[Sockets] = ()
    ) -> Dump:
        """Dump the TCP sockets in ``states`` that ``bytecode`` accepts, both families in one walk.

        The rows come behind those of ``after``, in one table.

        Raises:
            KernelError: the kernel refuses, is silent for ten seconds, or its answer is damaged.
        """
        return self._dump(TCPDIAG_GETSOCK, _tcp_request(states), bytecode, after)

    def dump_family(self, family: int, protocol: int, states: int) -> Dump:
        """Dump the sockets of one family and protocol (``inet_diag_req_v2``); raises as `dump_tcp` does."""
        request = struct.pack("=BBxxI48x", family, protocol, states)
        return self._dump(SOCK_DIAG_BY_FAMILY, request)

    def read_tcp(self, states: int, extensions: int, read: Reader) -> None:
        """Dump the TCP sockets in ``states`` with the attributes of ``extensions`` (``idiag_ext``).

        ``read`` gets every part of the answer while it lies in the buffer. Raises as `dump_tcp` does.
        """
        self._receive(TCPDIAG_GETSOCK, _tcp_request(states, extensions), None, read)

    def _dump(
        self,
        message_type: int,
        request: bytes,
        bytecode: bytes | None = None,
        after: Sequence[Sockets] = (),
    ) -> Dump:
        builder = SocketsBuilder(self._expected)
        for part in after:
            builder.append(part)

        def read(buffer: bytearray, bounds: Sequence[tuple[int, int]], sequence: int, answer: int) -> Batch:
            batch = decode(buffer, bounds, sequence, answer)
            builder.append(batch.sockets)
            return batch

        interrupted = self._receive(message_type, request, bytecode, read)
        sockets = builder.table()
        # Room for as many and some more the next time; room that stays unused takes no memory, so that small
        # dumps in between do not take it away.
        self._expected = max(len(sockets) * 9 // 8, self._expected - self._expected // 64)
        return Dump(sockets, interrupted)

    def _receive(self, message_type: int, request: bytes, bytecode: bytes | None, read: Reader) -> bool:
        """Ask, and have every part of the answer read; return whether the kernel calls it inconsistent."""
        if self._socket.fileno() < 0:
            raise KernelError("the sock_diag socket is closed")
        sequence = next(self._sequence)
        interrupted = False
        try:
            tests = b"" if bytecode is None else attribute(INET_DIAG_REQ_BYTECODE, bytecode)
            self._socket.send(message(message_type, NLM_F_REQUEST | NLM_F_DUMP, sequence, request + tests))
            for bounds in self._fill():
                batch = read(self._buffer, bounds, sequence, message_type)
                interrupted |= batch.interrupted
                if batch.done:
                    break
        except OSError as error:
            self._reopen()
            raise KernelError(reason_of(error)) from error
        except KernelError:
            self._reopen()
            raise
        return interrupted

    def _reopen(self) -> None:
        self._socket.close()
        self._socket = open_sock_diag()

    def _fill(self) -> Iterator[list[tuple[int, int]]]:
        """Receive datagrams into the buffer; yield their bounds when it is full or the dump seems to end."""
        view = memoryview(self._buffer)
        room = _BUFFER_BYTES - _DATAGRAM_BYTES - MESSAGE_BYTES
        receive = self._socket.recv_into
        while True:
            bounds: list[tuple[int, int]] = []
            start = 0
            while start < room:
                size = receive(view[start : start + _DATAGRAM_BYTES], 0, socket.MSG_TRUNC)
                if size > _DATAGRAM_BYTES:
                    raise KernelError(f"a netlink datagram of {size} bytes was cut to {_DATAGRAM_BYTES}")
                bounds.append((start, start + size))
                if size < MESSAGE_BYTES + NLMSG_HDRLEN or _ends_dump(view[start : start + size]):
                    break
                start += size + 3 & ~3
            yield bounds


def _ends_dump(datagram: memoryview) -> bool:
    """Tell whether nothing follows this datagram.

    An NLMSG_ERROR stands alone, with the whole request behind it; an NLMSG_DONE, of 20 bytes, comes last,
    behind data where there is room for it.
    """
    (first,) = struct.unpack_from("=H", datagram, 4)
    length, last = struct.unpack_from("=IH", datagram, len(datagram) - 20)
    return first == NLMSG_ERROR or (length, last) == (20, NLMSG_DONE)


def open_sock_diag() -> socket.socket:
    """Open a netlink socket for sock_diag in the network namespace of the calling thread.

    Raises KernelError where that is forbidden or impossible. Receiving takes ten seconds at most.
    """
    try:
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG)
    except OSError as error:
        raise KernelError(reason_of(error)) from error
    # Only the kernel (port 0) may send to a connected netlink socket.
    netlink.connect((0, 0))
    # A receive timeout inside the kernel costs no extra poll() per datagram, unlike socket.settimeout().
    netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", _ANSWER_SECONDS, 0))
    return netlink


def _tcp_request(states: int, extensions: int = 0) -> bytes:
    """Build an ``inet_diag_req``."""
    return struct.pack("=3xB48xII", extensions, states, 0)


def reason_of(error: OSError) -> str:
    """Say what a failing netlink call means."""
    if error.errno in (errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT):
        return "this kernel or sandbox has no NETLINK_SOCK_DIAG"
    if error.errno in (errno.EPERM, errno.EACCES):
        return "NETLINK_SOCK_DIAG is forbidden here (seccomp, SELinux or a container policy)"
    if error.errno == errno.EAGAIN:
        return f"the kernel did not answer the sock_diag dump within {_ANSWER_SECONDS} s"
    if error.errno == errno.ENOBUFS:
        return "the kernel had no memory for the sock_diag dump (ENOBUFS)"
    return f"NETLINK_SOCK_DIAG failed: {error.strerror}"


def kernel_lists_bound_inactive(diag: SockDiag, release: str | None = None) -> bool:
    """Tell whether this kernel reports bound-inactive sockets: Linux 6.8 and later do (commit 91051f003948).

    An older one (``release`` is that of the running kernel unless given) is put to the test, because
    distributions backport: one is bound and looked for, which takes as long as every dump of such sockets.
    Where a sandbox lets none be made (RestrictAddressFamilies= of systemd) they are taken for not listed.
    Raises KernelError where dumps are refused.
    """
    version = kernel_version(os.uname().release if release is None else release, MINIMUM_KERNEL)
    if version >= _LISTS_BOUND_INACTIVE:
        # A dump of no state at all: a refusal comes with it, and no walk.
        diag.dump_tcp(0)
        return True
    with ExitStack() as made:
        try:
            probe = made.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            probe.bind(("127.0.0.1", 0))
        except OSError:
            return False
        port = probe.getsockname()[1]
        bound = diag.dump_tcp(1 << BOUND_INACTIVE).sockets
        return bool(((bound.local_port == port) & (bound.state == State.UNCONN)).any())
