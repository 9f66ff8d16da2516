"""IP addresses as two 64-bit halves, as the columns of Sockets hold them."""

from __future__ import annotations

import ipaddress
from typing import Final

MAPPED_PREFIX: Final = 0xFFFF << 32
"""The low half of ``::ffff:0.0.0.0``; an IPv4 address is this plus its 32 bits."""

_LOW_HALF: Final = (1 << 64) - 1


def halves(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> tuple[int, int]:
    """Split an address into its high and low 64 bits, IPv4 as ``::ffff:a.b.c.d``."""
    if isinstance(address, ipaddress.IPv4Address):
        return 0, MAPPED_PREFIX | int(address)
    number = int(address)
    return number >> 64, number & _LOW_HALF


def is_ipv4(high: int, low: int) -> bool:
    """Tell whether the halves hold an IPv4 (or IPv4-mapped) address."""
    return high == 0 and low >> 32 == 0xFFFF


def address_text(high: int, low: int) -> str:
    """Write an address as ``ss`` does without brackets: ``10.0.0.1``, ``2001:db8::1``."""
    if is_ipv4(high, low):
        return f"{low >> 24 & 255}.{low >> 16 & 255}.{low >> 8 & 255}.{low & 255}"
    return str(ipaddress.IPv6Address(high << 64 | low))


def endpoint_text(high: int, low: int, port: int | str) -> str:
    """Write ``address:port``, IPv6 in brackets."""
    address = address_text(high, low)
    return f"{address}:{port}" if is_ipv4(high, low) else f"[{address}]:{port}"
