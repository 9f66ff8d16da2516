"""Netlink datagrams to columns, without a Python step per socket.

A datagram is a chain of messages, each as long as its own header says, so the next one is known only after
this one. Headers are guessed instead, by the sequence number in them, and the chain proves the guess. Where
it does not, all datagrams of a batch are walked in lockstep: step k reads the k-th message of every datagram
at once, which takes as many steps as the fullest datagram has messages, however lengths alternate.

Sources: include/uapi/linux/netlink.h (nlmsghdr), include/uapi/linux/inet_diag.h (inet_diag_msg).
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from twtop.core.address import MAPPED_PREFIX
from twtop.core.sockets import U32, U64, Mask, Rows, Sockets, zeros_column
from twtop.errors import KernelError
from twtop.kernel.sockdiag.attributes import MESSAGE_BYTES, find_attributes
from twtop.kernel.sockdiag.netlink import (
    NLM_F_DUMP_INTR,
    NLM_F_MULTI,
    NLMSG_DONE,
    NLMSG_ERROR,
    NLMSG_HDRLEN,
    NLMSG_OVERRUN,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SEQUENCE_WORD: Final = 2
_MAX_ERRNO: Final = 4095
"""include/linux/err.h; what is beyond is no error number but damage."""

_INET_DIAG_CGROUP_ID: Final = 21
_CGROUP_ID_BYTES: Final = 8
_MINI_BYTES: Final = MESSAGE_BYTES + 8
"""Mini-sockets have no attribute but MARK."""

_MESSAGE: Final = np.dtype(
    {
        "names": [
            "length", "type", "flags", "sequence", "mark", "error",
            "family", "state", "timer", "retrans", "local_port", "remote_port",
            "local_v4", "remote_v4", "local_hi", "local_lo", "remote_hi", "remote_lo",
            "interface", "cookie", "expires_ms", "rqueue", "wqueue", "uid", "inode",
        ],
        "formats": [
            "u4", "u2", "u2", "u4", "u8", "i4",
            "u1", "u1", "u1", "u1", ">u2", ">u2",
            ">u4", ">u4", ">u8", ">u8", ">u8", ">u8",
            "u4", "u8", "u4", "u4", "u4", "u4", "u4",
        ],
        "offsets": [
            0, 4, 6, 8, 4, 16,
            16, 17, 18, 19, 20, 22,
            24, 40, 24, 32, 40, 48,
            56, 60, 68, 72, 76, 80, 84,
        ],
        "itemsize": MESSAGE_BYTES,
    }
)  # fmt: skip
_OPAQUE: Final = np.dtype((np.void, MESSAGE_BYTES))


class DumpRefusedError(KernelError):
    """The kernel answered a dump with an error; ``errno`` says which."""

    def __init__(self, errno: int) -> None:
        super().__init__(f"the kernel refused the sock_diag dump: {os.strerror(errno)}")
        self.errno = errno


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What a run of datagrams held."""

    sockets: Sockets
    """Most columns are views of the messages, to be copied, as `SocketsBuilder` does."""
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
    starts = message_starts(np.frombuffer(buffer, np.uint32), bounds, sequence)
    # Gathered as a whole, then read by columns: twice as fast as gathering every column by itself.
    everywhere = np.ndarray((len(buffer) - MESSAGE_BYTES >> 2) + 1, _OPAQUE, buffer, strides=(4,))
    messages = everywhere[starts].view(_MESSAGE)
    done = interrupted = False
    # As a rule all are of this answer, and of sockets: one look at each is enough.
    if (messages["mark"] != (message_type | NLM_F_MULTI << 16 | sequence << 32)).any():
        own = messages["sequence"] == sequence
        starts, messages = starts[own], messages[own]
        types = messages["type"]
        ends = types == NLMSG_DONE
        _raise_errors(messages, types, ends)
        done, interrupted = bool(ends.any()), bool(np.any(messages["flags"] & NLM_F_DUMP_INTR))
        of_sockets = types == message_type
        starts, messages = starts[of_sockets], messages[of_sockets]
    if (messages["length"] < MESSAGE_BYTES).any():
        raise KernelError("a sock_diag message is shorter than its fixed part of 72 bytes")
    return Batch(_columns(messages, _cgroups(buffer, starts, messages)), done, interrupted)


