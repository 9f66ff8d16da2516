"""The view that compares two marks: its keys, and what it shows of moments that never change."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.ui.frames import Recorded, frames
from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.core.sysctls import Sysctls
from twtop.core.table.keys import KEYS
from twtop.export.comparison.sections import Row
from twtop.ui.app import TwtopApp
from twtop.ui.comparison.screen import ChangeDetail, ChangeList, ComparisonScreen, ComparisonTitle
from twtop.ui.explanation.screen import ExplainScreen
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.sectioned_list import Between

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ui.screen import Screen
    from twtop.sources.observer import Frame


class Told:
    """Shows a moment when told to."""

    def __init__(self, *keys: str, **chosen: Any) -> None:
        wanted = options(**chosen)
        self.collector = Recorded(wanted, frames()[0])
        self.app = TwtopApp(wanted, self.collector)
        self.keys = keys

    async def show(self, user: Screen, frame: Frame) -> None:
        self.collector._deliver(frame)
        await user.until(lambda: user.frames == frame.moment.snapshot.instant_s, "the moment")


@asynccontextmanager
async def marked(size: tuple[int, int] = (80, 24), **chosen: Any) -> AsyncIterator[Screen]:
    """Mark the first moment and one five seconds later, and compare them."""
    told = Told(**chosen)
    async with screen(app=told.app, size=size) as user:
        await user.press("A")
        await told.show(user, frames()[5])
        await user.press("B")
        await opened(user)
        await user.until(lambda: changes(user).line_count, "changes")
        yield user


async def opened(user: Screen, key: str = "D") -> None:
    await user.press(key)
    await user.until(lambda: isinstance(user.app.screen, ComparisonScreen) and user.app.screen.is_mounted)
    await user.until(lambda: "".join(lines(user, ComparisonTitle)), "the title")


def changes(user: Screen) -> ChangeList:
    return user.app.screen.query_one(ChangeList)


def lines(user: Screen, panel: type[ChangeList | ComparisonTitle | ChangeDetail]) -> list[str]:
    shown = user.app.screen.query_one(panel)
    width = shown.visible_size.width
    texts = ("".join(text for text, _ in shown.line(at, width)) for at in range(shown.line_count))
    return [text.rstrip() for text in texts]


def current(user: Screen) -> str:
    item = changes(user).current
    return "" if item is None else item.text


def all_items(user: Screen) -> list[Row]:
    return [entry for entry in changes(user)._entries if isinstance(entry, Row)]


@pressing("app", "D")
async def test_two_marks_are_compared(key: str) -> None:
    told = Told()
    async with screen(app=told.app, size=(120, 40)) as user:
        await told.show(user, frames()[5])
        await user.press("A")
        await told.show(user, frames()[9])
        await user.press("B")
        await told.show(user, frames()[10])
        await opened(user, key)
        title = lines(user, ComparisonTitle)
        assert title[0].startswith("A ")
        assert title[0].endswith(", 4 s")
        before, after = (len(frames()[at].moment.snapshot.sockets) for at in (5, 9))
        new = 4 * 240
        gone = before + new - after
        assert title[1] == (
            f"{before:,} sockets, then {after:,} ({after - before:+,}):"
            f" {new:,} new, {gone:,} gone, {before - gone:,} still there"
        )
        shown = lines(user, ChangeList)
        assert shown[0].split()[:8] == ["A", "B", "CHANGE", "NEW", "GONE", "IN", "OUT", "states"]
        waiting = [f"{int(frames()[at].moment.snapshot.state_counts()[6]):,}" for at in (5, 9)]
        assert shown[1].split()[:2] == waiting
        assert shown[1].split()[-2:] == ["grew", "TIME-WAIT"]


async def test_one_mark_is_compared_with_what_is_shown_and_goes_on_with_it() -> None:
    told = Told()
    async with screen(app=told.app) as user:
        await user.press("A")
        await opened(user)
        assert lines(user, ComparisonTitle)[0].endswith(", 0 s")
        assert "states (nothing changed)" in lines(user, ChangeList)[0]
        await told.show(user, frames()[3])
        await user.until(lambda: lines(user, ComparisonTitle)[0].endswith(", 3 s"), "the next moment")
        assert lines(user, ChangeList)[0].split()[:5] == ["A", "SHOWN", "CHANGE", "NEW", "GONE"]
        await user.press("B")
        await told.show(user, frames()[4])
        await user.settle()
        assert lines(user, ComparisonTitle)[0].endswith(", 3 s")


async def test_without_marks_it_says_how_to_set_them_and_takes_them() -> None:
    told = Told()
    async with screen(app=told.app) as user:
        await opened(user)
        assert lines(user, ComparisonTitle)[0] == "No moment is marked yet."
        await user.press("enter", "down", "tab")
        await user.press("A")
        await user.until(lambda: lines(user, ComparisonTitle)[0].startswith("A "), "the comparison")


@pressing("comparison", "A", "B")
async def test_marks_move_while_they_are_compared(key: str) -> None:
    told = Told()
    async with screen(app=told.app) as user:
        await user.press("A")
        await told.show(user, frames()[2])
        await user.press("B")
        await opened(user)
        await told.show(user, frames()[7])
        assert lines(user, ComparisonTitle)[0].endswith(", 2 s")
        await user.press(key)
        span = ", 7 s" if key == "B" else ", 5 s"
        await user.until(lambda: lines(user, ComparisonTitle)[0].endswith(span), "the other moment")
        assert lines(user, ComparisonTitle)[0].startswith("A " if key == "B" else "B "), "by time"


async def test_what_was_compared_is_not_compared_again() -> None:
    told = Told()
    async with screen(app=told.app) as user:
        await user.press("A", "B")
        await opened(user)
        view = user.app.screen
        assert isinstance(view, ComparisonScreen)
        first = view._last
        await told.show(user, frames()[4])
        await user.settle()
        assert view._last is first
        await user.press("B")
        await user.until(lambda: view._last is not first, "another comparison")


@pressing("frame screen", "A", "B")
async def test_marks_are_set_from_any_view(key: str) -> None:
    async with screen(app=Told().app) as user:
        await user.press("m")
        await user.until(lambda: isinstance(user.app.screen, FrameScreen), "the counters")
        await user.press(key)
        assert [name for name, _ in user.app.marks.wall_times] == [key]
        assert isinstance(user.app.screen, FrameScreen)


@pressing("frame screen", "D")
async def test_the_comparison_takes_the_place_of_another_view(key: str) -> None:
    async with screen(app=Told().app) as user:
        await user.press("m")
        await user.until(lambda: isinstance(user.app.screen, FrameScreen), "the counters")
        await opened(user, key)
        assert len(user.app.screen_stack) == 2


@pressing("comparison", "up", "k", "down", "j")
async def test_the_cursor_goes_from_change_to_change(key: str) -> None:
    async with marked() as user:
        names = [item.text for item in all_items(user)]
        await user.press("down")
        assert current(user) == names[1]
        await user.press(key)
        assert current(user) == names[0 if key in ("up", "k") else 2]
        await user.until(lambda: lines(user, ChangeDetail)[0].startswith(f"{current(user).split()[0]}"))


@pressing("comparison", "pageup", "ctrl+b", "pagedown", "ctrl+f")
async def test_pages(key: str) -> None:
    async with marked(size=(80, 12)) as user:
        shown = changes(user)
        back = key in ("pageup", "ctrl+b")
        if back:
            await user.press("end")
        at = shown._at
        await user.press(key)
        moved = (at - shown._at) if back else (shown._at - at)
        assert 0 < moved <= shown.page + 1


@pressing("comparison", "home", "end", "G")
async def test_the_ends(key: str) -> None:
    async with marked() as user:
        await user.press("down" if key != "home" else "end", key)
        assert current(user) == all_items(user)[0 if key == "home" else -1].text


@pressing("comparison", "tab", "shift+tab")
async def test_sections(key: str) -> None:
    async with marked() as user:
        await user.press("tab", key)
        entries = changes(user)._entries
        before = entries[changes(user)._at - 1]
        assert isinstance(before, Between)
        assert before.text.startswith("ports in use" if key == "tab" else "states (")


@pressing("comparison", "enter")
async def test_enter_shows_the_sockets_or_explains_the_value(key: str) -> None:
    async with marked() as user:
        await user.press("tab")
        assert current(user) == "TIME-WAIT  10.0.0.5:5432"
        await user.press(key)
        await user.until(lambda: not isinstance(user.app.screen, ComparisonScreen), "the table")
        expected = "state time-wait and dst 10.0.0.5:5432"
        await user.until(lambda: str(user.app._spec.filter) == expected, "the filter")
        await opened(user)
        await user.press("tab", "tab", "tab")
        assert current(user).startswith("ActiveOpens")
        await user.press(key)
        await user.until(lambda: isinstance(user.app.screen, ExplainScreen), "the explanation")


@pressing("comparison", "D")
async def test_back(key: str) -> None:
    async with marked() as user:
        await user.press(key)
        await user.until(lambda: not isinstance(user.app.screen, ComparisonScreen), "the table")


async def test_what_no_filter_can_tell_is_not_shown_as_something_else() -> None:
    async with marked(keys=("role",)) as user:
        await user.press("tab")
        assert current(user) == "client"
        await user.press("enter")
        assert isinstance(user.app.screen, ComparisonScreen)
        assert "There is nothing more to say about it." in [each.message for each in user.app._notifications]


async def test_help_says_where_changes_come_from() -> None:
    async with marked(size=(80, 60)) as user:
        await user.press("question_mark")
        await user.until(lambda: any("came from another group" in line for line in user.text), "the help")


async def test_a_click_selects_and_another_opens() -> None:
    async with marked() as user:
        await user.click(changes(user), 60, 3)
        assert current(user) == all_items(user)[1].text
        await user.click(changes(user), 60, 3)
        await user.until(lambda: not isinstance(user.app.screen, ComparisonScreen), "the table")


async def test_the_filter_and_the_grouping_of_the_table_are_those_of_the_comparison() -> None:
    async with marked(filter="time-wait", keys=("remote-port",)) as user:
        assert "filter: state time-wait" in lines(user, ComparisonTitle)
        assert {item.identity[:2] for item in all_items(user) if item.identity[0] in KEYS} == {
            ("state", "TIME-WAIT"),
            ("remote-port", ":5432"),
        }
        assert any(" groups by remote-port (" in line for line in lines(user, ChangeList))


def without_cookies(frame: Frame) -> Frame:
    """As where /proc was read: the numbers of sockets are made of addresses and ports."""
    inexact = replace(frame.moment.snapshot, exact_cookies=False)
    return replace(frame, moment=replace(frame.moment, snapshot=inexact))


async def test_where_there_are_no_cookies_it_says_so() -> None:
    told = Told()
    async with screen(app=told.app, size=(120, 40)) as user:
        await told.show(user, without_cookies(frames()[2]))
        await user.press("A")
        await told.show(user, without_cookies(frames()[5]))
        await opened(user)
        title = " ".join(lines(user, ComparisonTitle))
        assert "There are no cookies of the kernel here" in title
        assert "720 new" in title


async def test_where_no_socket_can_be_found_again_only_numbers_are_told() -> None:
    told = Told()
    async with screen(app=told.app, size=(120, 40)) as user:
        await user.press("A")
        await told.show(user, without_cookies(frames()[5]))
        await opened(user)
        title = " ".join(lines(user, ComparisonTitle))
        assert "only one of the two moments was read with the kernel's cookies" in title
        assert " new" not in title
        assert "NEW" not in lines(user, ChangeList)[0]


async def test_what_was_set_and_found_between_them_is_told() -> None:
    told = Told()
    first, last = frames()[0], frames()[19]
    sysctls = Sysctls({**last.moment.snapshot.sysctls, "net.ipv4.tcp_tw_reuse": "1"})
    moment = replace(last.moment, snapshot=replace(last.moment.snapshot, sysctls=sysctls))
    async with screen(app=told.app, size=(120, 60)) as user:
        await user.press("A")
        await told.show(user, replace(last, moment=moment))
        await opened(user)
        shown = lines(user, ChangeList)
        before = first.moment.snapshot.sysctls["net.ipv4.tcp_tw_reuse"]
        assert any(line.endswith(f"net.ipv4.tcp_tw_reuse  {before} > 1") for line in shown)
        old = {finding.identity for finding in first.findings}
        new = [finding.title for finding in last.findings if finding.identity not in old]
        assert new
        for title in new:
            assert any(title[:40] in line and line.startswith(" new ") for line in shown)
        assert any("10.0.0.7 > 10.0.0.5:5432" in line and "ports" not in line for line in shown)


async def test_another_namespace_cannot_be_compared() -> None:
    told = Told()
    other = frames()[3]
    async with screen(app=told.app) as user:
        await user.press("A")
        await told.show(user, replace(other, host=other.host._replace(namespace_label="web")))
        await opened(user)
        title = " ".join(lines(user, ComparisonTitle))
        assert "cannot be compared: one is of the namespace host, the other of web" in title
        assert changes(user).line_count == 0


async def test_no_address_is_left_where_they_are_masked() -> None:
    async with marked() as user:
        await user.press("tab")
        await user.until(lambda: any("10.0.0.5" in line for line in user.text), "addresses")
        await user.press("P")
        await user.until(lambda: not any("10.0.0" in line for line in user.text), "pseudonyms")
        assert any(":5432" in line for line in user.text)


@pytest.mark.parametrize("size", [(20, 5), (80, 15), (200, 50)])
async def test_it_fits_every_size(size: tuple[int, int]) -> None:
    async with marked(size=size) as user:
        assert max(map(len, user.text)) <= size[0]
        assert user.app.screen.query_one(ChangeDetail).display == (size[1] >= 16)
        await user.press("end", "home", "tab")
        wide = size[0] >= 110
        assert any("OUT" in line for line in user.text) == wide
        await user.until(lambda: any("CHANGE" in line for line in user.text) or size[1] < 15, "a heading")


def test_the_fixed_moments_differ_as_this_file_says() -> None:
    cookies = [frames()[at].moment.snapshot.sockets.cookie for at in (5, 9)]
    assert np.count_nonzero(~np.isin(cookies[1], cookies[0])) == 4 * 240
