"""What all pictures of the screen have in common: a host that never changes, seen in two sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tests.ui.frames import Recorded, frames
from tests.ui.recorded_details import RecordedReader
from tests.ui.screen import Screen, options
from twtop.ui.app import TwtopApp
from twtop.ui.explanation.pane import ExplainPane
from twtop.ui.ports.panel import PortPlot

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from twtop.core.options import ScreenOptions
    from twtop.sources.collector import Collector
    from twtop.sources.replay.player import Player

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


class OwnCost:
    """What twtop costs, where nothing may change."""

    def text(self) -> str:
        return "cpu 3% 74M"


def still_app(wanted: ScreenOptions, source: Collector | Player) -> TwtopApp:
    """Return an application in which nothing changes by itself."""
    app = TwtopApp(wanted, source)
    app._own_cost = OwnCost()  # type: ignore[assignment]
    return app


def recorded_app(filter: str = "") -> TwtopApp:  # noqa: A002 - the option's own name
    wanted = options(filter, interval_s=1.0)
    return still_app(wanted, Recorded(wanted, replace(frames()[-1], reader=RecordedReader())))


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
