"""Netlink datagrams to columns, without a Python step per socket.

A datagram is a chain of messages, each as long as its own header says, so the next one is known only after
this one. All datagrams of a batch are walked in lockstep instead: step k reads the k-th message of every
datagram at once. A batch costs as many steps as its fullest datagram has messages, however lengths alternate.

Sources: include/uapi/linux/netlink.h (nlmsghdr), include/uapi/linux/inet_diag.h (inet_diag_msg).
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from twtop.core.address import MAPPED_PREFIX
from twtop.core.sockets import Mask, Rows, Sockets
from twtop.errors import KernelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NLMSG_ERROR: Final = 2
NLMSG_DONE: Final = 3
NLMSG_OVERRUN: Final = 4
NLM_F_DUMP_INTR: Final = 0x10

HEADER_BYTES: Final = 16
_MAX_ERRNO: Final = 4095
"""include/linux/err.h; what is beyond is no error number but damage."""

MESSAGE_BYTES: Final = HEADER_BYTES + 72
"""nlmsghdr and inet_diag_msg; attributes may follow and are skipped."""

_MESSAGE: Final = np.dtype(
    {
        "names": [
            "length", "type", "flags", "sequence", "error",
            "family", "state", "timer", "retrans", "local_port", "remote_port",
            "local_v4", "remote_v4", "local_hi", "local_lo", "remote_hi", "remote_lo",
            "interface", "cookie", "expires_ms", "rqueue", "wqueue", "uid", "inode",
        ],
        "formats": [
            "u4", "u2", "u2", "u4", "i4",
            "u1", "u1", "u1", "u1", ">u2", ">u2",
            ">u4", ">u4", ">u8", ">u8", ">u8", ">u8",
            "u4", "u8", "u4", "u4", "u4", "u4", "u4",
        ],
        "offsets": [
            0, 4, 6, 8, 16,
            16, 17, 18, 19, 20, 22,
            24, 40, 24, 32, 40, 48,
            56, 60, 68, 72, 76, 80, 84,
        ],
        "itemsize": MESSAGE_BYTES,
    }
)  # fmt: skip


class DumpRefusedError(KernelError):
    """The kernel answered a dump with an error; ``errno`` says which."""

    def __init__(self, errno: int) -> None:
        super().__init__(f"the kernel refused the sock_diag dump: {os.strerror(errno)}")
        self.errno = errno


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What a run of datagrams held."""

    sockets: Sockets
    done: bool
    """NLMSG_DONE was among the messages: the dump is complete."""
    interrupted: bool
    """The kernel marked the dump as inconsistent (NLM_F_DUMP_INTR)."""


def decode(buffer: bytearray, bounds: Sequence[tuple[int, int]], sequence: int, message_type: int) -> Batch:
    """Decode the datagrams that lie in ``buffer`` at ``bounds`` (start and end in bytes, starts on 4).

    Messages of another sequence number (answers to an older request) and of other types are skipped; so are
    attributes. ``buffer`` must reach at least one message (88 bytes) beyond the last end; its length is a
    multiple of 4.

    Raises:
        DumpRefusedError: the answer is an error of the kernel.
        KernelError: a message is cut short or its length is impossible.
    """
    extent = np.array(bounds, dtype=np.int64).reshape(-1, 2)
    words = np.frombuffer(buffer, np.uint32)
    starts = _message_starts(words, extent[:, 0] >> 2, extent[:, 1])
    messages = np.ndarray((len(buffer) - MESSAGE_BYTES >> 2) + 1, _MESSAGE, buffer, strides=(4,))
    starts = starts[messages["sequence"][starts] == sequence]
    types = messages["type"][starts]
    flags = messages["flags"][starts]
    done = types == NLMSG_DONE
    _raise_errors(messages, starts, types, done)
    rows = starts[types == message_type]
    if np.any(messages["length"][rows] < MESSAGE_BYTES):
        raise KernelError("a sock_diag message is shorter than its fixed part of 72 bytes")
    return Batch(
        sockets=_columns(messages, rows),
        done=bool(done.any()),
        interrupted=bool(np.any(flags & NLM_F_DUMP_INTR)),
    )


def _message_starts(words: NDArray[np.uint32], start: Rows, end_bytes: Rows) -> Rows:
    """Find every message: positions in 32-bit words, in the order of the buffer."""
    uniform, runs = _uniform_runs(words, start, end_bytes)
    walked = _walk(words, start[~uniform], end_bytes[~uniform])
    return runs if not walked.size else np.sort(np.concatenate([runs, walked]))


