"""The words for values and timers."""

from __future__ import annotations

import pytest

from twtop.core.details.details import Details, Value
from twtop.core.details.timers import timer_words
from twtop.core.details.units import NO_LIMIT, UNITS, bytes_words, duration_words, rate_words
from twtop.core.details.words import WRITERS
from twtop.core.states import State, Timer
from twtop.core.sysctls import Sysctls

DEFAULTS = Sysctls(
    {
        "net.ipv4.tcp_syn_retries": "6",
        "net.ipv4.tcp_syn_linear_timeouts": "4",
        "net.ipv4.tcp_keepalive_probes": "5",
        "net.ipv4.tcp_fin_timeout": "90",
    }
)


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        (0, "0 ms"),
        (9, "0.009 ms"),
        (850, "0.85 ms"),
        (12_345, "12.3 ms"),
        (204_000, "204 ms"),
        (1_234_567, "1.2 s"),
        (119_000_000, "119 s"),
        (924_600_000, "15 min 25 s"),
        (179_999_999, "3 min 0 s"),
        (7_199_000_000, "1 h 59 min"),
        (7_500_000_000, "2 h 05 min"),
    ],
)
def test_durations(microseconds: int, words: str) -> None:
    assert duration_words(microseconds) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1448, "1,448 bytes"),
        (14_480, "14,480 bytes (14.1 KiB)"),
        (131_072, "131,072 bytes (128 KiB)"),
        (6_291_456, "6,291,456 bytes (6.0 MiB)"),
        (5 << 30, "5,368,709,120 bytes (5.0 GiB)"),
    ],
)
def test_sizes(number: int, words: str) -> None:
    assert bytes_words(number) == words


def test_rates() -> None:
    assert [rate_words(number) for number in (0, 12, 1_250, 12_500_000, 125_000_000)] == [
        "0 bit/s",
        "96 bit/s",
        "10.0 kbit/s",
        "100 Mbit/s",
        "1.0 Gbit/s",
    ]
    assert {rate_words(number) for number in NO_LIMIT} == {"no limit"}
    assert UNITS["signed bytes"](2**32 - 4096) == "-4,096 bytes"


def told(**values: Value) -> Details:
    return Details({"shutdown": 0, "inode": 7, "state": State.ESTAB, **values})


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("rtt", {"rtt": 12_300, "rttvar": 400}, "12.3 ms +/- 0.40 ms"),
        ("rtt", {"rtt": 0, "rttvar": 250_000}, "not measured"),
        ("min_rtt", {"min_rtt": 2**32 - 1}, "not measured"),
        ("snd_cwnd", {"snd_cwnd": 10, "snd_mss": 1448}, "10 segments = 14,480 bytes (14.1 KiB)"),
        ("snd_cwnd", {"snd_cwnd": 1}, "1 segment"),
        ("snd_ssthresh", {"snd_ssthresh": 0x7FFFFFFF}, "not set"),
        (
            "retrans",
            {"retrans": 1, "total_retrans": 5, "data_segs_out": 200},
            "1 now, 5 in all (2.5 % of those with data)",
        ),
        ("options", {"options": 0x87}, "timestamps, SACK, window scaling, opened by TCP Fast Open"),
        ("options", {"options": 0}, "nothing"),
        ("snd_wscale", {"snd_wscale": 7, "rcv_wscale": 10}, "peer's x128 (7), own x1024 (10)"),
        ("rwnd_limited", {"rwnd_limited": 500_000, "busy_time": 1_000_000}, "500 ms, 50 % of it"),
        ("last_data_recv", {"last_data_recv": 1_500, "data_segs_in": 3}, "1.5 s ago"),
        ("last_data_recv", {"last_data_recv": 13_276_748, "data_segs_in": 0}, "never"),
        ("last_ack_recv", {"last_ack_recv": 13_276_748, "state": State.SYN_SENT}, "never"),
        ("rqueue", {"rqueue": 3, "state": State.LISTEN}, "3 waiting for accept()"),
        ("ca_state", {"ca_state": 4}, "Loss"),
        ("ca_state", {"ca_state": 9}, "unknown (9)"),
        ("uid", {"uid": 0, "inode": 0}, "unknown (0 does not mean root here)"),
        ("uid", {"uid": 0}, "0"),
        ("shutdown", {"shutdown": 3}, "both directions"),
        ("tos", {"tos": 0xB8}, "0xb8 (DSCP 46)"),
        ("delivery_rate", {"delivery_rate": 125_000, "app_limited": 1}, "1.0 Mbit/s, limited by the program"),
        ("fastopen_client_fail", {"fastopen_client_fail": 2}, "data in SYN not acknowledged"),
    ],
)
def test_values(name: str, values: dict[str, Value], words: str) -> None:
    assert WRITERS[name](told(**values)) == words


