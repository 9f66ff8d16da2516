"""Close TCP sockets from outside: ``SOCK_DESTROY``.

The kernel looks for the socket first (ENOENT), then at the privilege (EPERM); without
CONFIG_INET_DIAG_DESTROY it does neither (EOPNOTSUPP). So an id that no socket can have tells whether the
kernel can, and something else must tell whether we may: a filter by mark, which takes CAP_NET_ADMIN too.

Sources: net/ipv4/inet_diag.c (``inet_diag_cmd_exact``, ``inet_diag_bc_audit``), net/ipv4/tcp_diag.c
(``tcp_diag_destroy``), net/core/sock_diag.c (``sock_diag_destroy``), net/ipv4/tcp.c (``tcp_abort``).
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from twtop.core.closing.kinds import FULL_ORPHANS, Kind, kind_of
from twtop.core.closing.plan import Lacks
from twtop.core.states import State
from twtop.errors import KernelError
from twtop.kernel.sockdiag.attributes import MESSAGE_BYTES
from twtop.kernel.sockdiag.dumps import INET_DIAG_REQ_BYTECODE, SOCK_DIAG_BY_FAMILY, TCPDIAG_GETSOCK
from twtop.kernel.sockdiag.netlink import (
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    NLMSG_HDRLEN,
    attribute,
    errno_of,
)
from twtop.kernel.sockdiag.one_socket import SocketGoneError, SocketReader
from twtop.kernel.sockdiag.requests import REQUEST

if TYPE_CHECKING:
    from twtop.core.sockets import Sockets

SOCK_DESTROY: Final = 21

_BY_MARK: Final = bytes(60) + attribute(INET_DIAG_REQ_BYTECODE, struct.pack("=BBHII", 10, 12, 16, 0, 0))
"""A dump of no states at all (inet_diag_req), filtered by INET_DIAG_BC_MARK_COND: whatever mark."""
_STATE: Final = struct.Struct("=xBB")
_INODE: Final = struct.Struct("=I")
_INODE_AT: Final = NLMSG_HDRLEN + 68
_REMOTE_PORT: Final = slice(10, 12)
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
    """Closes TCP sockets in the network namespace of a reader; for any thread.

    Raises KernelError if the kernel gives no answer.
    """

    def __init__(self, reader: SocketReader) -> None:
        self._reader = reader
        self.lack = self._find_lack()
        """Why nothing can be closed there; None if sockets can be."""

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

    def listens(self, socket: Sockets) -> bool:
        """Tell whether a listener is there, even one that `find` did not find; raises KernelError."""
        try:
            return self._reader.read(socket).values["state"] == State.LISTEN
        except SocketGoneError:
            return False

    def destroy(self, request: bytes) -> int:
        """Close the socket that a request finds; return 0, or the error number that the kernel answers.

        ENOENT: no socket there has this cookie. Raises KernelError if there is no answer.
        """
        answer = self._reader.exchange(SOCK_DESTROY, NLM_F_REQUEST | NLM_F_ACK, request)
        if answer is None:
            raise KernelError("the kernel did not answer SOCK_DESTROY")
        return errno_of(answer[1])

    def _look(self, request: bytes) -> Found | None:
        answer = self._reader.exchange(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, request)
        message_type, message = answer or (NLMSG_ERROR, b"")
        if message_type != SOCK_DIAG_BY_FAMILY:
            number = errno_of(message)
            if number == errno.ENOENT:
                return None
            raise KernelError(f"the kernel would not look for a socket: {os.strerror(number)}")
        if len(message) < MESSAGE_BYTES:
            raise KernelError(f"the sock_diag answer has {len(message)} bytes instead of {MESSAGE_BYTES}")
        state, timer = _STATE.unpack_from(message, NLMSG_HDRLEN)
        (inode,) = _INODE.unpack_from(message, _INODE_AT)
        kind = kind_of(state, timer, inode)
        return Found(kind, kind in FULL_ORPHANS and not inode, request)

    def _find_lack(self) -> str | None:
        # Cookies are counted from 1 on; all ones would mean any socket.
        number = self.destroy(_request(_NOBODY, _NOBODY, cookie=0))
        if number == errno.EOPNOTSUPP:
            return _NO_DESTROY
        if number != errno.ENOENT:
            return f"SOCK_DESTROY is refused here: {os.strerror(number)} (SELinux or a container policy)"
        answer = self._reader.exchange(TCPDIAG_GETSOCK, NLM_F_REQUEST | NLM_F_DUMP, _BY_MARK)
        if answer is not None and errno_of(answer[1]) == errno.EPERM:
            return _NO_PRIVILEGE
        return None


def try_out() -> Lacks:
    """Find out what this kernel can close: a TIME-WAIT and an orphan of our own, on the loopback.

    Distributions backport, so its version does not tell. For a thread in a namespace where sockets can be
    closed; never raises.
    """
    try:
        with closing(SocketReader()) as reader, socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(_TRIAL_S)
            destroyer = Destroyer(reader)
            return Lacks(minis=_try_mini(destroyer, listener), orphans=_try_orphan(destroyer, listener))
    except (OSError, KernelError) as error:
        return Lacks(orphans=f"it is not known whether this kernel can close orphans: {error}")


def _try_mini(destroyer: Destroyer, listener: socket.socket) -> str | None:
    client, server = _connect(listener)
    # The client, entered last, is closed first.
    with server, client:
        request = _request_of(client)
    return _NO_MINIS if destroyer.destroy(request) == errno.EOPNOTSUPP else None


def _try_orphan(destroyer: Destroyer, listener: socket.socket) -> str | None:
    client, server = _connect(listener)
    with server, client:
        request = _request_of(client)
        # Long enough for a full socket: what is shorter becomes a mini at once (TCP_TIMEWAIT_LEN).
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 120)
        client.close()
        destroyer.destroy(request)
        return _NO_ORPHANS if destroyer.find(request, Kind.FIN_WAIT_2) else None


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
