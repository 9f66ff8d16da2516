"""Where each field of struct tcp_info lies.

The struct only ever grows: 224 bytes in Linux 4.19, 232 since 5.4, 240 since 6.2, 248 since 6.7, 280 since
6.18. Source: include/uapi/linux/tcp.h. Left out: ``tcpi_last_ack_sent``, which the kernel never fills, and
``tcpi_fackets``, which is 0 since Linux 4.15.
"""

from __future__ import annotations

import struct
import sys
from typing import Final, NamedTuple

KNOWN_BYTES: Final = 280


class _Field(NamedTuple):
    name: str
    offset: int
    form: str
    """As in the struct module."""


def _run(start: int, form: str, *names: str) -> list[_Field]:
    """Lay out neighbours of one form."""
    size = struct.calcsize(f"={form}")
    return [_Field(name, start + size * at, form) for at, name in enumerate(names)]


_FIELDS: Final = (
    *_run(1, "B", "ca_state", "retransmits", "probes", "backoff", "options", "wscales", "flags"),
    *_run(8, "I", "rto", "ato", "snd_mss", "rcv_mss", "unacked", "sacked", "lost", "retrans"),
    *_run(44, "I", "last_data_sent"),
    *_run(52, "I", "last_data_recv", "last_ack_recv", "pmtu", "rcv_ssthresh", "rtt", "rttvar"),
    *_run(
        76, "I", "snd_ssthresh", "snd_cwnd", "advmss", "reordering", "rcv_rtt", "rcv_space", "total_retrans"
    ),
    *_run(104, "Q", "pacing_rate", "max_pacing_rate", "bytes_acked", "bytes_received"),
    *_run(136, "I", "segs_out", "segs_in", "notsent_bytes", "min_rtt", "data_segs_in", "data_segs_out"),
    *_run(160, "Q", "delivery_rate", "busy_time", "rwnd_limited", "sndbuf_limited"),
    *_run(192, "I", "delivered", "delivered_ce"),
    *_run(200, "Q", "bytes_sent", "bytes_retrans"),
    *_run(216, "I", "dsack_dups", "reord_seen", "rcv_ooopack", "snd_wnd", "rcv_wnd", "rehash"),
    *_run(240, "H", "total_rto", "total_rto_recoveries"),
    *_run(244, "I", "total_rto_time", "received_ce"),
    *_run(252, "I", "delivered_e1_bytes", "delivered_e0_bytes", "delivered_ce_bytes"),
    # The last word was two 16-bit numbers in 6.18 and is four bit fields since: it is told as it is.
    *_run(264, "I", "received_e1_bytes", "received_e0_bytes", "received_ce_bytes", "accecn_word"),
)

_OF_LISTENERS: Final = frozenset({"pacing_rate", "max_pacing_rate", "reordering", "snd_cwnd"})
"""All that the kernel fills for a listener beside its queue (net/ipv4/tcp.c, tcp_get_info)."""


def tcp_info_values(info: bytes, *, listening: bool) -> dict[str, int]:
    """Return the fields that lie wholly in a struct tcp_info of any length, by name without ``tcpi_``."""
    values: dict[str, int] = {}
    for name, offset, form in _FIELDS:
        if offset + struct.calcsize(f"={form}") <= len(info) and (not listening or name in _OF_LISTENERS):
            (values[name],) = struct.unpack_from(f"={form}", info, offset)
    _split(values)
    return values


def _split(values: dict[str, int]) -> None:
    """Part bytes into their bit fields, which begin at the low end on little-endian machines."""
    little = sys.byteorder == "little"
    if (wscales := values.pop("wscales", None)) is not None:
        low, high = wscales & 0xF, wscales >> 4
        values["snd_wscale"], values["rcv_wscale"] = (low, high) if little else (high, low)
    if (flags := values.pop("flags", None)) is not None:
        values["app_limited"] = flags & 1 if little else flags >> 7
        values["fastopen_client_fail"] = (flags >> 1 if little else flags >> 5) & 3
