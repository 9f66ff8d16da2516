"""Segments that no kernel would send on request: a lone SYN, from any address and port."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Final

from twtop.lab.host import family_of

if TYPE_CHECKING:
    from twtop.lab.host import Endpoint, Host

_SYN: Final = 0x02
_HEADER_WORDS: Final = 5
_IPV6_TRANSPARENT: Final = 75  # include/uapi/linux/in6.h
_TRANSPARENT: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, socket.IP_TRANSPARENT),
    socket.AF_INET6: (socket.IPPROTO_IPV6, _IPV6_TRANSPARENT),
}


def send_syn(host: Host, source: Endpoint, target: Endpoint) -> None:
    """Send one SYN out of ``host``, with no socket behind it, from an address of its own or any other."""
    family = family_of(source[0])
    with host.entered(), socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
        raw.setsockopt(*_TRANSPARENT[family], 1)
        raw.bind((source[0], 0))
        raw.sendto(_syn(family, source, target), (target[0], 0))


def _syn(family: int, source: Endpoint, target: Endpoint) -> bytes:
    offset_and_flags = _HEADER_WORDS << 12 | _SYN
    fields = (source[1], target[1], 0x7777_0000, 0, offset_and_flags, 0xFFFF, 0, 0)
    segment = struct.pack("!HHIIHHHH", *fields)
    ends = socket.inet_pton(family, source[0]) + socket.inet_pton(family, target[0])
    pseudo_header = ends + struct.pack("!II", len(segment), socket.IPPROTO_TCP)
    return segment[:16] + struct.pack("!H", _checksum(pseudo_header + segment)) + segment[18:]


def _checksum(octets: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
