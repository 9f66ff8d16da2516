"""The least that a dump can cost: received into one reused buffer and dropped."""

from __future__ import annotations

import socket
import struct
from typing import Final, Self

from twtop.kernel.sockdiag.dumps import NETLINK_SOCK_DIAG, TCPDIAG_GETSOCK

_REQUEST_AND_DUMP: Final = 0x301
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_DONE_BYTES: Final = 20
_BUFFER_BYTES: Final = 1 << 16


class Drain:
    """Asks for the sockets in some states, of the network namespace it was made in, and looks at none."""

    def __init__(self, states: int) -> None:
        request = struct.pack("=4x48xII", states, 0)
        self._request = (
            struct.pack("=IHHII", 16 + len(request), TCPDIAG_GETSOCK, _REQUEST_AND_DUMP, 1, 0) + request
        )
        self._buffer = bytearray(_BUFFER_BYTES)
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        self._netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 10, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._netlink.close()

    def dump(self) -> int:
        """Receive one dump; return its bytes."""
        self._netlink.sendto(self._request, (0, 0))
        received = 0
        while True:
            size = self._netlink.recv_into(self._buffer)
            received += size
            length, kind = struct.unpack_from("=IH", self._buffer, size - _DONE_BYTES)
            if (length, kind) == (_DONE_BYTES, _NLMSG_DONE):
                return received
            if struct.unpack_from("=IH", self._buffer)[1] == _NLMSG_ERROR:
                raise OSError("the kernel refused the dump")