def message_starts(words: U32, bounds: Sequence[tuple[int, int]], sequence: int) -> Rows:
    """Find every message in datagrams: positions in 32-bit words, in the order of the buffer."""
    extent = np.array(bounds, dtype=np.int64).reshape(-1, 2)
    start, end_bytes = extent[:, 0] >> 2, extent[:, 1]
    guess = _guess(words, start, end_bytes, sequence)
    return np.sort(_walk(words, start, end_bytes)) if guess is None else guess


def _guess(words: U32, start: Rows, end_bytes: Rows, sequence: int) -> Rows | None:
    """Take every word that is the sequence number for that of a header.

    Where these headers make one chain through all datagrams, there are no others. Where they do not, because
    something else looks like one, is damaged, or belongs to another answer, the result is None.
    """
    if not len(start) or not (start[1:] << 2 == end_bytes[:-1]).all() or end_bytes[-1] & 3:
        return None
    begin, end = int(start[0]), int(end_bytes[-1]) >> 2
    found = np.flatnonzero(words[begin + _SEQUENCE_WORD : end] == sequence) + begin
    links = np.append(found, end)
    length = words[found]
    chained = (found + (length + 3 >> 2) == links[1:]).all()
    whole = chained and length.min(initial=NLMSG_HDRLEN) >= NLMSG_HDRLEN
    return found if whole and (links[np.searchsorted(links, start)] == start).all() else None


def _walk(words: U32, position: Rows, end_bytes: Rows) -> Rows:
    """Follow the chains of messages from ``position`` to ``end_bytes``, all in lockstep."""
    end = end_bytes + 3 >> 2
    found: list[Rows] = []
    alive = position < end
    position, end, end_bytes = position[alive], end[alive], end_bytes[alive]
    while position.size:
        length = words[position].astype(np.int64)
        if length.min() < NLMSG_HDRLEN:
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


def _raise_errors(messages: NDArray[Any], types: NDArray[np.uint16], done: Mask) -> None:
    """Raise what NLMSG_ERROR, NLMSG_OVERRUN or the status inside NLMSG_DONE report."""
    if np.any(types == NLMSG_OVERRUN):
        raise KernelError("netlink lost data of the dump (NLMSG_OVERRUN)")
    errors = types == NLMSG_ERROR
    told = messages["length"] >= NLMSG_HDRLEN + 4
    if np.any(errors & ~told):
        raise KernelError("netlink reported an error without saying which")
    status = messages["error"][errors | done & told]
    failed = status[status < 0].tolist()
    if failed and failed[0] < -_MAX_ERRNO:
        raise KernelError(f"netlink reported the impossible error {failed[0]}")
    if failed:
        raise DumpRefusedError(-failed[0])


def _cgroups(buffer: bytearray, starts: Rows, messages: NDArray[Any]) -> U64:
    """Read the cgroup ids of full sockets; 0 for minis, and where the kernel (before 5.9) tells none."""
    full = np.flatnonzero(messages["length"] > _MINI_BYTES)
    if not full.size:
        return zeros_column("cgroup", len(messages))
    length = messages["length"][full].astype(np.int64)
    nth, at = find_attributes(buffer, starts[full], length, _INET_DIAG_CGROUP_ID, _CGROUP_ID_BYTES)
    # Attributes begin at multiples of four bytes, not eight.
    everywhere = np.ndarray((len(buffer) - _CGROUP_ID_BYTES >> 2) + 1, np.uint64, buffer, strides=(4,))
    cgroup = np.zeros(len(messages), np.uint64)
    cgroup[full[nth]] = everywhere[at]
    return cgroup


def _columns(messages: NDArray[Any], cgroup: U64) -> Sockets:
    """Return the wanted columns; views of the messages as far as possible."""
    family = messages["family"]
    ipv6 = family == socket.AF_INET6
    has_ipv6 = ipv6.any()
    ends: dict[str, NDArray[Any]] = {}
    for side in ("local", "remote"):
        high = zeros_column(f"{side}_hi", len(messages))
        low = messages[f"{side}_v4"] | np.uint64(MAPPED_PREFIX)
        if has_ipv6:
            high = np.where(ipv6, messages[f"{side}_hi"], high)
            low = np.where(ipv6, messages[f"{side}_lo"], low)
        ends[f"{side}_hi"], ends[f"{side}_lo"] = high, low
        ends[f"{side}_port"] = messages[f"{side}_port"].astype(np.uint16)
    plain = (
        "state", "timer", "retrans", "interface", "cookie", "expires_ms", "rqueue", "wqueue", "uid", "inode",
    )  # fmt: skip
    columns = {name: messages[name] for name in plain}
    return Sockets.of({"family": family, "cgroup": cgroup, **ends, **columns})
