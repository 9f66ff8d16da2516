"""The view of the kernel's counters: its keys, and what it shows of real ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.ui.frames import Recorded, frames
from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.core.counter_history import CounterHistory
from twtop.core.counters import Counters
from twtop.diagnosis.rules import RULES
from twtop.knowledge.counter_pages import counter_pages
from twtop.lab.host import endpoint
from twtop.ui.app import TwtopApp
from twtop.ui.counters.listing import Row, rules_using
from twtop.ui.counters.screen import CounterDetail, CounterList, CountersScreen
from twtop.ui.explanation.screen import ExplainScreen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ui.screen import Screen
    from twtop.lab.lab import Lab

OVERFLOWS = "TcpExt.ListenOverflows"
BEFORE = {OVERFLOWS: 0, "TcpExt.TW": 100, "Tcp.ActiveOpens": 50, "TcpExt.TWRecycled": 4, "Tcp.CurrEstab": 9}
AFTER = {
    OVERFLOWS: 3,
    "TcpExt.TW": 1_234_667,
    "Tcp.ActiveOpens": 50,
    "TcpExt.TWRecycled": 4,
    "Tcp.CurrEstab": 7,
}


def recorded(*readings: Counters) -> TwtopApp:
    """Return an app that shows counters read a second apart."""
    history, chosen, newest = CounterHistory(), options(), frames()[-1]
    course = [history.add(float(second), counters) for second, counters in enumerate(readings)][-1]
    return TwtopApp(chosen, Recorded(chosen, replace(newest, counters=course)))


def counters(user: Screen) -> CounterList:
    return user.app.screen.query_one(CounterList)


def current(user: Screen) -> str:
    row = counters(user).current
    return "" if row is None else row.name


def lines(user: Screen) -> list[str]:
    shown = counters(user)
    texts = ("".join(text for text, _ in shown.line(at, 79)) for at in range(shown.line_count))
    return [text.rstrip() for text in texts]


def line_of(user: Screen, name: str) -> str:
    return next(line for line in lines(user) if f" {name} " in f"{line} ")


async def opened(user: Screen, key: str = "m") -> None:
    await user.press(key)
    await user.until(lambda: isinstance(user.app.screen, CountersScreen) and user.app.screen.is_mounted)
    await user.until(lambda: counters(user).line_count, "counters")


@pytest.fixture
async def still() -> AsyncIterator[Screen]:
    async with screen(app=recorded(Counters(BEFORE), Counters(AFTER))) as user:
        await opened(user)
        yield user


@pressing("app", "m")
async def test_an_overflowing_accept_queue_comes_to_the_top(lab: Lab, key: str) -> None:
    listener = lab.server.listen(backlog=1)
    for _ in range(2):
        lab.client.connect(*endpoint(listener))
    async with screen(lab.server) as user:
        await opened(user, key)
        for _ in range(3):
            lab.client.connect(*endpoint(listener), wait=False)
        await user.until(lambda: "! ListenOverflows      accept queue full" in lines(user)[0], "overflows")
        assert "! ListenDrops" in lines(user)[1]
        assert current(user) == OVERFLOWS
        assert any("NOW/S" in line and "COUNTER" in line for line in user.text)
        assert any(line.startswith(" TcpExt.ListenOverflows: accept queue full") for line in user.text)


async def test_what_moved_comes_first_then_values_then_the_rest(still: Screen) -> None:
    shown = lines(still)
    assert shown[0].split()[:5] == ["3.0", "3.0", "3", "!", "ListenOverflows"]
    assert shown[1].split()[:4] == ["1.2M", "1.2M", "1.2M", "TW"]
    assert shown[2].split() == ["VALUE", "IN", "10S", "CHANGE", "values", "of", "the", "moment"]
    assert shown[3].split()[:4] == ["7", "-2", "-2", "CurrEstab"]
    assert shown[4].startswith("Not moved since twtop started: ")
    assert shown[5].split()[0] == "ActiveOpens"
    assert line_of(still, "PAWSPassive").endswith("not in this kernel: gone in 4.12")


@pressing("counters", "up", "k", "down", "j")
async def test_the_cursor_goes_from_counter_to_counter(still: Screen, key: str) -> None:
    upwards = key in ("up", "k")
    await still.press("down", "down")
    assert current(still) == "Tcp.CurrEstab"
    await still.press(key)
    assert current(still) == ("TcpExt.TW" if upwards else "Tcp.ActiveOpens")
    detail = still.app.screen.query_one(CounterDetail)
    expected = f"{current(still)}: "
    await still.until(lambda: "".join(text for text, _ in detail.line(0, 78)).startswith(expected))


@pressing("counters", "pageup", "ctrl+b", "pagedown", "ctrl+f")
async def test_pages(still: Screen, key: str) -> None:
    shown = counters(still)
    page = shown.page
    if key in ("pageup", "ctrl+b"):
        await still.press("end")
        last = shown._at
        await still.press(key)
        assert shown._at == last - page
    else:
        await still.press(key)
        assert shown._at == page
    assert shown.scroll_offset.y <= shown._at <= shown.scroll_offset.y + page


@pressing("counters", "home", "end", "G")
async def test_the_ends(still: Screen, key: str) -> None:
    shown = counters(still)
    await still.press("down" if key != "home" else "end", key)
    rows = [entry for entry in shown._entries if isinstance(entry, Row)]
    assert current(still) == rows[0 if key == "home" else -1].name
    assert shown.scroll_offset.y == (0 if key == "home" else shown.line_count - shown.visible_size.height)


@pressing("counters", "enter")
async def test_enter_explains_and_esc_comes_back(still: Screen, key: str) -> None:
    await still.press(key)
    await still.until(lambda: isinstance(still.app.screen, ExplainScreen), "the explanation")
    await still.until(lambda: any("A server does not accept()" in line for line in still.text))
    await still.press("escape")
    await still.until(lambda: isinstance(still.app.screen, CountersScreen), "the counters")


@pressing("counters", "u")
async def test_u_hides_what_did_not_move_and_shows_it_again(still: Screen, key: str) -> None:
    before = lines(still)
    await still.press("end", key)
    hidden = lines(still)
    assert hidden[-1].startswith("Not moved since twtop started: ")
    assert hidden[-1].endswith(", hidden")
    assert current(still) == "Tcp.CurrEstab"
    await still.press(key)
    assert lines(still) == before


@pressing("counters", "m")
async def test_m_goes_back(still: Screen, key: str) -> None:
    await still.press(key)
    await still.until(lambda: not isinstance(still.app.screen, CountersScreen), "the table")


async def test_a_click_selects_and_another_explains(still: Screen) -> None:
    await still.click(counters(still), 30, 1)
    assert current(still) == "TcpExt.TW"
    await still.click(counters(still), 30, 2)
    assert current(still) == "TcpExt.TW", "a title cannot be chosen"
    await still.click(counters(still), 30, 1)
    await still.until(lambda: isinstance(still.app.screen, ExplainScreen), "the explanation")


async def test_the_cursor_stays_with_its_counter(lab: Lab) -> None:
    listener = lab.server.listen(backlog=1)
    async with screen(lab.server) as user:
        await opened(user)
        await user.press(*["down"] * 8)
        assert current(user) == OVERFLOWS
        for _ in range(5):
            lab.client.connect(*endpoint(listener), wait=False)
        await user.until(lambda: "! ListenOverflows" in line_of(user, "ListenOverflows"), "overflows")
        await user.until(lambda: counters(user)._at < 8, "another place")
        assert current(user) == OVERFLOWS
        await user.press("down")
        assert current(user) == "TcpExt.ListenDrops"


async def test_unreadable_counters_are_said_to_be_so_and_no_kernel_is_blamed() -> None:
    problem = "netstat: permission denied"
    partly = Counters({"Tcp.CurrEstab": 3}, (problem,))
    async with screen(app=recorded(partly)) as user:
        await opened(user)
        assert lines(user)[0] == f"Not readable: {problem}"
        assert line_of(user, "ListenOverflows").endswith("not read: see netstat above")
        assert line_of(user, "InErrs").endswith("not in this kernel")
    async with screen(app=recorded(Counters({}))) as user:
        await opened(user)
        assert line_of(user, "ListenOverflows").endswith("not read")
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, ExplainScreen), "the explanation")


@pytest.mark.parametrize("size", [(20, 5), (80, 15), (80, 24), (200, 50)])
async def test_it_fits_every_size(size: tuple[int, int]) -> None:
    async with screen(app=recorded(Counters(BEFORE), Counters(AFTER)), size=size) as user:
        await opened(user)
        assert max(map(len, user.text)) <= size[0]
        detail = user.app.screen.query_one(CounterDetail)
        assert detail.display == (size[1] >= 16)
        wide = size[0] >= 120
        assert any("RULES THAT USE IT" in line for line in user.text) == wide
        await user.press("end", "home", "u", "u")
        assert ("ListenOverflows" if size[0] >= 40 else "ListenOv…") in "\n".join(user.text)


def test_the_rules_that_use_a_counter_come_from_their_inputs() -> None:
    groups = {name.partition(".")[0] for name in counter_pages()}
    for rule in RULES.values():
        for name in (*rule.inputs, *rule.helped_by):
            assert rule.name in rules_using(name)
            assert name in counter_pages() or name.partition(".")[0] not in groups
    assert rules_using("Tcp.NoSuchCounter") == ()


@pytest.mark.parametrize("width", [40, 60, 120])
async def test_the_titles_stand_above_their_columns(width: int) -> None:
    """A scroll bar takes a column of the list, and may take one of its numbers with it."""
    readings = (Counters(BEFORE), Counters(AFTER))
    async with screen(app=recorded(*readings), size=(width, 24)) as user:
        await opened(user)
        await user.until(lambda: any("ListenOverflows" in line for line in user.text), "counters")
        title = next(line for line in user.text if "COUNTER" in line)
        assert title.index("COUNTER") == next(
            line.index("ListenOverf") for line in user.text if "ListenOverf" in line
        )