def _uniform_runs(words: NDArray[np.uint32], start: Rows, end_bytes: Rows) -> tuple[Mask, Rows]:
    """Find the datagrams whose messages are all as long as their first, and the starts in these.

    A pile-up of TIME-WAIT sockets is nothing but such runs, and checking a guess costs less than a walk.
    """
    size = end_bytes - (start << 2)
    length = words[np.minimum(start, len(words) - 1)].astype(np.int64)
    uniform = (length >= HEADER_BYTES) & (length & 3 == 0)
    length[~uniform] = HEADER_BYTES
    uniform &= (size > 0) & (size % length == 0)
    count = np.where(uniform, size // length, 0)
    lanes = np.repeat(np.arange(len(start)), count)
    nth = np.arange(len(lanes)) - (np.cumsum(count) - count)[lanes]
    messages = start[lanes] + nth * (length[lanes] >> 2)
    broken = lanes[words[messages] != length[lanes]]
    if broken.size:
        uniform[broken] = False
        messages = messages[uniform[lanes]]
    return uniform, messages


def _walk(words: NDArray[np.uint32], position: Rows, end_bytes: Rows) -> Rows:
    """Follow the chains of messages from ``position`` to ``end_bytes``, all in lockstep."""
    end = end_bytes + 3 >> 2
    found: list[Rows] = []
    alive = position < end
    position, end, end_bytes = position[alive], end[alive], end_bytes[alive]
    while position.size:
        length = words[position].astype(np.int64)
        if length.min() < HEADER_BYTES:
            raise KernelError("a netlink message is shorter than its header of 16 bytes")
        following = position + (length + 3 >> 2)
        found.append(position)
        alive = following < end
        if not alive.all():
            if np.any((position << 2) + length > end_bytes):
                raise KernelError("a netlink message reaches beyond the end of its datagram")
            following, end, end_bytes = following[alive], end[alive], end_bytes[alive]
        position = following
    return np.concatenate(found) if found else np.empty(0, np.intp)


def _raise_errors(messages: NDArray[Any], starts: Rows, types: NDArray[np.uint16], done: Mask) -> None:
    """Raise what NLMSG_ERROR, NLMSG_OVERRUN or the status inside NLMSG_DONE report."""
    if np.any(types == NLMSG_OVERRUN):
        raise KernelError("netlink lost data of the dump (NLMSG_OVERRUN)")
    errors = starts[types == NLMSG_ERROR]
    if np.any(messages["length"][errors] < HEADER_BYTES + 4):
        raise KernelError("netlink reported an error without saying which")
    ends = starts[done]
    ends = ends[messages["length"][ends] >= HEADER_BYTES + 4]
    status = messages["error"][np.sort(np.concatenate([errors, ends]))]
    failed = status[status < 0].tolist()
    if failed and failed[0] < -_MAX_ERRNO:
        raise KernelError(f"netlink reported the impossible error {failed[0]}")
    if failed:
        raise DumpRefusedError(-failed[0])


def _columns(messages: NDArray[Any], rows: Rows) -> Sockets:
    """Copy the wanted columns of the messages that start at ``rows``."""

    def column(name: str) -> NDArray[Any]:
        picked = messages[name][rows]
        return picked.astype(picked.dtype.newbyteorder("="), copy=False)

    family = column("family")
    ipv6 = np.flatnonzero(family == socket.AF_INET6)
    addresses: dict[str, NDArray[Any]] = {}
    for side in ("local", "remote"):
        low = column(f"{side}_v4").astype(np.uint64) | np.uint64(MAPPED_PREFIX)
        high = np.zeros(len(rows), np.uint64)
        if ipv6.size:
            high[ipv6] = messages[f"{side}_hi"][rows[ipv6]]
            low[ipv6] = messages[f"{side}_lo"][rows[ipv6]]
        addresses[f"{side}_hi"], addresses[f"{side}_lo"] = high, low
    plain = (
        "state", "timer", "retrans", "local_port", "remote_port", "interface", "cookie",
        "expires_ms", "rqueue", "wqueue", "uid", "inode",
    )  # fmt: skip
    return Sockets(family=family, **addresses, **{name: column(name) for name in plain})
