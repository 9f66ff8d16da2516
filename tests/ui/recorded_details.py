"""What a kernel told of one socket, as bytes, for pictures."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from twtop.core.states import State, Timer
from twtop.kernel.sockdiag.details import decode_details
from twtop.kernel.sockdiag.one_socket import SocketReader
from twtop.kernel.sockdiag.tcp_info_fields import _FIELDS, KNOWN_BYTES

if TYPE_CHECKING:
    from twtop.core.details.details import Details
    from twtop.core.sockets import Sockets

_VALUES: Final = {
    "ca_state": 4, "retransmits": 2, "backoff": 2, "options": 7, "wscales": 0x77, "flags": 1,
    "rto": 816_000, "ato": 40_000, "snd_mss": 1448, "rcv_mss": 1448, "unacked": 12, "sacked": 3, "lost": 9,
    "retrans": 1, "last_data_sent": 340, "last_data_recv": 1_180, "last_ack_recv": 2_340, "pmtu": 1500,
    "rcv_ssthresh": 64_088, "rtt": 12_300, "rttvar": 400, "snd_ssthresh": 7, "snd_cwnd": 1, "advmss": 1460,
    "reordering": 3, "rcv_rtt": 31_000, "rcv_space": 14_480, "total_retrans": 214, "pacing_rate": 141_000,
    "max_pacing_rate": 2**64 - 1, "bytes_acked": 48_213_441, "bytes_received": 9_113_020, "segs_out": 38_211,
    "segs_in": 22_874, "notsent_bytes": 17_376, "min_rtt": 9_800, "data_segs_in": 8_120,
    "data_segs_out": 35_004, "delivery_rate": 9_400_000, "busy_time": 61_200_000, "rwnd_limited": 2_448_000,
    "delivered": 34_700, "bytes_sent": 50_802_113, "bytes_retrans": 310_122, "dsack_dups": 4,
    "rcv_ooopack": 12, "snd_wnd": 65_536, "rcv_wnd": 64_512, "rehash": 1, "total_rto": 3,
    "total_rto_recoveries": 2, "total_rto_time": 2_040,
}  # fmt: skip


def _tcp_info() -> bytes:
    info = bytearray(KNOWN_BYTES)
    for name, offset, form in _FIELDS:
        struct.pack_into(f"={form}", info, offset, _VALUES.get(name, 0))
    return bytes(info)


def _attribute(kind: int, payload: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


class RecordedReader(SocketReader):
    """Tells the same of every socket: a connection whose last segments are being sent again."""

    def __init__(self) -> None:
        """Open nothing."""

    def read(self, wanted: Sockets) -> Details:
        """Return it, for this very cookie."""
        head = struct.pack("=4B36xIQ", 2, State.ESTAB, Timer.ON, 2, 0, int(wanted.cookie[0]))
        body = head + struct.pack("=5I", 1_224, 0, 34_752, 33, 4711)
        body += _attribute(8, b"\0") + _attribute(2, _tcp_info()) + _attribute(4, b"cubic\0")
        body += _attribute(7, struct.pack("=9I", 0, 131_072, 0, 87_040, 3_264, 38_144, 0, 0, 0))
        body += _attribute(21, struct.pack("=Q", 4_242)) + _attribute(22, b"\x52\x01")
        return decode_details(struct.pack("=IHHII", 16 + len(body), 20, 0, 1, 0) + body)
