"""The keys that go through time, live and in a recording."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.ui.frames import SECONDS, WALL_S
from tests.ui.keys import pressing
from tests.ui.screen import Screen, options, screen
from tests.ui.taped import FOUND, Taped, recording
from twtop.sources.replay.player import SPEEDS
from twtop.ui.app import TwtopApp
from twtop.ui.timeline.entry import TimeEntry
from twtop.ui.timeline.panel import TimelinePanel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from twtop.sources.replay.player import Player

pytestmark = pytest.mark.usefixtures("still")

LAST = SECONDS - 1


@asynccontextmanager
async def live(size: tuple[int, int] = (80, 24)) -> AsyncIterator[Screen]:
    wanted = options(interval_s=1.0)
    async with screen(app=TwtopApp(wanted, Taped(wanted)), size=size) as user:
        yield user


@asynccontextmanager
async def replay(player: Player | None = None, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Screen]:
    async with screen(app=TwtopApp(options(), player or recording()), size=size) as user:
        yield user


def second(user: Screen) -> int:
    """What the table shows: the number of the frame."""
    assert user.table.view is not None
    return round(user.table.view.moment.snapshot.wall_s - WALL_S)


async def reaches(user: Screen, wanted: int) -> None:
    await user.until(lambda: second(user) == wanted, f"second {wanted}, not {second(user)}")


def is_live(user: Screen) -> bool:
    return user.header[0].startswith("LIVE ") and not user.app.query_one(TimelinePanel).display


@pressing("app", "comma")
async def test_comma_goes_into_the_past(key: str) -> None:
    async with live() as user:
        assert is_live(user)
        await user.press(key)
        await reaches(user, LAST - 1)
        assert user.header[0].startswith("PAST   08:00:18 ")
        assert user.lines_of("#timeline")[0].startswith("paused 1x  08:00:18, 2s ago")
        await user.press(key, key)
        await reaches(user, LAST - 3)


@pressing("app", "full_stop")
async def test_full_stop_comes_back_to_live_beyond_the_end(key: str) -> None:
    async with live() as user:
        await user.press(key)
        await user.said("there is nothing later")
        await user.press("comma", "comma")
        await reaches(user, LAST - 2)
        await user.press(key)
        await reaches(user, LAST - 1)
        await user.press(key)
        await reaches(user, LAST)
        assert not is_live(user)
        await user.press(key)
        await user.until(lambda: is_live(user), "live")
        assert second(user) == LAST


@pressing("app", "escape", "x")
async def test_without_a_filter_escape_comes_back_to_live(key: str) -> None:
    async with live() as user:
        await user.press("slash", *"close-wait", "enter", "comma")
        await reaches(user, LAST - 1)
        assert user.lines_of("#footer")[0].startswith("esc clear ")
        await user.press(key)
        await user.until(lambda: len(user.names) > 3, "no filter")
        assert user.lines_of("#footer")[0].startswith("esc live ")
        assert user.header[0].startswith("PAST")
        await user.press(key)
        await user.until(lambda: is_live(user), "live")
        await reaches(user, LAST)


@pressing("app", "left_curly_bracket", "right_curly_bracket")
async def test_braces_go_to_findings(key: str) -> None:
    async with replay() as user:
        await user.press("right_curly_bracket")
        await reaches(user, 5)
        await user.press("right_curly_bracket")
        await reaches(user, 12)
        await user.said(f"! 08:00:12 {FOUND[1].text}"[:40])
        await user.press(key)
        if key == "left_curly_bracket":
            await reaches(user, 5)
            await user.press(key)
        await user.said("Nothing was found")


async def test_a_brace_goes_from_live_to_what_was_found_last() -> None:
    async with live() as user:
        await user.press("right_curly_bracket")
        await user.said("Nothing was found after this.")
        assert is_live(user)
        marks = [round(mark.wall_s - WALL_S) for mark in user.collector.ring.marks() if mark.kind != "over"]
        await user.press("left_curly_bracket")
        await reaches(user, max(second for second in marks if second < LAST))
        assert user.header[0].startswith("PAST")


@pressing("app", "plus", "minus")
async def test_speed(key: str) -> None:
    async with replay() as user:
        await user.press(*["plus"] * len(SPEEDS))
        assert user.lines_of("#timeline")[0].startswith("paused 60x ")
        await user.press(key)
        expected = {"plus": "paused 60x ", "minus": "paused 30x "}
        assert user.lines_of("#timeline")[0].startswith(expected[key])
    async with live() as user:
        await user.press(key)
        await user.said("Live cannot be faster")


@pressing("app", "space")
async def test_space_plays_and_pauses(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Long after it was written: who writes a file is followed.
    monkeypatch.setattr(time, "time", lambda: WALL_S + 3600)
    async with replay() as user:
        assert user.header[0].startswith("REPLAY web-3.twtop ")
        await user.press(*["plus"] * 3, key)
        await user.until(lambda: second(user) > 3, "some seconds")
        await user.press(key)
        assert user.lines_of("#timeline")[0].startswith("paused 10x ")
        await user.press(*["plus"] * 2, key)
        await reaches(user, LAST)
        await user.until(lambda: user.lines_of("#timeline")[0].startswith("paused 60x "), "the end")
        await user.press(key)
        await user.said("the end of the recording")


async def test_playing_that_catches_up_with_the_present_is_live() -> None:
    async with live() as user:
        await user.press("comma", "comma")
        await reaches(user, LAST - 2)
        await user.press(*["plus"] * 5, "space")
        await user.until(lambda: is_live(user), "live")
        await reaches(user, LAST)


async def test_going_into_the_past_ends_a_freeze() -> None:
    async with live() as user:
        await user.press("space")
        assert user.header[0].startswith("FROZEN")
        await user.press("comma")
        await reaches(user, LAST - 1)
        assert user.header[0].startswith("PAST")
        await user.press("escape")
        await user.until(lambda: is_live(user), "live")


@pressing("app", "t")
async def test_a_time_can_be_typed(key: str) -> None:
    async with live() as user:
        await user.press(key)
        assert user.app.query_one(TimeEntry).is_open
        await user.said("2027-01-15 08:00:00 to 08:00:19 UTC, live")
        await user.press(*"-5s")
        await user.said("08:00:14, 6s ago")
        await user.press("enter")
        await reaches(user, LAST - 5)
        assert user.table.has_focus
        await user.press(key, *"live", "enter")
        await user.until(lambda: is_live(user), "live")


@pressing("time entry", "escape")
async def test_a_mistake_is_told_while_it_is_typed(key: str) -> None:
    async with replay() as user:
        await user.press("t", *"25:99")
        await user.said("! '25:99' is no time")
        await user.press("enter")
        assert user.app.query_one(TimeEntry).is_open
        await user.press(*["backspace"] * 5, *"live")
        await user.said("! a recording is never live")
        await user.press(key)
        assert not user.app.query_one(TimeEntry).is_open
        assert user.table.has_focus
        assert second(user) == 0


async def test_next_and_prev_can_be_typed() -> None:
    async with replay() as user:
        await user.press("t", *"next", "enter")
        await reaches(user, 5)
        await user.press("t", *"end", "enter")
        await reaches(user, LAST)
        await user.press("t", *"prev", "enter")
        await reaches(user, 12)


async def test_a_click_on_the_line_goes_there() -> None:
    async with replay() as user:
        panel = user.app.query_one(TimelinePanel)
        line = user.lines_of("#timeline")[1]
        begin, end = len("08:00:00 "), len(line) - len(" 08:00:19")
        await user.click(panel, (begin + end) // 2, 1)
        await reaches(user, SECONDS // 2 - 1)
        await user.click(panel, end - 1, 1)
        await user.until(lambda: second(user) >= LAST - 1, "the end")
        await user.click(panel, begin, 0)
        await user.settle()
        assert second(user) >= LAST - 1


async def test_the_footer_names_the_keys_of_time() -> None:
    async with live() as user:
        keys = user.lines_of("#footer")[0]
        await user.press("comma")
        await reaches(user, LAST - 1)
        assert user.lines_of("#footer")[0].startswith("esc live  , . step  space play  { } finding")
        await user.press("t")
        assert user.lines_of("#footer")[0] == "enter go there  esc stay"
        await user.press("escape", "escape")
        await user.until(lambda: is_live(user), "live")
        assert user.lines_of("#footer")[0] == keys
    async with replay() as user:
        assert user.lines_of("#footer")[0].startswith(", . step  space play")


@pressing("frame screen", "comma", "full_stop", "left_curly_bracket", "right_curly_bracket", "plus", "minus")
async def test_the_keys_of_time_work_in_views(key: str) -> None:
    async with replay() as user:
        await user.press("t", *"8:00:08", "enter")
        await reaches(user, 8)
        await user.press("m")
        await user.until(lambda: "REPLAY 08:00:08, 8s of 19s" in user.text[-1], "the time")
        await user.press(key)
        moved = {"comma": "08:00:07", "full_stop": "08:00:09", "left_curly_bracket": "08:00:05"}
        moved |= {"right_curly_bracket": "08:00:12"}
        await user.until(lambda: f"REPLAY {moved.get(key, '08:00:08')}" in user.text[-1], "another time")
        going = f"paused {2 if key == 'plus' else 1}x"
        await user.until(lambda: user.app.travel and user.app.travel.going == going, going)


async def test_a_view_of_the_past_comes_back_to_live_with_the_screen() -> None:
    async with live() as user:
        await user.press("m", "comma")
        await user.until(lambda: "PAST 08:00:18, 2s ago" in user.text[-1], "the time")
        await user.press("full_stop", "full_stop")
        await user.until(lambda: "PAST" not in user.text[-1], "live")
        await user.press("escape")
        await user.until(lambda: is_live(user), "live")
