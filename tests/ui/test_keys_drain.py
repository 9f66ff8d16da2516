"""The key of the drain panel, and what the panel shows on a running screen."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually, states
from tests.ui.frames import Recorded, frames
from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.ui.app import TwtopApp

if TYPE_CHECKING:
    from tests.ui.screen import Screen
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab


def recorded() -> TwtopApp:
    wanted = options(interval_s=1.0)
    return TwtopApp(wanted, Recorded(wanted, replace(frames()[0], findings=())))


def heights(user: Screen) -> dict[str, int]:
    return {name: user.app.query_one(f"#{name}").size.height for name in ("ports", "drain", "why")}


async def drained(user: Screen, *words: str) -> list[str]:
    """Wait until the panel says these words; return its lines."""
    await user.until(lambda: all(word in "\n".join(user.lines_of("#drain")) for word in words), str(words))
    return user.lines_of("#drain")


@pressing("app", "d")
async def test_drain_takes_turns_with_the_other_lower_panels(server: Host, key: str) -> None:
    async with screen(server) as user:
        assert not any(heights(user).values())
        await user.press("p", key)
        await user.until(lambda: heights(user)["drain"] > 4, "the panel")
        assert (heights(user)["ports"], heights(user)["why"]) == (0, 0)
        await user.press(key)
        await user.until(lambda: not any(heights(user).values()), "no panel")
        await user.press(key, "y")
        await user.until(lambda: heights(user)["why"] > 4, "the explanation")
        assert heights(user)["drain"] == 0


@pressing("app", "d")
async def test_drain_shares_the_column_where_there_is_room(server: Host, key: str) -> None:
    async with screen(server, size=(200, 50)) as user:
        before = heights(user)
        assert before["drain"] == 0
        await user.press(key)
        await user.until(lambda: heights(user)["drain"] > 10, "the panel")
        assert 0 < heights(user)["ports"] < before["ports"]
        assert 0 < heights(user)["why"] < before["why"]
        await user.press(key)
        await user.until(lambda: heights(user) == before, "as before")


async def test_what_no_clock_ends(server: Host) -> None:
    async with screen(server) as user:
        await user.press("d")
        lines = await drained(user, "ESTAB  no clock ends these 9", "They go when")
        assert "forecast" in "\n".join(lines)
        await user.go_to("CLOSE-WAIT")
        await drained(user, "CLOSE-WAIT  no clock ends these 3")


async def test_the_orphans_of_the_kernel_are_counted_by_their_clocks(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", 30)
    for _ in range(5):
        lab.pair().client.close()
    eventually(lambda: states(lab.client)["FIN-WAIT-2"], 5)
    async with screen(lab.client) as user:
        await user.press("d")
        lines = await drained(user, "FIN-WAIT-2  back within 10 s 0  30 s 5  60 s 5", "Of 5 seen")
        assert any(re.search(r" (?:2\d|30) s$", line) for line in lines)
        assert "5 should be left: 5 are; 0 are new" in "\n".join(lines)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=str)
async def test_the_forecast_is_compared_with_what_happened(size: tuple[int, int]) -> None:
    async with screen(app=recorded(), size=size) as user:
        await user.go_to("10.0.0.5:5432")
        await user.press("d")
        await drained(user, "TIME-WAIT 10.0.0.5:5432", "just made")
        # A finding on the main screen would take the line that this is about.
        user.app._deliver(replace(frames()[10], findings=()))
        lines = await drained(
            user, "Of 9,600 seen 10 s ago 9,600 should be left: 9,600 are; 2,400 are new (240/s)"
        )
        assert "as forecast" in lines
        assert lines[0].endswith("back within 10 s 0  30 s 4,800  60 s 12,000  of 12,000")


async def test_another_group_and_another_filter_are_other_forecasts() -> None:
    async with screen(app=recorded()) as user:
        await user.press("d")
        await drained(user, "TIME-WAIT  back within", "just made")
        user.app._deliver(frames()[5])
        await drained(user, "seen 5 s ago")
        await user.go_to("FIN-WAIT-2")
        await drained(user, "FIN-WAIT-2  back within 10 s 0", "2 without a clock", "of these 5 just made")
        await user.press("slash", *"state fin-wait-2 and dport = :6379", "enter")
        user.app._deliver(frames()[6])
        await drained(user, "of these 5 just made")
        user.app._deliver(frames()[7])
        # Among its sockets the group stays the same.
        await user.press("right", "right", "down", "down")
        lines = await drained(user, "FIN-WAIT-2 10.0.0.6:6379")
        assert "just made" in "\n".join(lines)


async def test_a_frozen_screen_keeps_its_forecast_and_can_be_asked_for_others() -> None:
    async with screen(app=recorded()) as user:
        # Moved once, the cursor stays with its group wherever that goes.
        await user.press("down", "up", "d")
        await drained(user, "just made")
        user.app._deliver(frames()[5])
        await drained(user, "seen 5 s ago")
        await user.press("space")
        lines = user.lines_of("#drain")
        first = user.names[0]
        user.app._deliver(frames()[6])
        await user.press("r")
        await user.until(lambda: user.names[0] != first, "the other order")
        assert user.lines_of("#drain") == lines
        await user.press("d")
        await user.go_to("ESTAB")
        await user.press("d")
        await drained(user, "no clock ends these", "just made")
        await user.press("space")
        user.app._deliver(frames()[8])
        await drained(user, "seen 3 s ago")


async def test_nothing_is_computed_while_nobody_looks() -> None:
    async with screen(app=recorded()) as user:
        assert user.app._shown is not None
        assert user.app._shown.drain is None
        await user.press("d")
        await drained(user, "just made")
        await user.press("d")
        await user.until(lambda: user.app._shown and user.app._shown.drain is None, "no drain")
        assert user.app._track._forecasts == []


async def test_titles_are_about_everything() -> None:
    async with screen(app=recorded()) as user:
        await user.press("d", "up")
        await drained(user, "everything  back within")


async def test_without_unicode_all_is_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    async with screen(app=recorded()) as user:
        await user.press("d")
        lines = await drained(user, "back within", "forecast")
        assert "".join(lines).isascii()
        assert any("@" in line for line in lines)
