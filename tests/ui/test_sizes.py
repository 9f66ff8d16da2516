"""Every size of a window: what matters most is always there, and nothing is drawn outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ui.conftest import NAMES
from tests.ui.frames import Recorded, frames
from tests.ui.screen import options, screen
from twtop.core.states import State
from twtop.ui.app import TwtopApp
from twtop.ui.line_view import LineView
from twtop.ui.ports.panel import PortPlot

if TYPE_CHECKING:
    from tests.ui.screen import Screen
    from twtop.lab.host import Host

SIZES = ((80, 24), (200, 50), (20, 5), (40, 10), (149, 30), (150, 30), (80, 9), (300, 100))


def assert_usable(user: Screen, size: tuple[int, int]) -> None:
    width, height = size
    assert len(user.text) == height
    assert all(len(line) <= width for line in user.text)
    text = "\n".join(user.text)
    assert "LIVE" in text
    assert "ESTAB" in text
    assert user.table.size.height >= 1
    assert (
        user.table.scroll_offset.y <= user.table._cursor < user.table.scroll_offset.y + user.table.size.height
    )
    if height >= 24:
        assert all(state.label in text for state in State)
        assert "? help" in text


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_screen_opens_in_every_size(server: Host, size: tuple[int, int]) -> None:
    async with screen(server, size=size) as user:
        await user.settle()
        assert_usable(user, size)


async def test_the_screen_follows_the_size_of_the_window(server: Host) -> None:
    async with screen(server) as user:
        await user.press("end")
        current = user.current
        for size in (*SIZES[1:], SIZES[0]):
            await user.pilot.resize_terminal(*size)
            await user.until(lambda size=size: user.app.size == size and len(user.text) == size[1])  # type: ignore[misc]
            await user.next_frame()
            assert user.current == current
            assert "LIVE" in "\n".join(user.text)
            assert all(len(line) <= size[0] for line in user.text)
        assert user.names == NAMES
        await user.until(lambda: all(name.strip() in "\n".join(user.text) for name in NAMES), "all lines")


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 3), (19, 4)], ids=str)
async def test_no_size_is_too_small(server: Host, size: tuple[int, int]) -> None:
    async with screen(server, size=size) as user:
        for key in ("down", "enter", "p", "y", "s", "slash", "a", "escape", "space", "c"):
            await user.press(key)
        for key in ("g", "question_mark", "e"):
            await user.press(key, "down", "escape")
        assert user.app.is_running
        await user.pilot.resize_terminal(80, 24)
        await user.until(lambda: len(user.text) == 24)


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (20, 5)], ids=str)
@pytest.mark.parametrize("key", ["g", "question_mark", "e", "slash"])
async def test_dialogs_fit_every_size(server: Host, size: tuple[int, int], key: str) -> None:
    async with screen(server, options("close-wait"), size=size) as user:
        await user.press(key)
        await user.settle()
        assert len(user.text) == size[1]
        assert all(len(line) <= size[0] for line in user.text)
        expected = {
            "g": "Group by",
            "question_mark": "Main screen",
            "e": "CLOSE-WAIT",
            "slash": "state close-wait",
        }
        assert expected[key] in "\n".join(user.text)


VIEWS: dict[str, tuple[str, ...]] = {
    "findings": ("f",),
    "finding's text": ("f", "tab", "down", "pagedown"),
    "budgets": ("b", "down", "tab", "right"),
    "range": ("b", "r"),
    "diagram": ("v", "right", "down"),
    "counters": ("m", "down", "end"),
    "comparison": ("A", "D", "end"),
    "details": ("down", "enter", "down", "enter", "tab", "end"),
    "explain": ("e", "down", "pagedown"),
    "help": ("question_mark", "pagedown"),
    "group": ("g", "up"),
    "drain": ("d",),
    "ports": ("p",),
    "why": ("y",),
    "filter": ("slash", "dport = :htpp"),
    "frozen": ("space", "down", "enter", "down"),
    "palette": ("ctrl+p",),
}
"""Keys, and text to be pasted, which has blanks."""
SWITCHES = {"ports": "p", "why": "y", "frozen": "space"}
"""What is left by the key that led there."""


@pytest.mark.parametrize(
    "size", [(20, 5), (40, 10), (60, 15), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_no_view_draws_over_itself(size: tuple[int, int]) -> None:
    """In every size, and where the window becomes another one while the view is open."""
    chosen = options()
    async with screen(app=TwtopApp(chosen, Recorded(chosen, *frames())), size=size) as user:
        for view, keys in VIEWS.items():
            for key in keys:
                await (user.paste(key) if " " in key else user.press(key))
            assert_apart(user, size, view)
            for other in ((33, 7), size):
                await user.resize(*other)
                assert_apart(user, other, view)
            await user.back_to_the_table()
            await user.press(*SWITCHES.get(view, ""))


def assert_apart(user: Screen, size: tuple[int, int], view: str) -> None:
    """Check that all is inside the window, and that no two panels have a place in common."""
    drawn = user.text
    assert len(drawn) == size[1], view
    assert all(len(line) <= size[0] for line in drawn), view
    seen = [panel for panel in user.app.screen.query(LineView) if panel.region and panel.is_on_screen]
    for at, panel in enumerate(seen):
        assert not any(panel.region.overlaps(other.region) for other in seen[:at]), (view, panel)


@pytest.mark.parametrize("key", ["p", "d", "y"])
async def test_a_window_too_low_for_a_panel_says_so(server: Host, key: str) -> None:
    async with screen(server, size=(80, 9)) as user:
        await user.press(key)
        await user.until(lambda: any("too low" in line for line in user.text), "that there is no room")
        await user.pilot.resize_terminal(80, 24)
        await user.until(lambda: len(user.text) == 24)
        assert not user.app.query_one("#side").display


async def test_the_plot_never_scrolls_when_other_panels_take_its_room(server: Host) -> None:
    async with screen(server, size=(200, 50)) as user:
        plot = user.app.query_one(PortPlot)
        before = plot.size
        await user.press("slash", *"dport = :nosuchport")
        await user.until(lambda: plot.size.height < before.height, "less room")
        await user.next_frame()
        assert plot.visible_size.width == before.width
