"""Requests about one socket each: an ``inet_diag_req_v2`` with the socket's whole id.

Source: include/uapi/linux/inet_diag.h; the kernel finds the socket by addresses, ports and interface, and
answers ENOENT where its cookie is another (net/ipv4/tcp_diag.c, ``tcp_diag_find_one_icsk``).
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from twtop.core.states import ALL_STATES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.sockets import Sockets

REQUEST: Final = np.dtype(
    [
        ("family", "u1"),
        ("protocol", "u1"),
        ("extensions", "u1"),
        ("pad", "u1"),
        ("states", "u4"),
        ("local_port", ">u2"),
        ("remote_port", ">u2"),
        ("local_hi", ">u8"),
        ("local_lo", ">u8"),
        ("remote_hi", ">u8"),
        ("remote_lo", ">u8"),
        ("interface", "u4"),
        ("cookie", "u8"),
    ]
)
_V4_BITS: Final = np.uint64(0xFFFF_FFFF)
_HALF: Final = np.uint64(32)


def requests(sockets: Sockets) -> NDArray[Any]:
    """Return a request (56 bytes, dtype ``REQUEST``) per socket, in the family that the kernel told of it.

    An IPv4 connection of an IPv6 socket is asked for as AF_INET6, with ``::ffff:`` addresses.
    """
    made = np.zeros(len(sockets), REQUEST)
    made["family"], made["protocol"], made["states"] = sockets.family, socket.IPPROTO_TCP, ALL_STATES
    for name in ("local_port", "remote_port", "interface", "cookie"):
        made[name] = getattr(sockets, name)
    is_v4 = sockets.family == socket.AF_INET
    for end in ("local", "remote"):
        high, low = getattr(sockets, f"{end}_hi"), getattr(sockets, f"{end}_lo")
        # An IPv4 address lies in the first four of the sixteen bytes.
        made[f"{end}_hi"] = np.where(is_v4, (low & _V4_BITS) << _HALF, high)
        made[f"{end}_lo"] = np.where(is_v4, np.uint64(0), low)
    return made
