"""The view of port budgets: its keys, and what it shows of fixed and of real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ui.frames import Recorded, frames
from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.core.ports.budget import budgets
from twtop.core.ports.what_if import Trial, predictions
from twtop.core.signs import UNICODE
from twtop.core.sysctls import PortRange
from twtop.lab.limits import bind_then_connect, exhaust_ports
from twtop.ui.app import TwtopApp
from twtop.ui.budget.lines import about_lines, list_titles, what_if_lines
from twtop.ui.budget.range_entry import RangeEntry, parsed
from twtop.ui.budget.screen import RANGES, BudgetDetail, BudgetList, BudgetScreen
from twtop.ui.styles import PLAIN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ui.screen import Screen
    from twtop.lab.lab import Lab

SIZE = (80, 24)


async def opened(user: Screen, key: str = "b") -> None:
    await user.press(key)
    await user.until(lambda: isinstance(user.app.screen, BudgetScreen) and user.app.screen.is_mounted)
    await user.until(lambda: user.app.screen.query_one(BudgetDetail).change is not None, "a budget")


@pytest.fixture
async def still() -> AsyncIterator[Screen]:
    chosen = options()
    async with screen(app=TwtopApp(chosen, Recorded(chosen, *frames())), size=SIZE) as user:
        await opened(user)
        yield user


def current(user: Screen) -> str:
    budget = user.app.screen.query_one(BudgetList).current
    return budget.destination.remote_text if budget is not None else ""


def change(user: Screen) -> str:
    chosen = user.app.screen.query_one(BudgetDetail).change
    return chosen.title if chosen is not None else ""


def tried(user: Screen) -> str:
    return next(line for line in user.text if line.startswith("  range ")).split()[1]


async def test_a_narrow_window_still_names_the_destination(still: Screen) -> None:
    await still.pilot.resize_terminal(60, 20)
    await still.until(lambda: len(still.text[0]) < 60 and "SLOW" not in still.text[1], "the narrow list")
    assert still.text[1].split() == ["USED", "%", "FULL", "FULL", "IN", "DESTINATION"]
    assert current(still) in still.text[2]


@pressing("app", "b")
async def test_b_opens_the_budgets(lab: Lab, key: str) -> None:
    exhaust_ports(lab)
    async with screen(lab.client, size=SIZE) as user:
        await opened(user, key)
        text = user.text
    assert text[0].startswith(" Port budgets: 1  range 40000-40009")
    assert text[2].split()[:4] == ["10", "100%", "5", "10"]
    assert any("10 of 10 ports, full: connect() fails" in line for line in text)
    assert any(line.split()[:3] == ["today", "5", "10"] and line.endswith("now") for line in text)


async def test_at_a_glance(still: Screen) -> None:
    assert current(still) == "10.0.0.5:5432"
    text = still.text
    assert text[1].split() == [
        "USED",
        "%",
        "SLOW",
        "FULL",
        "+/S",
        "FULL",
        "IN",
        "NEW/S",
        "MAX/S",
        "DESTINATION",
    ]
    assert "10.0.0.5:5432" in text[2]
    assert any(line.startswith(" used by ") and "TIME-WAIT" in line for line in text)
    assert any("new/s" in line and "/s can last" in line for line in text)
    assert [line.split()[0] for line in text if line.startswith("  ") and not line.startswith("   ")] == [
        "today",
        "range",
        "tcp_tw_reuse",
        "one",
        "IP_LOCAL_PORT_RANGE",
        "IP_BIND_ADDRESS_NO_PORT",
    ]
    assert any(line.startswith(' sysctl -w net.ipv4.ip_local_port_range="1024 65535"') for line in text)


@pressing("budgets", "up", "k", "down", "j")
async def test_the_cursor_goes_from_destination_to_destination(still: Screen, key: str) -> None:
    await still.press("down", "down")
    before = current(still)
    await still.press(key)
    await still.press("up" if key in ("down", "j") else "down")
    assert current(still) == before
    assert any(f" {before}" in line for line in still.text if " of " in line and "ports" in line)


@pressing("budgets", "tab", "shift+tab")
async def test_the_next_change_and_the_one_before(still: Screen, key: str) -> None:
    assert change(still) == "range 1024-65535"
    await still.press(key)
    assert change(still) == ("tcp_tw_reuse = 1" if key == "tab" else "IP_BIND_ADDRESS_NO_PORT")
    command = "sysctl -w net.ipv4.tcp_tw_reuse=1" if key == "tab" else "IP_BIND_ADDRESS_NO_PORT /* 24 */"
    assert any(command in line for line in still.text)


@pressing("budgets", "left", "right")
async def test_other_ranges_are_tried(still: Screen, key: str) -> None:
    assert tried(still) == "1024-65535"
    await still.press(key)
    # The last one is in force: it is not worth a try.
    assert tried(still) == "10000-65535"
    await still.press(key)
    assert tried(still) == "1024-65535"


@pressing("budgets", "pageup", "pagedown")
async def test_what_does_not_fit_is_paged(key: str) -> None:
    chosen = options()
    async with screen(app=TwtopApp(chosen, Recorded(chosen, *frames())), size=(80, 15)) as user:
        await opened(user)
        detail = user.app.screen.query_one(BudgetDetail)
        await user.press("pagedown")
        assert detail.scroll_offset.y > 0
        if key == "pageup":
            await user.press(key)
            assert detail.scroll_offset.y == 0


@pressing("budgets", "c")
async def test_the_command_is_copied(still: Screen, key: str) -> None:
    await still.press(key)
    assert still.app.clipboard == 'sysctl -w net.ipv4.ip_local_port_range="1024 65535"'


@pressing("budgets", "r")
async def test_a_range_is_typed(still: Screen, key: str) -> None:
    await still.press(key, *["backspace"] * 12, *"15000 64000", "enter")
    assert tried(still) == "15000-64000"
    assert not still.app.screen.query_one(RangeEntry).has_class("-open")
    await still.press("right")
    assert tried(still) == "1024-65535"


@pytest.mark.parametrize("size", [(20, 5), (40, 10), (60, 15), (80, 24)], ids=str)
async def test_what_is_typed_can_be_seen_in_every_size(size: tuple[int, int]) -> None:
    chosen = options()
    async with screen(app=TwtopApp(chosen, Recorded(chosen, *frames())), size=size) as user:
        await opened(user)
        keys = user.text[-1]
        await user.press("r", *["backspace"] * 12, *"15000 64000")
        assert "15000 64000" in user.text[-2]
        assert user.text[-1].endswith("esc as it was")
        await user.press("enter")
        assert user.text[-1] == keys


@pytest.mark.parametrize("width", range(30, 140, 7))
def test_no_column_is_cut(width: int) -> None:
    frame = frames()[-1]
    found = budgets(frame.moment.snapshot, frame.ports, frame.history)
    changes = predictions(Trial(found[0], RANGES[0], (6, 18)))
    titles = [text for text, _ in list_titles(len(found), frame.ports, len(frame.ports), width)[1]]
    lines = [list_titles(len(found), frame.ports, len(frame.ports), width)[0], [(titles[0], PLAIN)]]
    lines += about_lines(found[0], UNICODE, width) + what_if_lines(found[0], changes, 0, width)[:2]
    for line in lines:
        assert len("".join(text for text, _ in line).rstrip()) <= width
    whole = {"USED", "%", "SLOW", "FULL", "+/S", "IN", "NEW/S", "MAX/S", "DESTINATION", "TO"}
    assert set(titles[0].split()) <= whole


async def test_what_is_no_range_is_not_tried(still: Screen) -> None:
    await still.press("r", *["backspace"] * 12, *"9 5", "enter")
    assert tried(still) == "1024-65535"
    assert still.app.screen.query_one(RangeEntry).has_class("-open")


@pressing("range entry", "escape")
async def test_escape_leaves_the_range_as_it_was(still: Screen, key: str) -> None:
    await still.press("r", *"77", key)
    assert tried(still) == "1024-65535"
    assert isinstance(still.app.screen, BudgetScreen)
    assert not still.app.screen.query_one(RangeEntry).has_class("-open")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1024 65535", PortRange(1024, 65535)),
        (" 5-6 ", PortRange(5, 6)),
        ("6 5", None),
        ("0 5", None),
        ("1 65536", None),
        ("5", None),
        ("", None),
        ("1 2 3", None),
    ],
)
def test_ranges_as_they_are_typed(text: str, span: PortRange | None) -> None:
    assert parsed(text) == span


@pressing("budgets", "enter")
async def test_enter_shows_the_sockets_of_the_destination(still: Screen, key: str) -> None:
    await still.press(key)
    await still.until(lambda: not isinstance(still.app.screen, BudgetScreen), "the table")
    assert still.app._filter_text() == "src 10.0.0.7 and dst 10.0.0.5:5432"


@pressing("budgets", "b")
async def test_b_goes_back(still: Screen, key: str) -> None:
    await still.press(key)
    await still.until(lambda: not isinstance(still.app.screen, BudgetScreen), "the table")


async def test_nothing_in_use(lab: Lab) -> None:
    async with screen(lab.client, size=SIZE) as user:
        await user.press("b")
        await user.until(lambda: any("No client socket uses a port" in line for line in user.text), "words")
        await user.press("tab", "c", "enter", "down", "right", "r", "escape")
        assert user.app.clipboard == ""


async def test_a_pool_that_bind_draws_from(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 40009")
    for _ in range(3):
        bind_then_connect(lab)
    async with screen(lab.client, size=SIZE) as user:
        await opened(user)
        assert "3 bound first" in user.text[0]
        assert user.text[2].split()[2:4] == ["-", "8"]
        assert any("1 of 8 ports, bound first" in line for line in user.text)


async def test_the_mouse_selects(still: Screen) -> None:
    listed = still.app.screen.query_one(BudgetList)
    await still.click(listed, 10, 3)
    assert listed.current is listed.items[1]


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (40, 10), (20, 5)])
async def test_no_line_is_wider_than_the_screen(size: tuple[int, int]) -> None:
    chosen = options()
    async with screen(app=TwtopApp(chosen, Recorded(chosen, *frames())), size=size) as user:
        await opened(user)
        await user.press("tab", "tab")
        assert all(len(line) <= size[0] for line in user.text)


def test_the_default_range_is_among_those_tried() -> None:
    assert PortRange(32768, 60999) in RANGES
