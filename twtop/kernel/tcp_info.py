"""Read tcp_info of many sockets: a dump with INET_DIAG_INFO, without a Python step per socket.

Sources: include/uapi/linux/inet_diag.h, include/uapi/linux/netlink.h (nlattr), include/uapi/linux/tcp.h.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.sockets import identity_of
from twtop.core.tcp_info import TcpInfo
from twtop.errors import KernelError
from twtop.kernel.decode import MESSAGE_BYTES, decode, message_starts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twtop.core.sockets import U8, U32, U64, Rows
    from twtop.kernel.decode import Batch
    from twtop.kernel.sockdiag import SockDiag

INET_DIAG_INFO: Final = 2

_MESSAGE: Final = np.dtype(
    {
        "names": ["length", "type", "sequence", "state", "cookie"],
        "formats": ["u4", "u2", "u4", "u1", "u8"],
        "offsets": [0, 4, 8, 17, 60],
        "itemsize": MESSAGE_BYTES,
    }
)
_ATTRIBUTE: Final = np.dtype([("length", np.uint16), ("type", np.uint16)])
_HEADER_BYTES: Final = 4
_TYPE_MASK: Final = np.uint16(0x3FFF)
"""NLA_TYPE_MASK"""

_OPTIONS: Final = 5
_LAST_DATA_RECEIVED: Final = 52
_LAST_ACK_RECEIVED: Final = 56
_LEAST_BYTES: Final = 60
"""struct tcp_info grows with the kernel; this much of it there has always been."""


class _Columns(NamedTuple):
    identity: U64
    silent_ms: U32
    options: U8


def read_tcp_info(diag: SockDiag, states: int, lack: str | None = None) -> TcpInfo:
    """Read tcp_info of all TCP sockets in ``states``; minis, which have none, are left out.

    Raises:
        KernelError: as `SockDiag.dump_tcp` does.
    """
    parts: list[_Columns] = []

    def read(buffer: bytearray, bounds: Sequence[tuple[int, int]], sequence: int, answer: int) -> Batch:
        batch = decode(buffer, bounds, sequence, answer)
        parts.append(_columns(buffer, bounds, sequence, answer))
        return batch

    diag.read_tcp(states, 1 << INET_DIAG_INFO - 1, read)
    instant_s = time.monotonic()
    identity, silent_ms, options = map(np.concatenate, zip(*parts, strict=True))
    order = np.argsort(identity)
    return TcpInfo(identity[order], silent_ms[order], options[order], instant_s, lack)


def _columns(buffer: bytearray, bounds: Sequence[tuple[int, int]], sequence: int, answer: int) -> _Columns:
    """Read what is wanted of every struct tcp_info in datagrams that `decode` found to be whole."""
    words, octets = np.frombuffer(buffer, np.uint32), np.frombuffer(buffer, np.uint8)
    messages = np.ndarray((len(buffer) - MESSAGE_BYTES >> 2) + 1, _MESSAGE, buffer, strides=(4,))
    starts = message_starts(words, bounds, sequence)
    starts = starts[(messages["type"][starts] == answer) & (messages["sequence"][starts] == sequence)]
    nth, info = _find_info(buffer, starts, messages["length"][starts].astype(np.int64))
    return _Columns(
        identity=identity_of(messages["cookie"][starts[nth]], messages["state"][starts[nth]]),
        silent_ms=np.minimum(
            words[info + (_LAST_DATA_RECEIVED >> 2)], words[info + (_LAST_ACK_RECEIVED >> 2)]
        ),
        options=octets[(info << 2) + _OPTIONS],
    )


def _find_info(buffer: bytearray, starts: Rows, length: NDArray[np.int64]) -> tuple[Rows, Rows]:
    """Find INET_DIAG_INFO: which of the messages have it, and where it lies, in 32-bit words.

    The attributes of all messages are walked in lockstep: step k reads the k-th one of each.
    """
    attributes = np.frombuffer(buffer, _ATTRIBUTE)
    nth, at, end = np.arange(len(starts)), starts + (MESSAGE_BYTES >> 2), (starts << 2) + length
    found: list[tuple[Rows, Rows]] = [(nth[:0], at[:0])]
    while True:
        inside = (at << 2) + _HEADER_BYTES <= end
        nth, at, end = nth[inside], at[inside], end[inside]
        if not at.size:
            break
        size = attributes["length"][at].astype(np.int64)
        if size.min() < _HEADER_BYTES or np.any((at << 2) + size > end):
            raise KernelError("an attribute of a sock_diag message has an impossible length")
        wanted = attributes["type"][at] & _TYPE_MASK == INET_DIAG_INFO
        long_enough = wanted & (size >= _HEADER_BYTES + _LEAST_BYTES)
        found.append((nth[long_enough], at[long_enough] + (_HEADER_BYTES >> 2)))
        nth, at, end = nth[~wanted], (at + (size + 3 >> 2))[~wanted], end[~wanted]
    which, where = zip(*found, strict=True)
    return np.concatenate(which), np.concatenate(where)
