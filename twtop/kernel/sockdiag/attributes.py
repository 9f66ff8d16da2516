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
    messages have it, and where its payload lies, in words. What lies behind one of an impossible length is
    not found.
    """
    if not len(starts):
        return starts, starts
    headers, wanted_is_last = _headers(buffer, int(starts[0]), int(length[0]), wanted, least)
    words = np.frombuffer(buffer, np.uint32)
    # As a rule all messages have the attributes of the first one: to compare is cheaper than to walk.
    if not (length == length[0]).all() or not all(
        (words[starts + header] == words[starts[0] + header]).all() for header in headers
    ):
        return _walk(buffer, starts, length, wanted, least)
    payload = starts + (headers[-1] + (NLA_HDRLEN >> 2)) if wanted_is_last else starts[:0]
    return np.arange(len(payload)), payload


def _headers(buffer: bytearray, start: int, length: int, wanted: int, least: int) -> tuple[list[int], bool]:
    """Return where the attributes of one message begin, in words behind its start, up to the wanted one.

    Also tells whether the last of them is wanted and long enough.
    """
    attributes = np.frombuffer(buffer, _ATTRIBUTE)
    at, headers = MESSAGE_BYTES, list[int]()
    while at + NLA_HDRLEN <= length:
        headers.append(at >> 2)
        size, kind = attributes[start + (at >> 2)].tolist()
        possible = NLA_HDRLEN <= size <= length - at
        if not possible or kind & NLA_TYPE_MASK == wanted:
            return headers, possible and size >= NLA_HDRLEN + least
        at += size + 3 & ~3
    return headers, False


def _walk(
    buffer: bytearray, starts: Rows, length: NDArray[np.int64], wanted: int, least: int
) -> tuple[Rows, Rows]:
    """Do the same for messages that differ, in lockstep: step k reads the k-th attribute of each."""
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