TIMERS: list[tuple[dict[str, Value], str]] = [
    ({"timer": Timer.OFF}, "none"),
    (
        {"timer": Timer.OFF, "state": State.CLOSE_WAIT},
        "none: it waits for the program to close, without limit",
    ),
    ({"timer": Timer.ON, "expires_ms": 204}, "retransmission in 204 ms unless an ACK comes first"),
    (
        {"timer": Timer.ON, "expires_ms": 1200, "tries": 2},
        "retransmission in 1.2 s, 3rd try; gives up about 15 min 25 s after the first one (tcp_retries2)",
    ),
    (
        {"timer": Timer.ON, "expires_ms": 9000, "tries": 10, "state": State.SYN_SENT},
        "SYN again in 9.0 s, 11th try; gives up about 2 min 11 s after the first one (tcp_syn_retries)",
    ),
    (
        {"timer": Timer.ON, "expires_ms": 0, "tries": 1, "state": State.LAST_ACK, "inode": 0},
        "retransmission any moment, 2nd try; gives up about 102 s after the first one (tcp_orphan_retries)",
    ),
    (
        {"timer": Timer.ON, "expires_ms": 700, "tries": 1, "state": State.SYN_RECV, "inode": 0},
        "SYN-ACK again in 700 ms, 2nd try; gives up about 63.0 s after the first one (tcp_synack_retries)",
    ),
    (
        {"timer": Timer.KEEPALIVE, "expires_ms": 7_199_000, "tries": 2},
        "keepalive probe in 1 h 59 min, 2 unanswered; gives up after 5 without answer (tcp_keepalive_probes)",
    ),
    (
        {"timer": Timer.KEEPALIVE, "expires_ms": 20_000, "state": State.FIN_WAIT_2, "inode": 0},
        "first of two phases ends in 20.0 s; gone in about 50.0 s (tcp_fin_timeout, unless TCP_LINGER2)",
    ),
    ({"timer": Timer.TIMEWAIT, "expires_ms": 41_200, "state": State.TIME_WAIT}, "gone in 41.2 s"),
    (
        {"timer": Timer.TIMEWAIT, "expires_ms": 41_200, "state": State.FIN_WAIT_2},
        "gone in 41.2 s, or when the peer closes: then TIME-WAIT",
    ),
    (
        {"timer": Timer.PERSIST, "expires_ms": 3_000, "tries": 1},
        "zero-window probe in 3.0 s, 1 unanswered; goes on as long as the peer answers",
    ),
    (
        {"timer": Timer.PERSIST, "expires_ms": 3_000, "state": State.FIN_WAIT_1, "inode": 0},
        "zero-window probe in 3.0 s; an orphan: gone within about 5 min 25 s",
    ),
    ({"timer": Timer.DELACK, "expires_ms": 40}, "delayed ACK in 40.0 ms"),
    ({"timer": 9, "expires_ms": 40}, "timer-9, which this twtop does not know, in 40.0 ms"),
]


@pytest.mark.parametrize(("values", "words"), TIMERS)
def test_timers(values: dict[str, Value], words: str) -> None:
    assert timer_words(told(**values), DEFAULTS) == words
