"""The answer about one socket, attribute by attribute.

Sources: include/uapi/linux/inet_diag.h, include/uapi/linux/sock_diag.h (sk_meminfo), net/ipv4/inet_diag.c,
include/uapi/linux/tls.h.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from twtop.core.details.details import Details, Value
from twtop.core.states import State
from twtop.core.text import printable
from twtop.errors import KernelError
from twtop.kernel.sockdiag.attributes import MESSAGE_BYTES
from twtop.kernel.sockdiag.netlink import NLMSG_HDRLEN, attributes
from twtop.kernel.sockdiag.tcp_info_fields import KNOWN_BYTES, tcp_info_values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MESSAGE: Final = struct.Struct("=16x4B48xIIIII")
_IDENTITY: Final = struct.Struct("=36xIQ")
"""Interface and cookie in an inet_diag_sockid (its ports and addresses are known)."""
_ID: Final = NLMSG_HDRLEN + 4
_FIXED: Final = (
    "family", "state", "timer", "tries", "expires_ms", "rqueue", "wqueue", "uid", "inode",
    "interface", "cookie",
)  # fmt: skip
"""What both have, in this order."""

_SKMEMINFO: Final = (
    "rmem_alloc", "rcvbuf", "wmem_alloc", "sndbuf", "fwd_alloc", "wmem_queued", "optmem", "backlog", "drops",
)  # fmt: skip
_VEGAS: Final = ("vegas_enabled", "vegas_rttcnt", "vegas_rtt", "vegas_minrtt")
_BBR_GAINS: Final = ("bbr_min_rtt", "bbr_pacing_gain", "bbr_cwnd_gain")
_DCTCP: Final = struct.Struct("=HHIII")
_DCTCP_NAMES: Final = ("dctcp_enabled", "dctcp_ce_state", "dctcp_alpha", "dctcp_ab_ecn", "dctcp_ab_tot")
_MD5_BYTES: Final = 100
"""struct tcp_diag_md5sig; the keys in it are nobody's business."""
_LONGEST_NAME: Final = 64


def decode_details(message: bytes) -> Details:
    """Decode a whole sock_diag message about one socket, its header included.

    Raises:
        KernelError: it is shorter than its fixed part. What lies behind a damaged attribute is left out.
    """
    if len(message) < MESSAGE_BYTES:
        raise KernelError(f"the sock_diag answer has {len(message)} bytes instead of {MESSAGE_BYTES}")
    fixed = (*_MESSAGE.unpack_from(message), *_IDENTITY.unpack_from(message, _ID))
    values: dict[str, Value] = dict(zip(_FIXED, fixed, strict=True))
    unknown = surplus = 0
    damaged = False
    for kind, payload in attributes(message[MESSAGE_BYTES:]):
        if payload is None:
            damaged = True
        elif kind == _INFO:
            values |= tcp_info_values(payload, listening=values["state"] == State.LISTEN)
            values["tcp_info_bytes"] = len(payload)
            surplus = max(0, len(payload) - KNOWN_BYTES)
        elif kind in _DECODERS:
            values |= _DECODERS[kind](payload)
        elif kind not in _SAYING_NOTHING:
            unknown += 1
    return Details(values, unknown, surplus, damaged)


def _number(name: str) -> Callable[[bytes], Mapping[str, Value]]:
    """Decode an attribute that is one number of 1, 2, 4 or 8 bytes."""

    def decode(payload: bytes) -> Mapping[str, Value]:
        form = {1: "=B", 2: "=H", 4: "=I", 8: "=Q"}.get(len(payload))
        return {} if form is None else {name: struct.unpack(form, payload)[0]}

    return decode


def _words(*names: str) -> Callable[[bytes], Mapping[str, Value]]:
    """Decode 32-bit numbers, as many as are there."""

    def decode(payload: bytes) -> Mapping[str, Value]:
        count = min(len(names), len(payload) // 4)
        return dict(zip(names, struct.unpack_from(f"={count}I", payload), strict=False))

    return decode


def _name(name: str) -> Callable[[bytes], Mapping[str, Value]]:
    """Decode an attribute that is a text, which a kernel module chose."""
    return lambda payload: {name: _text(payload)}


def _text(payload: bytes) -> str:
    raw, _, _ = payload.partition(b"\0")
    return printable(raw[:_LONGEST_NAME].decode("ascii", "backslashreplace"))


def _bbr(payload: bytes) -> Mapping[str, Value]:
    if len(payload) < 20:
        return {}
    low, high, *gains = struct.unpack_from("=5I", payload)
    return {"bbr_bw": high << 32 | low, **dict(zip(_BBR_GAINS, gains, strict=True))}


def _dctcp(payload: bytes) -> Mapping[str, Value]:
    if len(payload) < _DCTCP.size:
        return {}
    return dict(zip(_DCTCP_NAMES, _DCTCP.unpack_from(payload), strict=True))


def _md5(payload: bytes) -> Mapping[str, Value]:
    return {"md5_keys": len(payload) // _MD5_BYTES}


def _sockopt(payload: bytes) -> Mapping[str, Value]:
    """Read the bits of struct inet_diag_sockopt: those of the first byte are the lower ones."""
    return {"sockopt": payload[0] | payload[1] << 8} if len(payload) >= 2 else {}


def _ulp(payload: bytes) -> Mapping[str, Value]:
    """Read the name of the upper layer protocol, and what TLS says of itself."""
    values: dict[str, Value] = {}
    for kind, nested in attributes(payload):
        if kind == 1 and nested is not None:
            values["ulp"] = _text(nested)
        elif kind == 2 and nested is not None:
            for number, told in attributes(nested):
                if number in _TLS and told is not None:
                    values |= _number(_TLS[number])(told)
    return values


_TLS: Final = {1: "tls_version", 2: "tls_cipher", 3: "tls_tx", 4: "tls_rx"}

_INFO: Final = 2
_SAYING_NOTHING: Final = frozenset({1, 14})
"""MEMINFO, all of which is in SKMEMINFO, and PAD."""
_DECODERS: Final[Mapping[int, Callable[[bytes], Mapping[str, Value]]]] = {
    3: _words(*_VEGAS),
    4: _name("congestion"),
    5: _number("tos"),
    6: _number("tclass"),
    7: _words(*_SKMEMINFO),
    8: _number("shutdown"),
    9: _dctcp,
    10: _number("protocol"),
    11: _number("v6only"),
    15: _number("mark"),
    16: _bbr,
    17: _number("class_id"),
    18: _md5,
    19: _ulp,
    21: _number("cgroup"),
    22: _sockopt,
}
"""By type (INET_DIAG_VEGASINFO ...)."""
