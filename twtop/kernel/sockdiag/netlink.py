"""Netlink messages and the attributes in them, one by one. Source: include/uapi/linux/netlink.h."""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, Final

from twtop.errors import KernelError

if TYPE_CHECKING:
    from collections.abc import Iterator

NLMSG_HDRLEN: Final = 16
NLMSG_ERROR: Final = 2
NLMSG_DONE: Final = 3
NLMSG_OVERRUN: Final = 4

NLM_F_REQUEST: Final = 0x1
NLM_F_MULTI: Final = 0x2
NLM_F_ACK: Final = 0x4
NLM_F_DUMP_INTR: Final = 0x10
NLM_F_DUMP: Final = 0x300

NLA_HDRLEN: Final = 4
NLA_TYPE_MASK: Final = 0x3FFF

_HEADER: Final = struct.Struct("=IHHII")
_ATTRIBUTE: Final = struct.Struct("=HH")


def message(message_type: int, flags: int, sequence: int, payload: bytes) -> bytes:
    """Build a message to the kernel."""
    return _HEADER.pack(NLMSG_HDRLEN + len(payload), message_type, flags, sequence, 0) + payload


def attribute(kind: int, payload: bytes) -> bytes:
    """Build an attribute, the last one or of a length that is a multiple of four."""
    return _ATTRIBUTE.pack(NLA_HDRLEN + len(payload), kind) + payload


def messages(datagram: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield type, sequence number and whole text of each message; raises KernelError at one cut off."""
    at = 0
    while at + NLMSG_HDRLEN <= len(datagram):
        length, kind, _, sequence, _ = _HEADER.unpack_from(datagram, at)
        if length < NLMSG_HDRLEN or at + length > len(datagram):
            raise KernelError(f"a netlink message says that it has {length} bytes, which it has not")
        yield kind, sequence, datagram[at : at + length]
        at += length + 3 & ~3


def errno_of(text: bytes) -> int:
    """Return the error number of an NLMSG_ERROR; raises KernelError for any other message."""
    (kind,) = struct.unpack_from("=H", text, 4)
    if kind != NLMSG_ERROR or len(text) < NLMSG_HDRLEN + 4:
        raise KernelError(f"sock_diag answered with a message of type {kind}, which is none of its own")
    return -int.from_bytes(text[NLMSG_HDRLEN : NLMSG_HDRLEN + 4], sys.byteorder, signed=True)


def attributes(text: bytes) -> Iterator[tuple[int, bytes | None]]:
    """Yield type and payload of each attribute; None, and no more, at one of an impossible length."""
    at = 0
    while at + NLA_HDRLEN <= len(text):
        size, kind = _ATTRIBUTE.unpack_from(text, at)
        if size < NLA_HDRLEN or at + size > len(text):
            yield 0, None
            return
        yield kind & NLA_TYPE_MASK, text[at + NLA_HDRLEN : at + size]
        at += size + 3 & ~3
