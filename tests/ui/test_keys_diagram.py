"""The view of the state diagram: its keys and the mouse, on real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.core.states import State
from twtop.ui.diagram.screen import Diagram, DiagramScreen
from twtop.ui.diagram.shape import fitting
from twtop.ui.explanation.screen import ExplainScreen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ui.screen import Screen
    from twtop.lab.host import Host


@pytest.fixture
async def user(server: Host) -> AsyncIterator[Screen]:
    async with screen(server, options()) as user:
        await user.press("v")
        await user.until(lambda: any("CLOSE-WAIT" in line for line in user.text), "the diagram")
        await user.until(lambda: user.text[0].startswith("State diagram"), "the whole diagram")
        yield user


def diagram(user: Screen) -> Diagram:
    return user.app.screen.query_one(Diagram)


@pressing("app", "v")
async def test_v_opens_the_diagram(server: Host, key: str) -> None:
    async with screen(server, options()) as user:
        await user.press(key)
        await user.until(lambda: isinstance(user.app.screen, DiagramScreen), "the view")
        await user.until(lambda: any("9" in line and "│" in line for line in user.text), "9 in ESTAB")
        await user.until(lambda: any("ESTAB: connected" in line for line in user.text), "the explanation")


async def test_it_follows_the_frames(user: Screen, server: Host) -> None:
    await user.until(lambda: "rates and changes over" in user.text[0], "another snapshot")
    server.listen(9999)
    await user.until(lambda: any("│         3 ▲+1" in line for line in user.text), "one listener more")


@pressing("diagram", "left", "h")
async def test_left(user: Screen, key: str) -> None:
    await user.press("right", key)
    assert diagram(user).cursor is State.ESTAB


@pressing("diagram", "right", "l")
async def test_right(user: Screen, key: str) -> None:
    await user.press(key)
    assert diagram(user).cursor is State.SYN_RECV
    assert any(line.startswith("SYN-RECV: we answered a SYN") for line in user.text)


@pressing("diagram", "down", "j")
async def test_down(user: Screen, key: str) -> None:
    await user.press(key, key, key)
    assert diagram(user).cursor is State.TIME_WAIT


@pressing("diagram", "up", "k")
async def test_up(user: Screen, key: str) -> None:
    await user.press(key)
    assert diagram(user).cursor is State.UNCONN


@pressing("diagram", "enter")
async def test_enter_filters_the_table(user: Screen, key: str) -> None:
    await user.press("right", "down", key)
    await user.until(lambda: not isinstance(user.app.screen, DiagramScreen), "the table")
    await user.until(lambda: user.counts == {"CLOSE-WAIT": 3}, "its sockets")


@pressing("diagram", "e")
async def test_e_explains_all_of_it(user: Screen, key: str) -> None:
    await user.press("down", "left", key)
    await user.until(lambda: isinstance(user.app.screen, ExplainScreen), "the explanation")
    await user.until(lambda: user.text[0].strip().startswith("FIN-WAIT-1: "), "its title")
    await user.press("escape")
    await user.until(lambda: isinstance(user.app.screen, DiagramScreen), "the diagram again")
    assert diagram(user).cursor is State.FIN_WAIT_1


@pressing("diagram", "v")
async def test_v_goes_back(user: Screen, key: str) -> None:
    await user.press(key)
    await user.until(lambda: not isinstance(user.app.screen, DiagramScreen), "the table")


async def test_a_click_selects_a_box(user: Screen) -> None:
    shown = diagram(user)
    grid = fitting(*(shown.size - (0, 3)))
    assert grid is not None
    x, y = grid.corner(State.LAST_ACK)
    await user.click(shown, x + 3, y + 2)
    assert shown.cursor is State.LAST_ACK
    await user.click(shown, 0, 7)
    assert shown.cursor is State.LAST_ACK


async def test_in_a_small_window_the_list_is_walked_in_its_order(user: Screen) -> None:
    await user.pilot.resize_terminal(50, 12)
    await user.until(lambda: any(line.startswith("LISTEN ") for line in user.text), "the list")
    await user.press("up", "up", "up", "up")
    assert diagram(user).cursor is State.LISTEN
    await user.press("down")
    assert diagram(user).cursor is State.SYN_SENT
    await user.click(diagram(user), 2, 3)
    assert diagram(user).cursor is State.ESTAB
