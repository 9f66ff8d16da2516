from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import later, snapshots, table, unhurried
from twtop.core.drain import DrainTrack, Measurement
from twtop.core.signs import ASCII, UNICODE
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.states import State, Timer
from twtop.core.sysctls import FIN_TIMEOUT, Sysctls
from twtop.ui.drain.bars import Scale, bars
from twtop.ui.drain.layout import GroupDrain, layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.signs import Signs

NAMES = ("TIME-WAIT", "10.77.0.20:5432")


def waits(left_ms: Sequence[int], instant_s: float = 0.0, first: int = 1) -> Snapshot:
    count = len(left_ms)
    return snapshot(
        table(
            state=[State.TIME_WAIT] * count,
            timer=[Timer.TIMEWAIT] * count,
            expires_ms=left_ms,
            cookie=range(first, first + count),
        ),
        instant_s=instant_s,
    )


def orphans(left_ms: Sequence[int], timeout: int) -> Snapshot:
    count = len(left_ms)
    rows = table(state=[State.FIN_WAIT_2] * count, timer=[Timer.TIMEWAIT] * count, expires_ms=left_ms)
    return snapshot(rows, sysctls=Sysctls({FIN_TIMEOUT: str(timeout)}))


def texts(
    *taken: Snapshot, width: int = 80, height: int = 8, signs: Signs = UNICODE, names: Sequence[str] = NAMES
) -> list[str]:
    track = DrainTrack()
    drain = [track.follow("group", each, np.arange(len(each.sockets))) for each in taken][-1]
    lines = layout(GroupDrain(names, drain), width, height, signs)
    return ["".join(text for text, _ in parts) for parts in lines]


STEADY = [100 * nth for nth in range(1, 601)]


@unhurried
@given(snapshots, st.integers(0, 2**32), st.integers(0, 220), st.integers(0, 40), st.booleans())
def test_nothing_is_wider_or_higher_than_asked(
    before: Snapshot, seed: int, width: int, height: int, unicode: bool
) -> None:
    after = later(before, seed, 30)
    lines = texts(before, after, width=width, height=height, signs=UNICODE if unicode else ASCII)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    assert unicode or "".join(lines).isascii()


def test_at_a_glance() -> None:
    lines = texts(waits(STEADY), waits([0, 0, *STEADY[2:]], 30.0, first=301))
    assert lines[0] == "TIME-WAIT 10.77.0.20:5432  back within 10 s 100  30 s 300  60 s 600  of 600"
    assert lines[1].startswith("    10/s ▅█████████")
    assert lines[3] == "   2 due 0         10        20        30        40        50        60 s"
    assert lines[4].startswith("forecast ████")
    assert lines[4].endswith("▁")
    assert len(lines[4]) == 9 + 60
    assert lines[5].startswith("left     ████")
    assert len(lines[5]) == 9 + 31
    assert lines[6] == "Of 600 seen 30 s ago 300 should be left: 300 are; 300 are new (10/s)"
    assert lines[7] == "as forecast"


def test_a_deviation_is_explained() -> None:
    before = waits([1000, 2000, 3000, 50_000, 51_000])
    after = waits([0, 57_000, 0, 46_000], 4.0)
    assert texts(before, after)[-2] == "Of 5 seen 4 s ago 2 should be left: 4 are; 0 are new"
    assert texts(before, after)[-1] == "+2 due  +1 restarted  -1 gone early"
    assert texts(before, after, width=150)[-1] == (
        "+2 due: the kernel's timers ring late  +1 restarted by a FIN or an old segment"
        "  -1 gone early: reused, reset or in another state"
    )


def test_a_forecast_just_made_says_so() -> None:
    assert texts(waits(STEADY))[6].startswith("Forecast of these 600 just made")


def test_what_no_clock_ends_has_no_histogram() -> None:
    taken = snapshot(table(state=[State.ESTAB] * 3))
    lines = texts(taken, names=("ESTAB",))
    assert lines[0] == "ESTAB  no clock ends these 3"
    assert lines[1].startswith("They go when a program or the peer ends them")
    assert not any("/s" in line for line in lines)


def test_some_without_a_clock_are_counted() -> None:
    rows = table(
        state=[State.TIME_WAIT] * 2 + [State.ESTAB], timer=[Timer.TIMEWAIT] * 2 + [0], expires_ms=[5, 6, 0]
    )
    assert "of 3  1 without a clock" in texts(snapshot(rows), width=100)[0]


def test_short_lives_are_drawn_in_wide_bars() -> None:
    lines = texts(orphans([500, 1500, 2500, 2600], 3), names=("FIN-WAIT-2",))
    assert lines[1:3] == ["     2/s         ████", "         ████████████"]
    assert lines[3] == "         0       2   3 s"


def test_long_lives_are_drawn_in_steps() -> None:
    lines = texts(orphans([1000 * second for second in range(1, 241)], 180), names=("FIN-WAIT-2",))
    assert "60 s 60  240 s 240" in lines[0]
    assert lines[1].startswith("    4/4s ████")
    assert lines[3].endswith("240 s")


def test_a_name_too_long_loses_its_outer_keys_first() -> None:
    long = ("TIME-WAIT", "[2001:db8:20:30:40:50:60:70]:54321")
    assert texts(waits(STEADY), names=long)[0].startswith("[2001:db8:20:30:40:50:60:70]")
    assert texts(waits(STEADY), names=long, width=150)[0].startswith("TIME-WAIT [2001:")


def test_in_a_low_panel_there_are_words_only() -> None:
    assert len(texts(waits(STEADY), height=6)) == 3
    assert len(texts(waits(STEADY), height=1)) == 1
    assert len(texts(waits(STEADY), height=20)) == 20


@pytest.mark.parametrize("signs", [UNICODE, ASCII])
def test_bars_fill_whole_lines_from_below(signs: Signs) -> None:
    full, least = signs.levels[-1], signs.levels[0]
    assert bars([0, 1, 8, 16], 2, signs.levels, 16) == [f"   {full}", f" {least}{full}{full}"]
    assert bars([1], 1, signs.levels, 10**6) == [least]
    assert bars([], 2, signs.levels, 0) == ["", ""]


def test_measurements_fall_into_the_columns_of_their_seconds() -> None:
    measured = [Measurement(0.0, 9), Measurement(0.9, 8), Measurement(3.1, 5), Measurement(3.2, 4)]
    assert Scale(1, 1).measured(measured) == [9, 8, 8, 4]
    assert Scale(1, 2).measured(measured) == [9, 9, 8, 8, 8, 8, 4, 4]
    assert Scale(2, 1).measured(measured) == [8, 8, 4]


@given(st.integers(1, 600), st.integers(20, 220))
def test_every_second_has_its_column(span_s: int, columns: int) -> None:
    scale = Scale.fitting(span_s, columns)
    assert len(scale.summed([1] * span_s)) <= columns
    assert sum(scale.summed([1] * span_s)) == span_s * scale.repeat
    assert len(scale.axis(span_s, columns)) <= columns
    assert scale.axis(span_s, columns).endswith(f"{span_s} s")


def test_of_an_empty_group_there_is_nothing_to_say() -> None:
    assert texts(waits([]), names=("everything",)) == ["everything  no sockets now"]


def test_an_empty_group_still_shows_what_became_of_a_forecast() -> None:
    title, *rest = texts(waits([500, 900]), waits([], instant_s=2))
    assert title.endswith("no sockets now")
    assert any(line.startswith("Of 2 seen 2 s ago 0 should be left: 0 are") for line in rest)
    assert not any("no clock" in line or line.startswith("They go") for line in [title, *rest])
