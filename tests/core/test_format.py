from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import unhurried
from twtop.core.format import (
    count_text,
    counted,
    delta_text,
    duration_text,
    percent_text,
    rate_text,
    span_text,
)
from twtop.core.timers import NO_END

UNITS = {"": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000}


def value(text: str) -> float:
    match = re.fullmatch(r"([0-9.]+)([kMG]?)", text.replace(",", ""))
    assert match, text
    return float(match[1]) * UNITS[match[2]]


@unhurried
@given(st.integers(0, 10**12 - 1), st.integers(4, 12))
def test_a_count_fits_and_says_nearly_how_many(number: int, width: int) -> None:
    text = count_text(number, width)
    assert len(text) <= width
    assert value(text) == pytest.approx(number, rel=0.1, abs=1)
    if len(f"{number:,}") <= width:
        assert value(text) == number


@pytest.mark.parametrize(
    ("number", "width", "text"),
    [
        (0, 5, "0"),
        (9_999, 5, "9,999"),
        (10_000, 5, "10k"),
        (99_999, 6, "99,999"),
        (999_999, 5, "999k"),
        (1_234_567, 5, "1.2M"),
        (1_234_567, 9, "1,234,567"),
        (12_345_678, 9, "12M"),
        (9_999, 4, "9.9k"),
        (4_294_967_295, 5, "4.2G"),
    ],
)
def test_counts(number: int, width: int, text: str) -> None:
    assert count_text(number, width) == text


def test_what_is_counted_is_named() -> None:
    assert [counted(number, "socket") for number in (0, 1, 1204)] == [
        "0 sockets",
        "1 socket",
        "1,204 sockets",
    ]


@pytest.mark.parametrize(
    ("number", "text"), [(0, ""), (-1, ""), (0.5, "0.5"), (9.94, "9.9"), (9.96, "10"), (12_345.6, "12k")]
)
def test_rates(number: float, text: str) -> None:
    assert rate_text(number) == text


@pytest.mark.parametrize(("number", "text"), [(0, ""), (5, "+5"), (-1234, "-1,234")])
def test_deltas(number: int, text: str) -> None:
    assert delta_text(number) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (-5000, "0.0s"),
        (0, "0.0s"),
        (9_940, "9.9s"),
        (9_960, "10s"),
        (59_700, "60s"),
        (599_000, "599s"),
        (600_000, "10m"),
        (7_140_000, "119m"),
        (7_200_000, "2h00m"),
        (7_875_000, "2h11m"),
        (35_970_000, "10h"),
        (86_400_000, "24h"),
        (NO_END, "1193h"),
    ],
)
def test_durations(milliseconds: int, text: str) -> None:
    assert duration_text(milliseconds) == text


@pytest.mark.parametrize(
    ("shortest", "longest", "text"),
    [
        (0, 0, "0s"),
        (1, 1, "1s"),
        (1, 60_000, "1-60s"),
        (0, 61_100, "0-62s"),
        (59_001, 60_000, "60s"),
        (1, 999_000, "1-999s"),
        (100_001, 999_000, "17m"),
        (1, 7_200_000, "1-7200s"),
        (10_000, 7_200_000, "2h00m"),
        (NO_END, -1, ""),
        (NO_END, 5, ""),
    ],
)
def test_spans(shortest: int, longest: int, text: str) -> None:
    assert span_text(shortest, longest) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(0, 10, "0%"), (1, 3, "33%"), (10, 10, "100%"), (1, 0, "-")]
)
def test_shares(part: float, whole: float, text: str) -> None:
    assert percent_text(part, whole) == text
