"""tcp_info out of one dump, against getsockopt() and against a decoder that reads one attribute at a time."""

from __future__ import annotations

import random
import socket
import struct
import sys
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twtop.core.snapshot import snapshot
from twtop.core.sockets import identity_of
from twtop.core.states import State, Timer
from twtop.core.tcp_info import TIMESTAMPS, silent_s
from twtop.kernel.sockdiag.dumps import SockDiag
from twtop.kernel.sockdiag.tcp_info import _columns, read_tcp_info
from twtop.lab import bulk
from twtop.lab.specimen import wait_for_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.lab.lab import Lab

LASTING: Final = State.ESTAB.bit | State.CLOSE_WAIT.bit | State.FIN_WAIT_2.bit
WANTED, SEQUENCE, INFO = 18, 7, 2
BEYOND: Final = 88
SO_COOKIE: Final = 57
"""include/uapi/asm-generic/socket.h"""

Found: TypeAlias = list[tuple[int, int, int]]


def said_by_the_socket(made: socket.socket) -> tuple[int, int]:
    """Return what getsockopt() says: milliseconds since anything was received, and the options."""
    info = made.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    data_ms, ack_ms = struct.unpack_from("=II", info, 52)
    return min(data_ms, ack_ms), info[5]


def test_it_is_what_getsockopt_says(lab: Lab) -> None:
    idle, closing = lab.pair(), lab.pair()
    closing.client.shutdown(socket.SHUT_WR)
    # By then the server is in CLOSE-WAIT; it may keep its ACK of the FIN back for 40 ms.
    wait_for_state(closing.client, State.FIN_WAIT_2)
    lab.client.sysctl("net.ipv4.tcp_timestamps", 0)
    plain = lab.pair()
    for host, ends in (
        (lab.server, (idle.server, closing.server, plain.server)),
        (lab.client, (idle.client, closing.client, plain.client)),
    ):
        cookies = [
            int.from_bytes(end.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8), sys.byteorder) for end in ends
        ]
        earliest = dict(zip(cookies, map(said_by_the_socket, ends), strict=True))
        with host.entered(), SockDiag() as diag:
            info = read_tcp_info(diag, LASTING)
        latest = dict(zip(cookies, map(said_by_the_socket, ends), strict=True))
        found = info.identity.tolist(), info.silent_ms.tolist(), info.options.tolist()
        assert found[0] == sorted(found[0])
        assert {identity >> 4 for identity in found[0]} == set(cookies)
        for identity, silent_ms, options in zip(*found, strict=True):
            (least, same), (most, _) = earliest[identity >> 4], latest[identity >> 4]
            assert options == same
            # The kernel's clock has steps of up to 10 ms.
            assert least - 10 <= silent_ms <= most + 10
        assert sorted(options & TIMESTAMPS for options in found[2]) == [0, TIMESTAMPS, TIMESTAMPS]


def test_rows_are_those_of_the_dump_without_minis(lab: Lab) -> None:
    bulk.alternating(lab.client, 2000)
    half_closed = lab.pair()
    half_closed.client.shutdown(socket.SHUT_WR)
    wait_for_state(half_closed.client, State.FIN_WAIT_2)
    with lab.client.entered(), SockDiag() as diag:
        sockets = diag.dump_tcp(LASTING).sockets
        info = read_tcp_info(diag, LASTING)
    full = sockets.timer != Timer.TIMEWAIT
    assert len(sockets) == 2001
    assert full.sum() >= 1001
    identity = identity_of(sockets.cookie, sockets.state)
    assert info.identity.tolist() == sorted(identity[full].tolist())
    taken = snapshot(sockets, tcp_info=info)
    assert ((silent_s(taken) >= 0) == (taken.sockets.timer != Timer.TIMEWAIT)).all()


def test_none_of_nothing(lab: Lab) -> None:
    with lab.client.entered(), SockDiag() as diag:
        info = read_tcp_info(diag, LASTING, "because")
        assert (len(info.identity), info.lack) == (0, "because")
        # The socket is as good as before.
        assert len(diag.dump_tcp().sockets) == 0


# --- both decoders on the same datagrams ------------------------------------------------------------


def attribute(kind: int, payload: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def message(seed: int, attributes: Sequence[bytes], kind: int = WANTED, sequence: int = SEQUENCE) -> bytes:
    body = random.Random(seed).randbytes(72) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), kind, 2, sequence, 0) + body


def slowly(messages: Sequence[bytes]) -> Found:
    found: Found = []
    for text in messages:
        _, kind, _, sequence, _ = struct.unpack_from("=IHHII", text)
        (cookie,) = struct.unpack_from("=Q", text, 60)
        at = 88
        while (kind, sequence) == (WANTED, SEQUENCE) and at < len(text):
            size, attribute_type = struct.unpack_from("=HH", text, at)
            if attribute_type & 0x3FFF == INFO and size >= 64:
                options = text[at + 4 + 5]
                silent = min(struct.unpack_from("=I", text, at + 4 + offset)[0] for offset in (52, 56))
                found.append(((cookie << 4 | text[17] & 15) % 2**64, silent, options))
            if attribute_type & 0x3FFF == INFO:
                break
            at += size + 3 & ~3
    return sorted(found)


def quickly(messages: Sequence[bytes]) -> Found:
    datagram = b"".join(messages)
    columns = _columns(bytearray(datagram + bytes(BEYOND)), [(0, len(datagram))], SEQUENCE, WANTED)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


infos = st.builds(
    lambda kind, size, seed: attribute(kind, random.Random(seed).randbytes(size)),
    st.sampled_from((INFO, INFO | 0x8000)),
    st.sampled_from((0, 59, 60, 61, 104, 280)),
    st.integers(0, 2**32),
)
others = st.builds(attribute, st.sampled_from((0, 1, 8, 21, 22)), st.binary(max_size=12))
messages = st.builds(
    message,
    st.integers(0, 2**32),
    st.lists(infos | others | others, max_size=5),
    st.sampled_from((WANTED, WANTED, WANTED, 20)),
    st.sampled_from((SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE - 1)),
)


@settings(deadline=None)
@given(st.lists(messages, max_size=12))
def test_attributes_are_found_wherever_they_are(datagram: list[bytes]) -> None:
    assert quickly(datagram) == slowly(datagram)


@pytest.mark.parametrize("size", [0, 3, 9])
def test_what_lies_behind_an_impossible_attribute_is_not_found(size: int) -> None:
    info = attribute(INFO, bytes(range(64)))
    whole = message(1, [info])
    assert quickly([whole, message(2, [struct.pack("=HHI", size, 8, 0), info])]) == slowly([whole])
