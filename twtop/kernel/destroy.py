"""Close TCP sockets from outside: ``SOCK_DESTROY``.

The kernel looks for the socket first (ENOENT), then at the privilege (EPERM); without
CONFIG_INET_DIAG_DESTROY it does neither (EOPNOTSUPP). So an id that no socket can have tells whether the
kernel can, and something else must tell whether we may: a filter by mark, which takes CAP_NET_ADMIN too.

Sources: net/ipv4/inet_diag.c (``inet_diag_cmd_exact``, ``inet_diag_bc_audit``), net/ipv4/tcp_diag.c
(``tcp_diag_destroy``), net/core/sock_diag.c (``sock_diag_destroy``), net/ipv4/tcp.c (``tcp_abort``).
"""

from __future__ import annotations

import errno
import itertools
import os
import secrets
import socket
import struct
import sys
from typing import Final, NamedTuple, Self, TypeAlias

import numpy as np

from twtop.core.closing.kinds import FULL_ORPHANS, Kind, kind_of
from twtop.core.closing.plan import Lacks
from twtop.core.states import State
from twtop.errors import KernelError
from twtop.kernel.attributes import MESSAGE_BYTES
from twtop.kernel.decode import HEADER_BYTES, NLMSG_ERROR, DumpRefusedError
from twtop.kernel.requests import REQUEST
from twtop.kernel.sockdiag import SOCK_DIAG_BY_FAMILY, SockDiag, open_sock_diag, reason_of

SOCK_DESTROY: Final = 21

_REQUEST_FLAGS: Final = {SOCK_DIAG_BY_FAMILY: 0x1, SOCK_DESTROY: 0x5}
"""NLM_F_REQUEST, and NLM_F_ACK where nothing else would answer."""
_BY_MARK: Final = struct.pack("=BBHII", 10, 12, 16, 0, 0)
"""INET_DIAG_BC_MARK_COND: whatever mark."""
_STATE: Final = struct.Struct("=xBB")
_INODE: Final = struct.Struct("=I")
_INODE_AT: Final = HEADER_BYTES + 68
_REMOTE_PORT: Final = slice(10, 12)
_ANSWER_BYTES: Final = 1 << 14
_LISTENERS_TRIED: Final = 500
"""Of eight listeners at one port each is met within 30 tries, as a rule."""

Endpoint: TypeAlias = tuple[str, int]
_NOBODY: Final = ("0.0.0.0", 0)  # noqa: S104 - nothing is bound

_SO_COOKIE: Final = 57  # include/uapi/asm-generic/socket.h
_TRIAL_S: Final = 1.0

_NO_DESTROY: Final = "this kernel has no SOCK_DESTROY (it was built without CONFIG_INET_DIAG_DESTROY)"
_NO_PRIVILEGE: Final = "closing sockets needs CAP_NET_ADMIN: run twtop as root"
_NO_MINIS: Final = "this kernel cannot close mini-sockets (Linux 6.0 can)"
_NO_ORPHANS: Final = "this kernel would leave an orphan behind for ever (Linux 6.11 does not)"


class Found(NamedTuple):
    """A socket that is there."""

    kind: Kind
    is_orphan: bool
    """A full socket that no program holds."""
    request: bytes
    """The request that finds it."""


