"""The view of findings: its keys, and the lines of the main screen that lead there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.core.states import State
from twtop.lab.host import endpoint
from twtop.lab.specimen import wait_for_state
from twtop.ui.explanation.pane import ExplainPane
from twtop.ui.findings.panel import FindingsPanel
from twtop.ui.findings.screen import FindingsList, FindingsScreen
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.help_screen import HelpScreen
from twtop.ui.views import view_class

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ui.screen import Screen
    from twtop.lab.lab import Lab


class Leak:
    """Two servers that forget to close, one connection more at every call."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.listeners = [lab.server.listen(port) for port in (8080, 9090)]
        self.leaked: list[object] = []

    def __call__(self) -> None:
        for listener in self.listeners:
            client = self._lab.client.connect(*endpoint(listener))
            accepted = self._lab.server.accept(listener)
            client.close()
            wait_for_state(accepted, State.CLOSE_WAIT)


@pytest.fixture
async def user(lab: Lab) -> AsyncIterator[Screen]:
    """Two findings that are there at once: settings."""
    lab.server.sysctl("net.ipv4.tcp_rfc1337", 1)
    lab.server.sysctl("net.ipv4.tcp_fin_timeout", 75)
    async with screen(lab.server) as user:
        await user.until(lambda: user.app._shown and len(user.app._shown.frame.findings) == 2, "two findings")
        yield user


@pytest.fixture
async def leaking(lab: Lab) -> AsyncIterator[Screen]:
    """Two findings about sockets, which take seconds to be found."""
    leak = Leak(lab)
    async with screen(lab.server, options(interval_s=0.5)) as user:

        async def go_on() -> None:
            for _ in range(250):
                await asyncio.to_thread(leak)
                await asyncio.sleep(0.2)

        going_on = asyncio.create_task(go_on())
        await user.until(lambda: user.app._shown and len(user.app._shown.frame.findings) == 2, "two findings")
        yield user
        going_on.cancel()


def findings(user: Screen) -> FindingsList:
    return user.app.screen.query_one(FindingsList)


async def opened(user: Screen, key: str = "f") -> None:
    await user.press(key)
    await user.until(lambda: isinstance(user.app.screen, FindingsScreen) and user.app.screen.is_mounted)
    await user.until(lambda: findings(user).current is not None, "a finding")


@pressing("app", "f")
async def test_f_opens_the_findings(leaking: Screen, key: str) -> None:
    await opened(leaking, key)
    assert "Findings: 2" in leaking.text[0]
    assert "CLOSE-WAIT on port" in leaking.text[1]
    await leaking.until(
        lambda: any(line.startswith(" Cause   The peer closed") for line in leaking.text), "the cause"
    )


async def test_the_worst_finding_stands_on_the_main_screen(leaking: Screen) -> None:
    panel = leaking.app.query_one(FindingsPanel)
    await leaking.until(lambda: panel.size.height == 1, "the line")
    assert any(line.startswith("WARN") and "CLOSE-WAIT on port 8080" in line for line in leaking.text)
    await leaking.click(panel, 3, 0)
    await leaking.until(lambda: isinstance(leaking.app.screen, FindingsScreen), "the view")


@pressing("findings", "up", "k", "down", "j")
async def test_the_cursor_chooses_what_is_explained(user: Screen, key: str) -> None:
    await opened(user)
    first = findings(user).current
    assert first is not None
    await user.press(key)
    second = findings(user).current
    assert second is not None
    assert {first.rule, second.rule} == {"fin-timeout-above-60", "rfc1337-on"}
    pane = user.app.screen.query_one(ExplainPane)
    await user.until(lambda: pane.trail.start and second.subject in pane.trail.start.topic)


@pressing("findings", "enter")
async def test_enter_shows_its_sockets(leaking: Screen, key: str) -> None:
    await opened(leaking)
    await leaking.press(key)
    await leaking.until(lambda: "state close-wait and sport = :8080" in "".join(leaking.header), "the filter")
    await leaking.until(lambda: set(leaking.counts) == {"CLOSE-WAIT"}, "its sockets alone")


@pressing("findings", "tab", "shift+tab")
async def test_tab_leads_to_the_links_and_back(user: Screen, key: str) -> None:
    await opened(user)
    await user.press(key, "down", "enter")
    pane = user.app.screen.query_one(ExplainPane)
    assert pane.trail.opened is not None
    await user.press("escape")
    assert pane.trail.opened is None
    await user.press(key)
    assert not pane.has_focus


async def test_the_footer_says_what_enter_does_where_the_focus_is(leaking: Screen) -> None:
    await opened(leaking)
    assert leaking.text[-1].split("  ")[0].strip() == "enter sockets"
    await leaking.press("tab")
    assert (
        leaking.text[-1].strip() == "enter open link  up/down links  pgdn more  tab list  ? help  esc/q back"
    )
    await leaking.press("tab")
    assert "enter sockets" in leaking.text[-1]


@pressing("findings", "c")
async def test_c_says_where_there_is_no_command(leaking: Screen, key: str) -> None:
    await opened(leaking)
    await leaking.press(key)
    await leaking.until(lambda: any("No command" in line for line in leaking.text))


@pressing("frame screen", "escape", "q")
async def test_back_to_the_table(user: Screen, key: str) -> None:
    await opened(user)
    await user.press(key)
    await user.until(lambda: not isinstance(user.app.screen, FindingsScreen), "the table")


@pressing("findings", "f")
async def test_f_goes_back_too(user: Screen, key: str) -> None:
    await opened(user)
    await user.press(key)
    await user.until(lambda: not isinstance(user.app.screen, FindingsScreen), "the table")


@pressing("frame screen", "space")
async def test_space_freezes_a_view_too(user: Screen, key: str) -> None:
    await opened(user)
    await user.press(key)
    assert user.app._frozen
    assert user.text[-1].lstrip().startswith("FROZEN  ")
    await user.press(key)
    assert not user.app._frozen
    assert "FROZEN" not in user.text[-1]


@pressing("findings", "pagedown", "right_square_bracket", "pageup", "left_square_bracket")
async def test_the_text_is_paged_from_the_list(user: Screen, key: str) -> None:
    await opened(user)
    await user.pilot.resize_terminal(60, 16)
    pane = user.app.screen.query_one(ExplainPane)
    await user.until(lambda: pane.line_count > pane.size.height + 1, "a long text")
    on = key in {"pagedown", "right_square_bracket"}
    if not on:
        await user.press("pagedown")
    await user.press(key)
    assert (pane.scroll_offset.y > 0) is on


@pressing("frame screen", "question_mark", "f1")
async def test_a_view_lists_its_own_keys(user: Screen, key: str) -> None:
    await opened(user)
    await user.press(key)
    await user.until(lambda: isinstance(user.app.screen, HelpScreen) and len(user.text) > 20, "the keys")
    text = "\n".join(user.text)
    assert text.index("Findings") < text.index("Go to the links of the text, and back")
    assert "Clear the filter" not in text
    await user.press("escape")
    assert isinstance(user.app.screen, FindingsScreen)


@pressing("frame screen", "f", "b", "v", "m")
async def test_one_view_gives_way_to_another(user: Screen, key: str) -> None:
    there = {"f": "findings", "b": "budgets", "v": "diagram", "m": "counters"}[key]
    await user.press("v" if key == "f" else "f")
    await user.until(lambda: isinstance(user.app.screen, FrameScreen), "a view")
    await user.press(key)
    await user.until(lambda: isinstance(user.app.screen, view_class(there)), "the other view")
    await user.press(key)
    await user.until(lambda: len(user.app.screen_stack) == 1, "the table")
