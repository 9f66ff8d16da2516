"""Answers of other kernels than this one, as bytes: short and long ones, damaged and hostile ones."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtop.core.states import State, Timer
from twtop.core.sysctls import Sysctls
from twtop.errors import KernelError
from twtop.kernel.sockdiag.details import decode_details
from twtop.kernel.sockdiag.netlink import errno_of, messages
from twtop.kernel.sockdiag.tcp_info_fields import KNOWN_BYTES, tcp_info_values
from twtop.knowledge.socket_fields import absences, field_pages, lines

if TYPE_CHECKING:
    from twtop.core.details.details import Details

INFO, VEGAS, CONG, SKMEM, SHUTDOWN, DCTCP, MARK, BBR, MD5, ULP, SOCKOPT = 2, 3, 4, 7, 8, 9, 15, 16, 18, 19, 22
LENGTHS = {224: "4.19", 232: "5.4", 240: "6.2", 248: "6.7", 280: "6.18"}
"""struct tcp_info in the kernels that made it longer."""


def attribute(kind: int, payload: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def message(*attributes: bytes, state: int = State.ESTAB, timer: int = Timer.OFF, inode: int = 4711) -> bytes:
    body = struct.pack("=4B48xIIIII", socket.AF_INET, state, timer, 0, 0, 1, 2, 1000, inode)
    body += b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), 20, 0, 1, 0) + body


def full(*attributes: bytes, state: int = State.ESTAB) -> Details:
    return decode_details(message(attribute(SHUTDOWN, b"\0"), *attributes, state=state))


def texts(told: Details) -> dict[str, str]:
    return {line.name: line.text for line in lines(told, Sysctls({}))}


def info(length: int) -> bytes:
    """Make a tcp_info whose every 32-bit word is its own number."""
    return b"".join(struct.pack("=I", word) for word in range(-(-length // 4)))[:length]


@pytest.mark.parametrize("length", LENGTHS)
def test_fields_come_in_with_the_kernel_that_brought_them(length: int) -> None:
    told = full(attribute(INFO, info(length)))
    version = tuple(map(int, LENGTHS[length].split(".")))
    for name, page in field_pages().items():
        if page.scope:
            since = tuple(map(int, page.since.split("."))) if page.since else (4, 19)
            assert (name in told.values) == (since <= version), name
    said = " ".join(absences(told))
    newer = length < KNOWN_BYTES
    assert ("accurate ECN (6.18)" in said) == newer
    assert told.values["rto"] == 2
    assert told.values["total_retrans"] == 25


@given(st.integers(0, 400))
def test_what_is_there_is_taken_and_nothing_invented(length: int) -> None:
    whole, part = tcp_info_values(info(400), listening=False), tcp_info_values(info(length), listening=False)
    assert part.items() <= whole.items()
    told = full(attribute(INFO, info(length)))
    assert told.surplus_bytes == max(0, length - KNOWN_BYTES)
    assert ("longer than this twtop knows" in " ".join(absences(told))) == (length > KNOWN_BYTES)
    assert texts(told)


def test_fields_lie_where_tcp_h_has_them() -> None:
    values = tcp_info_values(bytes(range(256)) + bytes(range(24)), listening=False)
    assert (values["ca_state"], values["retransmits"], values["probes"], values["backoff"]) == (1, 2, 3, 4)
    assert (values["options"], values["snd_wscale"], values["rcv_wscale"]) == (5, 6, 0)
    assert (values["app_limited"], values["fastopen_client_fail"]) == (1, 3)
    starts = {"rtt": 68, "snd_cwnd": 80, "rcv_space": 96, "segs_out": 136, "min_rtt": 148, "delivered": 192}
    starts |= {"dsack_dups": 216, "snd_wnd": 228, "rcv_wnd": 232, "rehash": 236, "total_rto_time": 244}
    for name, start in starts.items():
        assert values[name] == int.from_bytes(bytes(range(start, start + 4)), "little"), name
    for name, start in {
        "pacing_rate": 104,
        "delivery_rate": 160,
        "busy_time": 168,
        "bytes_sent": 200,
    }.items():
        assert values[name] == int.from_bytes(bytes(range(start, start + 8)), "little"), name
    assert values["total_rto"] == 0xF1F0
    assert values["total_rto_recoveries"] == 0xF3F2


def test_every_value_has_a_line() -> None:
    told = full(attribute(INFO, bytes(KNOWN_BYTES)), attribute(BBR, bytes(20)), attribute(VEGAS, bytes(16)))
    named = {name for page_name, page in field_pages().items() for name in (page_name, *page.also)}
    assert told.values.keys() - named == {"tcp_info_bytes"}


def test_congestion_control_tells_its_own() -> None:
    bbr = struct.pack("=5I", 1_250_000, 0, 12_300, 739, 512)
    assert texts(full(attribute(BBR, bbr)))["bbr_bw"] == "10.0 Mbit/s, rtt 12.3 ms, pacing x2.89, cwnd x2.00"
    vegas = struct.pack("=4I", 1, 8, 2000, 1000)
    assert texts(full(attribute(VEGAS, vegas)))["vegas_rtt"] == "rtt 2.0 ms, lowest 1.0 ms, 8 samples"
    dctcp = struct.pack("=HHIII", 1, 1, 512, 100, 1000)
    assert (
        "alpha 0.50, last segment marked, 100 of 1,000" in texts(full(attribute(DCTCP, dctcp)))["dctcp_alpha"]
    )
    assert texts(full(attribute(DCTCP, bytes(16))))["dctcp_alpha"].startswith("off")


def test_what_runs_above_is_named() -> None:
    tls = b"".join(
        attribute(kind, struct.pack("=H", number)) for kind, number in ((1, 0x0304), (2, 51), (3, 2))
    )
    told = full(attribute(ULP | 0x8000, attribute(1, b"tls\0") + attribute(2 | 0x8000, tls)))
    assert texts(told)["ulp"] == "tls, TLS 1.3, AES-GCM-128, encrypted by the kernel"
    mptcp = full(attribute(ULP, attribute(1, b"mptcp\0") + attribute(3, bytes(40))))
    assert texts(mptcp)["ulp"] == "mptcp"


def test_keys_of_signatures_are_counted_and_never_shown() -> None:
    told = full(attribute(MD5, b"\x02\x20\x06\0" + b"secret" + bytes(90) + bytes(100)))
    assert texts(told)["md5_keys"] == "2 keys"
    assert "secret" not in str(dict(told.values))


def test_socket_options_are_named_bit_by_bit() -> None:
    assert "none" in texts(full(attribute(SOCKOPT, b"\x52\x00")))["sockopt"]
    shown = texts(full(attribute(SOCKOPT, b"\x76\x8c")))["sockopt"]
    assert shown == "freebind, transparent, defer_connect, bit 11, bit 15"


def test_unknown_attributes_are_counted() -> None:
    told = full(attribute(99, b"new"), attribute(23, bytes(12)), attribute(14, b""))
    assert told.unknown == 2
    assert "The kernel told 2 attributes that this twtop does not know." in list(absences(told))


def test_without_the_privilege_the_mark_is_missed() -> None:
    assert "The mark is not shown: it needs CAP_NET_ADMIN." in list(absences(full()))
    assert not any("mark" in said for said in absences(full(attribute(MARK, bytes(4)))))
    # TIME-WAITs have none on older kernels, whatever the privilege.
    mini = decode_details(message(state=State.TIME_WAIT, timer=Timer.TIMEWAIT, inode=0))
    assert not any("mark" in said for said in absences(mini))


def test_what_a_module_calls_itself_cannot_steer_the_terminal() -> None:
    told = full(attribute(CONG, b"\x1b[2Jevil\xff\0hidden"))
    assert texts(told)["congestion"] == "?[2Jevil\\xff"
    assert len(texts(full(attribute(CONG, b"a" * 5000)))["congestion"]) == 64


@pytest.mark.parametrize("size", [0, 1, 3, 5000])
def test_what_lies_behind_a_damaged_attribute_is_left_out(size: int) -> None:
    bad = struct.pack("=HH", size, SKMEM) + bytes(36)
    told = full(attribute(MARK, struct.pack("=I", 7)), bad, attribute(CONG, b"cubic"))
    assert told.damaged
    assert told.values["mark"] == 7
    assert "congestion" not in told.values
    assert any("damaged" in said for said in absences(told))


@pytest.mark.parametrize("length", [0, 15, 16, 87])
def test_an_answer_without_its_fixed_part_is_refused(length: int) -> None:
    with pytest.raises(KernelError, match=f"{length} bytes instead of 88"):
        decode_details(message()[:length])


@given(st.binary(max_size=400), st.integers(0, 255), st.integers(0, 255))
def test_no_answer_is_too_strange(rest: bytes, state: int, timer: int) -> None:
    told = decode_details(message(rest, state=state, timer=timer))
    assert all(text.isprintable() for text in texts(told).values())
    assert all(said.isprintable() for said in absences(told))


def test_impossible_messages_are_refused() -> None:
    for length in (0, 15, 4000):
        with pytest.raises(KernelError, match=f"{length} bytes"):
            list(messages(struct.pack("=IHHII", length, 20, 0, 1, 0)))
    with pytest.raises(KernelError, match="type 77"):
        errno_of(struct.pack("=IHHIIi", 20, 77, 0, 1, 0, -2))
    with pytest.raises(KernelError, match="type 2"):
        errno_of(struct.pack("=IHHII", 16, 2, 0, 1, 0))
