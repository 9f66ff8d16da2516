"""The explanation over the whole screen."""

from __future__ import annotations

import pytest

from tests.knowledge.hosts import host
from tests.ui.explanation.test_pane import Host, page, selected, shown
from twtop.core.states import State
from twtop.ui.explanation.pane import ExplainPane
from twtop.ui.explanation.screen import ExplainScreen


class Opener(Host):
    """Opens the screen on its pane."""

    def open(self) -> ExplainScreen:
        screen = ExplainScreen(self.pane.signs, self.pane.trail)
        self.push_screen(screen)
        return screen


async def test_it_shows_what_the_pane_shows_and_names_its_keys() -> None:
    app = Opener()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.open()
        await pilot.pause()
        pane = screen.query_one(ExplainPane)
        assert shown(pane)[0].startswith("FIN-WAIT-2: ")
        assert len(shown(pane)) == 23
        await pilot.press("j", "enter")
        assert shown(pane)[0].startswith("FIN-WAIT-2 → net.ipv4.tcp_fin_timeout: ")
        await pilot.press("escape")
        assert selected(pane) == ["tcp_fin_timeout"]
        assert app.screen is screen
        await pilot.press("escape")
        assert app.screen is not screen


@pytest.mark.parametrize("key", ["escape", "q", "e"])
async def test_it_closes(key: str) -> None:
    app = Opener()
    async with app.run_test(size=(80, 24)) as pilot:
        app.open()
        await pilot.press(key)
        assert not isinstance(app.screen, ExplainScreen)


async def test_it_goes_on_from_what_was_opened_in_the_pane() -> None:
    app = Opener()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "down", "enter")
        screen = app.open()
        await pilot.pause()
        pane = screen.query_one(ExplainPane)
        assert shown(pane)[0].startswith("FIN-WAIT-2 → net.ipv4.tcp_fin_timeout: ")
        await pilot.press("escape")
        assert shown(pane)[0].startswith("FIN-WAIT-2: ")
        assert shown(app.pane)[0].startswith("FIN-WAIT-2 → ")


async def test_numbers_are_kept_up_to_date_and_the_topic_stays() -> None:
    app = Opener()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.open()
        await pilot.press("end")
        pane = screen.query_one(ExplainPane)
        changed = host({"tcp_fin_timeout": "75"})
        screen.explain(page(State.FIN_WAIT_2, changed), changed)
        await pilot.press("home")
        assert "(T - 60): 15 s as a full socket" in " ".join(" ".join(shown(pane)).split())
        screen.explain(page(State.ESTAB), host())
        await pilot.pause()
        assert shown(pane)[0].startswith("FIN-WAIT-2: ")
