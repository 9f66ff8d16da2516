"""Pictures of the main screens of a host that never changes; ``pytest --snapshot-update`` draws them anew."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.ui.frames import SECONDS, WALL_S, Recorded, frames
from tests.ui.recorded_details import RecordedReader
from tests.ui.screen import Screen, options
from twtop.ui.app import TwtopApp
from twtop.ui.explanation.pane import ExplainPane
from twtop.ui.ports.panel import PortPlot

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

SMALL, LARGE = (80, 24), (200, 50)
SIZES = {"80x24": SMALL, "200x50": LARGE}


class Scene(NamedTuple):
    """What to do before the picture is taken."""

    line: str = ""
    """The line to put the cursor on."""
    keys: tuple[str, ...] = ()
    filter: str = ""
    panel: str = ""
    """The key that opens a panel where not all of them have room."""
    shows: str = ""
    """What is on the screen when all is drawn."""


SCENES = {
    "groups": Scene(),
    "sockets": Scene(":8080<192.0.2.40", ("enter", "down", "down")),
    "ports": Scene("10.0.0.5:5432", panel="p"),
    "why": Scene("CLOSE-WAIT", panel="w"),
    "explain": Scene("FIN-WAIT-2", ("e",)),
    "filter-with-error": Scene("", ("slash", *" and sport = :htpp"), "state time-wait"),
    "group": Scene("", ("g", "down", "3")),
    "help": Scene("", ("question_mark",)),
    "drain": Scene("10.0.0.5:5432", ("d",), shows="back within"),
    "findings": Scene("", ("f",), shows="Cause"),
    "budgets": Scene("", ("b",), shows="WHAT IF"),
    "diagram": Scene("", ("v",), shows="SYN-SENT"),
    "counters": Scene("", ("m",), shows="ActiveOpens"),
    "details": Scene(
        "10.0.0.5:5432", ("enter", "down", "space", "enter", "tab"), "state estab", shows="3rd try"
    ),
    "frozen": Scene("LISTEN", ("space",), "listening or close-wait"),
}


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TZ": "UTC", "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(time, "time", lambda: WALL_S + SECONDS)
    time.tzset()


class OwnCost:
    """What twtop costs, where nothing may change."""

    def text(self) -> str:
        return "cpu 3% 74M"


def recorded_app(filter: str = "") -> TwtopApp:  # noqa: A002 - the option's own name
    wanted = options(filter, interval_s=1.0)
    app = TwtopApp(wanted, Recorded(wanted, replace(frames()[-1], reader=RecordedReader())))
    app._own_cost = OwnCost()  # type: ignore[assignment]
    return app


async def act(scene: Scene, pilot: Pilot[None]) -> None:
    """Do what a scene asks for, and wait until everything is drawn."""
    app = pilot.app
    assert isinstance(app, TwtopApp)
    user = Screen(app, pilot)
    await user.until(lambda: user.table.lines is not None, "the frame")
    if scene.line:
        await user.go_to(scene.line)
    await user.press(*scene.keys, *(scene.panel if app.size.width < LARGE[0] else ""))
    plot, why = app.query_one(PortPlot), app.query_one(ExplainPane)
    await user.until(lambda: not plot.size or plot._plotter, "the plot")
    await user.until(lambda: why._shown and app._shown and not app._stale.is_set(), "the explanation")
    await user.until(lambda: app._shown and app._shown.focus == app._panels.focus, "what the cursor is on")
    await user.until(lambda: scene.shows in "\n".join(user.text), scene.shows)
    if entry := app.query("#filter-input"):
        entry.first().cursor_blink = False  # type: ignore[attr-defined]
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_picture(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    scene = SCENES[name]
    app = recorded_app(scene.filter)
    assert snap_compare(app, terminal_size=size, run_before=lambda pilot: act(scene, pilot))


@pytest.mark.parametrize("size", [(40, 10), (20, 5)], ids=["40x10", "20x5"])
def test_picture_of_a_small_window(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    assert snap_compare(recorded_app(), terminal_size=size, run_before=lambda pilot: act(Scene(), pilot))


def test_picture_without_unicode(snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    scene = Scene("10.0.0.5:5432", panel="p")
    assert snap_compare(recorded_app(), run_before=lambda pilot: act(scene, pilot))
