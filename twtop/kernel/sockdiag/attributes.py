"""Attributes behind the fixed part of sock_diag messages, without a Python step per message.

Source: include/uapi/linux/netlink.h (nlattr).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.kernel.sockdiag.netlink import NLA_HDRLEN, NLA_TYPE_MASK, NLMSG_HDRLEN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.sockets import Rows

MESSAGE_BYTES: Final = NLMSG_HDRLEN + 72
"""nlmsghdr and inet_diag_msg; attributes may follow."""

_ATTRIBUTE: Final = np.dtype([("length", np.uint16), ("type", np.uint16)])


def find_attributes(
    buffer: bytearray, starts: Rows, length: NDArray[np.int64], wanted: int, least: int
) -> tuple[Rows, Rows]:
    """Find an attribute with a payload of ``least`` bytes or more in messages.

    ``starts`` are the places of the messages in 32-bit words, ``length`` their bytes. Returns which of the
    messages have it, and where its payload lies, in words. The attributes of all messages are walked in
    lockstep: step k reads the k-th one of each. What lies behind one of an impossible length is not found.
    """
    attributes = np.frombuffer(buffer, _ATTRIBUTE)
    nth, at, end = np.arange(len(starts)), starts + (MESSAGE_BYTES >> 2), (starts << 2) + length
    found: list[tuple[Rows, Rows]] = [(nth[:0], at[:0])]
    while True:
        inside = (at << 2) + NLA_HDRLEN <= end
        nth, at, end = nth[inside], at[inside], end[inside]
        if not at.size:
            break
        size = attributes["length"][at].astype(np.int64)
        if size.min() < NLA_HDRLEN or np.any((at << 2) + size > end):
            possible = (size >= NLA_HDRLEN) & ((at << 2) + size <= end)
            nth, at, end, size = nth[possible], at[possible], end[possible], size[possible]
        this = attributes["type"][at] & np.uint16(NLA_TYPE_MASK) == wanted
        long_enough = this & (size >= NLA_HDRLEN + least)
        found.append((nth[long_enough], at[long_enough] + (NLA_HDRLEN >> 2)))
        nth, at, end = nth[~this], (at + (size + 3 >> 2))[~this], end[~this]
    which, where = zip(*found, strict=True)
    return np.concatenate(which), np.concatenate(where)