class Destroyer:
    """Closes TCP sockets in the network namespace of the thread that created it; for one thread at a time.

    Raises KernelError where there is no sock_diag.
    """

    def __init__(self) -> None:
        self._sequence = itertools.count(secrets.randbits(31))
        self._socket = open_sock_diag()
        self._diag = SockDiag()
        self.lack = self._find_lack()
        """Why nothing can be closed here; None if sockets can be."""
        self.lacks = Lacks() if self.lack else self._try_out()
        """Which kinds cannot be closed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the netlink sockets."""
        self._socket.close()
        self._diag.close()

    def find(self, request: bytes, kind: Kind) -> Found | None:
        """Look for the socket with the cookie of a request, as it is now; None where it is gone.

        Of listeners that share a port the kernel picks one by the other end, which a listener does not have:
        so any will do, and others are tried until they lead to the right one.
        Raises KernelError if the kernel answers neither way.
        """
        found = self._look(request)
        if found is not None or kind is not Kind.LISTEN:
            return found
        before, behind = request[: _REMOTE_PORT.start], request[_REMOTE_PORT.stop :]
        tries = (self._look(before + port.to_bytes(2) + behind) for port in range(1, _LISTENERS_TRIED))
        return next(filter(None, tries), None)

    def listens(self, cookie: int) -> bool:
        """Tell whether a listener is there, even one that `find` did not find; raises KernelError."""
        listeners = self._diag.dump_tcp(State.LISTEN.bit).sockets
        return bool(np.any(listeners.cookie == np.uint64(cookie)))

    def destroy(self, request: bytes) -> int:
        """Close the socket that a request finds; return 0, or the error number that the kernel answers.

        ENOENT: no socket there has this cookie. Raises KernelError if there is no answer.
        """
        answer = self._ask(SOCK_DESTROY, request)
        return _error_of(answer)

    def _look(self, request: bytes) -> Found | None:
        answer = self._ask(SOCK_DIAG_BY_FAMILY, request)
        if _is_error(answer):
            number = _error_of(answer)
            if number == errno.ENOENT:
                return None
            raise KernelError(f"the kernel would not look for a socket: {os.strerror(number)}")
        if len(answer) < MESSAGE_BYTES:
            raise KernelError(f"the sock_diag answer has {len(answer)} bytes instead of {MESSAGE_BYTES}")
        state, timer = _STATE.unpack_from(answer, HEADER_BYTES)
        (inode,) = _INODE.unpack_from(answer, _INODE_AT)
        kind = kind_of(state, timer, inode)
        return Found(kind, kind in FULL_ORPHANS and not inode, request)

    def _ask(self, message_type: int, request: bytes) -> bytes:
        """Return the message that answers, its header included."""
        sequence = next(self._sequence) & 0xFFFF_FFFF
        length = HEADER_BYTES + REQUEST.itemsize
        header = struct.pack("=IHHII", length, message_type, _REQUEST_FLAGS[message_type], sequence, 0)
        try:
            self._socket.send(header + request)
            while True:
                answer = self._socket.recv(_ANSWER_BYTES)
                # What came too late for an earlier question is no answer to this one.
                if len(answer) >= HEADER_BYTES and struct.unpack_from("=I", answer, 8)[0] == sequence:
                    return answer
        except OSError as error:
            raise KernelError(reason_of(error)) from error

    def _find_lack(self) -> str | None:
        # Cookies are counted from 1 on; all ones would mean any socket.
        number = self.destroy(_request(_NOBODY, _NOBODY, cookie=0))
        if number == errno.EOPNOTSUPP:
            return _NO_DESTROY
        if number != errno.ENOENT:
            return f"SOCK_DESTROY is refused here: {os.strerror(number)} (SELinux or a container policy)"
        try:
            self._diag.dump_tcp(0, _BY_MARK)
        except DumpRefusedError as error:
            if error.errno != errno.EPERM:
                raise
            return _NO_PRIVILEGE
        return None

    def _try_out(self) -> Lacks:
        """Close a TIME-WAIT and an orphan of our own, on the loopback: distributions backport."""
        try:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                listener.settimeout(_TRIAL_S)
                return Lacks(minis=self._try_mini(listener), orphans=self._try_orphan(listener))
        except OSError as error:
            return Lacks(orphans=f"it is not known whether this kernel can: {error.strerror or error}")

    def _try_mini(self, listener: socket.socket) -> str | None:
        client, server = _connect(listener)
        # The client, entered last, is closed first.
        with server, client:
            request = _request_of(client)
        return _NO_MINIS if self.destroy(request) == errno.EOPNOTSUPP else None

    def _try_orphan(self, listener: socket.socket) -> str | None:
        client, server = _connect(listener)
        with server, client:
            request = _request_of(client)
            # Long enough for a full socket: what is shorter becomes a mini at once (TCP_TIMEWAIT_LEN).
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 120)
            client.close()
            self.destroy(request)
            return _NO_ORPHANS if self._look(request) else None


def _connect(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    client = socket.create_connection(listener.getsockname(), _TRIAL_S)
    server, _ = listener.accept()
    return client, server


def _request_of(made: socket.socket) -> bytes:
    """Return the request for a connected IPv4 socket of our own."""
    cookie = made.getsockopt(socket.SOL_SOCKET, _SO_COOKIE, 8)
    return _request(made.getsockname(), made.getpeername(), int.from_bytes(cookie, sys.byteorder))


def _request(local: Endpoint, remote: Endpoint, cookie: int) -> bytes:
    request = np.zeros(1, REQUEST)
    request["family"], request["protocol"], request["cookie"] = socket.AF_INET, socket.IPPROTO_TCP, cookie
    for end, (address, port) in (("local", local), ("remote", remote)):
        request[f"{end}_hi"] = int.from_bytes(socket.inet_aton(address)) << 32
        request[f"{end}_port"] = port
    return request.tobytes()


def _is_error(answer: bytes) -> bool:
    (kind,) = struct.unpack_from("=H", answer, 4)
    return bool(kind == NLMSG_ERROR)


def _error_of(answer: bytes) -> int:
    """Return the error number in an NLMSG_ERROR, 0 for an ACK."""
    if not _is_error(answer) or len(answer) < HEADER_BYTES + 4:
        raise KernelError("the kernel did not answer SOCK_DESTROY with an error number")
    (number,) = struct.unpack_from("=i", answer, HEADER_BYTES)
    return -int(number)
