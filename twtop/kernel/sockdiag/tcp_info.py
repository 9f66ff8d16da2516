"""Read tcp_info of many sockets: a dump with INET_DIAG_INFO, without a Python step per socket.

Sources: include/uapi/linux/inet_diag.h, include/uapi/linux/netlink.h (nlattr), include/uapi/linux/tcp.h.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.sockets import identity_of
from twtop.core.tcp_info import TcpInfo
from twtop.kernel.sockdiag.attributes import MESSAGE_BYTES, find_attributes
from twtop.kernel.sockdiag.decode import decode, message_starts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.sockets import U8, U32, U64
    from twtop.kernel.sockdiag.decode import Batch
    from twtop.kernel.sockdiag.dumps import SockDiag

INET_DIAG_INFO: Final = 2

_MESSAGE: Final = np.dtype(
    {
        "names": ["length", "type", "sequence", "state", "cookie"],
        "formats": ["u4", "u2", "u4", "u1", "u8"],
        "offsets": [0, 4, 8, 17, 60],
        "itemsize": MESSAGE_BYTES,
    }
)
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
    length = messages["length"][starts].astype(np.int64)
    nth, info = find_attributes(buffer, starts, length, INET_DIAG_INFO, _LEAST_BYTES)
    return _Columns(
        identity=identity_of(messages["cookie"][starts[nth]], messages["state"][starts[nth]]),
        silent_ms=np.minimum(
            words[info + (_LAST_DATA_RECEIVED >> 2)], words[info + (_LAST_ACK_RECEIVED >> 2)]
        ),
        options=octets[(info << 2) + _OPTIONS],
    )
