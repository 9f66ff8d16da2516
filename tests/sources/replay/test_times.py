"""Times as people type them: zones, midnight, the hour that comes twice, what is outside, and nonsense."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from twtop.errors import UsageError
from twtop.sources.replay.times import parse_time, range_text

BERLIN: Final = ZoneInfo("Europe/Berlin")


def instant(text: str, zone: ZoneInfo = BERLIN) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def meant(text: str, start: str, end: str, at: str | None = None) -> str:
    """Return what a text means in Berlin, of a recording from ``start`` to ``end``, to the second."""
    at_s = None if at is None else instant(at)
    moment_s = parse_time(text, start_s=instant(start), end_s=instant(end), at_s=at_s, zone=BERLIN)
    return datetime.fromtimestamp(moment_s, BERLIN).isoformat(" ", "seconds")


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("14:05:10", "14:05:10"),
        ("14:05", "14:05:00"),
        (" 14:05 ", "14:05:00"),
        ("2026-11-21T14:05:10", "14:05:10"),
        ("2026-11-21 14:05", "14:05:00"),
        ("2026-11-21t13:05:10z", "14:05:10"),
        ("2026-11-21T08:05:10-05:00", "14:05:10"),
        ("2026-11-21T18:35:10 +0530", "14:05:10"),
        ("13:05:10Z", "14:05:10"),
        ("start", "14:00:03"),
        ("END", "14:10:03"),
        ("+90s", "14:01:33"),
        ("+1m30s", "14:01:33"),
        ("-10m", "14:00:03"),
        ("-1m30s", "14:08:33"),
        ("-0.5s", "14:10:02"),
        # What began within the minute that was said, or ended within the second.
        ("14:00", "14:00:03"),
        ("14:10:03", "14:10:03"),
    ],
)
def test_a_moment_of_ten_minutes(text: str, clock: str) -> None:
    shown = meant(text, "2026-11-21 14:00:03.250", "2026-11-21 14:10:03.250")
    assert shown == f"2026-11-21 {clock}+01:00"


def test_a_second_counts_to_its_end_and_a_fraction_as_it_is() -> None:
    start_s, end_s = instant("2026-11-21 14:00"), instant("2026-11-21 14:10")
    second = parse_time("14:05:10", start_s=start_s, end_s=end_s, zone=BERLIN)
    assert second == pytest.approx(instant("2026-11-21 14:05:10.999"))
    fraction = parse_time("14:05:10.250", start_s=start_s, end_s=end_s, zone=BERLIN)
    assert fraction == pytest.approx(instant("2026-11-21 14:05:10.251"))


def test_after_midnight_and_before() -> None:
    night = ("2026-11-21 23:55:00", "2026-11-22 00:05:00")
    assert meant("23:58", *night) == "2026-11-21 23:58:00+01:00"
    assert meant("00:02", *night) == "2026-11-22 00:02:00+01:00"
    assert meant("0:02", *night) == "2026-11-22 00:02:00+01:00"


def test_what_is_within_twice_is_the_one_nearest_to_what_is_shown_or_to_the_end() -> None:
    days = ("2026-11-18 12:00:00", "2026-11-21 12:00:00")
    assert meant("14:00", *days) == "2026-11-20 14:00:00+01:00"
    assert meant("14:00", *days, at="2026-11-18 15:00") == "2026-11-18 14:00:00+01:00"
    assert meant("11:00", *days, at="2026-11-18 12:00") == "2026-11-19 11:00:00+01:00"


def test_the_hour_that_comes_twice() -> None:
    # 2026-10-25 03:00 CEST is 02:00 CET.
    night = ("2026-10-25T01:30:00+02:00", "2026-10-25T03:30:00+01:00")
    assert meant("02:30", *night) == "2026-10-25 02:30:00+01:00"
    assert meant("02:30", *night, at="2026-10-25T02:20:00+02:00") == "2026-10-25 02:30:00+02:00"
    early = ("2026-10-25T01:30:00+02:00", "2026-10-25T02:40:00+02:00")
    assert meant("02:30", *early) == "2026-10-25 02:30:00+02:00"


def test_the_hour_that_is_left_out() -> None:
    # 2026-03-29 02:00 CET is 03:00 CEST.
    night = ("2026-03-29T01:30:00+01:00", "2026-03-29T03:45:00+02:00")
    with pytest.raises(UsageError, match="'02:30' is not in this recording"):
        meant("02:30", *night)
    assert meant("03:30", *night) == "2026-03-29 03:30:00+02:00"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13:59", "'13:59' is not in this recording, which is of 2026-11-21 14:00:03 to 14:10:03 CET"),
        ("2026-11-20 14:05", "is not in this recording"),
        ("-11m", "is not in this recording"),
        ("+11m", "is not in this recording"),
        ("+" + "9" * 400 + "d", "is not in this recording"),
        ("25:00", "'25:00' is no time: hour must be in 0..23"),
        ("2026-02-30 14:05", "is no time: day is out of range for month"),
        ("14:05+99:00", "is no time: offset"),
        ("0000-01-01 14:05", "is no time"),
        ("9999-12-31 23:59", "is not in this recording"),
        ("", "expected a time such as 14:05"),
        ("5 minutes ago", "found '5 minutes ago'"),
        ("+", "found '[+]'"),
        ("-10", "found '-10'"),
        ("14:5", "found '14:5'"),
        ("\x1b[2J" + "x" * 1000, r"found '\?\[2Jx{36}'$"),
    ],
)
def test_what_is_no_time_of_the_recording(text: str, shown: str) -> None:
    with pytest.raises(UsageError, match=shown):
        meant(text, "2026-11-21 14:00:03", "2026-11-21 14:10:03")


def test_the_next_finding_and_the_one_before() -> None:
    found_s = [100.0, 200.0, 300.0]

    def finding(text: str, at_s: float | None) -> float:
        return parse_time(text, start_s=50.0, end_s=400.0, at_s=at_s, found_s=found_s)

    assert finding("next", 200.0) == 300.0
    assert finding("previous", 200.0) == 100.0
    assert finding("next", None) == 100.0
    assert finding("prev", None) == 300.0
    with pytest.raises(UsageError, match="nothing was found after this"):
        finding("next", 300.0)
    with pytest.raises(UsageError, match="nothing was found before this"):
        finding("previous", 100.0)
    with pytest.raises(UsageError, match="nothing was found in this recording"):
        parse_time("next", start_s=50.0, end_s=400.0)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Chatham"])
@given(
    start_ms=st.integers(1_600_000_000_000, 1_900_000_000_000),
    length_ms=st.integers(1, 200_000_000),
    share=st.floats(0, 1),
)
def test_what_a_clock_showed_is_found_again(zone: str, start_ms: int, length_ms: int, share: float) -> None:
    reader = ZoneInfo(zone)
    start_s, end_s = start_ms / 1000, (start_ms + length_ms) / 1000
    at_s = (start_ms + round(share * length_ms)) / 1000
    shown = datetime.fromtimestamp(at_s, reader)
    # In the hour that comes twice the nearest is as far away either way.
    assume(shown.replace(fold=0).utcoffset() == shown.replace(fold=1).utcoffset())
    for text in (f"{shown:%H:%M:%S}", f"{shown:%Y-%m-%d %H:%M:%S}", f"{shown:%Y-%m-%dT%H:%M:%S%z}"):
        found_s = parse_time(text, start_s=start_s, end_s=end_s, at_s=at_s, zone=reader)
        assert start_s <= found_s <= end_s
        assert f"{datetime.fromtimestamp(found_s, reader):%Y-%m-%d %H:%M:%S}" == f"{shown:%Y-%m-%d %H:%M:%S}"


@given(st.text(max_size=30))
def test_no_text_does_worse_than_a_complaint(text: str) -> None:
    with suppress(UsageError):
        assert 1000.0 <= parse_time(text, start_s=1000.0, end_s=2000.0, zone=BERLIN) <= 2000.0


def test_a_range_names_each_day_once() -> None:
    start_s = datetime(2026, 11, 21, 23, 50, tzinfo=UTC).timestamp()
    assert range_text(start_s, start_s + 60, ZoneInfo("UTC")) == "2026-11-21 23:50:00 to 23:51:00 UTC"
    assert (
        range_text(start_s, start_s + 900, ZoneInfo("UTC"))
        == "2026-11-21 23:50:00 to 2026-11-22 00:05:00 UTC"
    )
