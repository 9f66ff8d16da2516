"""A running screen, with the eyes and hands of its user."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from textual import events
from textual.keys import _character_to_key, key_to_character

from twtop.core.filter import parse
from twtop.core.options import ScreenOptions
from twtop.core.states import IN_LIFE_ORDER
from twtop.core.table.fields import DEFAULT_SORT
from twtop.core.table.keys import DEFAULT_KEYS
from twtop.kernel.services import service_port
from twtop.sources.collector import Collector
from twtop.ui.app import TwtopApp
from twtop.ui.line_view import LineView
from twtop.ui.strip import StateStrip
from twtop.ui.table.row_text import line_text
from twtop.ui.table.table import GroupTable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from textual.pilot import Pilot
    from textual.widget import Widget

    from twtop.lab.host import Host

SECONDS = 20.0
"""How long a condition may take on a machine that has other things to do too."""

_HOPS = 4

_COMPUTING_S = 2.0
"""How long a key waits for what is computed for it; some of that ends only when other keys are pressed."""


def options(
    filter: str = "",  # noqa: A002 - the option's own name
    *,
    interval_s: float = 0.1,
    keys: tuple[str, ...] = DEFAULT_KEYS,
    sort: str = DEFAULT_SORT,
    cpu_budget: float = 10_000.0,
    owners: bool = True,
) -> ScreenOptions:
    """What the command line would ask for; frames come fast, whatever they cost."""
    return ScreenOptions(interval_s, parse(filter, service_port), keys, sort, cpu_budget, owners=owners)


class Beside(ThreadPoolExecutor):
    """The threads beside the screen's, which knows whether they have something to do."""

    busy = 0

    def submit(self, *args: Any, **keywords: Any) -> Future[Any]:
        self.busy += 1
        future = super().submit(*args, **keywords)
        future.add_done_callback(self._done)
        return future

    def _done(self, _: Future[Any]) -> None:
        self.busy -= 1


class Screen:
    """Looks at an app as its user does, and presses keys until something has happened."""

    def __init__(self, app: TwtopApp, pilot: Pilot[None]) -> None:
        self._beside = Beside()
        asyncio.get_running_loop().set_default_executor(self._beside)
        self.app = app
        self.pilot = pilot
        self.table = app.query_one(GroupTable)

    @property
    def collector(self) -> Collector:
        """What collects; a replay has none."""
        assert self.app._collector is not None
        return self.app._collector

    @property
    def text(self) -> list[str]:
        """All that is drawn now, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    def lines_of(self, selector: str) -> list[str]:
        """All lines of a panel, in its own width."""
        panel = self.app.query_one(selector, LineView)
        lines = [panel.line(number, panel.content_size.width) for number in range(panel.line_count)]
        return ["".join(text for text, _ in parts).rstrip() for parts in lines]

    @property
    def header(self) -> list[str]:
        return self.lines_of("#header")

    @property
    def names(self) -> list[str]:
        """What the lines of the table are about."""
        lines = self.table.lines
        return [line_text(lines, lines[at], self.app.signs) for at in range(len(lines))] if lines else []

    @property
    def rows(self) -> list[str]:
        """The lines of the table without padding, numbers and notes included."""
        lines = [self.table.line(at, 1000) for at in range(self.table.line_count)]
        return [" ".join("".join(text for text, _ in parts).split()) for parts in lines]

    @property
    def current(self) -> str:
        """What the line under the cursor is about; empty while the cursor is on a title."""
        lines, line = self.table.lines, self.table.current
        return line_text(lines, line, self.app.signs).strip() if lines and line else ""

    @property
    def counts(self) -> dict[str, int]:
        """The counts of the strip that are not 0."""
        counts = self.app.query_one(StateStrip)._counts
        return {state.label: counts[state] for state in IN_LIFE_ORDER if counts[state]}

    @property
    def frames(self) -> float:
        """Rises with every frame that is shown."""
        return self.table.view.moment.snapshot.instant_s if self.table.view else 0.0

    async def press(self, *keys: str) -> None:
        """Press keys, each after the one before has had its effect.

        Pilot.press would wait until the process is idle, which it never is while frames come in.
        """
        for pressed in keys:
            key = pressed if pressed.isalnum() or len(pressed) > 1 else _character_to_key(pressed)
            assert self.app._driver is not None
            character = pressed if len(pressed) == 1 else key_to_character(pressed)
            self.app._driver.send_message(events.Key(key, character))
            await self.settle()

    async def paste(self, text: str) -> None:
        """Paste into what is typed in, all at once."""
        assert self.app.focused is not None
        self.app.focused.post_message(events.Paste(text))
        await self.settle()

    async def settle(self) -> None:
        """Let every message reach its end: a key goes from the app to a widget, and back in messages.

        What is computed for a key is shown too: the next one acts on what its user would see.
        """
        for _ in range(_HOPS):
            await self.pilot.pause(0)
        deadline = time.monotonic() + _COMPUTING_S
        while (self._beside.busy or self.app._stale.is_set()) and time.monotonic() < deadline:
            await asyncio.sleep(0.001)
        await self.pilot.pause(0)

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait for a condition; fails, showing the screen, when it does not come true in time."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"not in {SECONDS} s: {what}; the screen:\n" + "\n".join(self.text))
            await self.pilot.pause(0.01)

    async def said(self, text: str) -> None:
        """Wait until a line of the screen says so, or a notification, which may be broken into lines."""

        def said() -> bool:
            notified = (f"{each.title} {each.message}" for each in self.app._notifications)
            return any(text in line for line in (*self.text, *notified))

        await self.until(said, text)

    async def next_frame(self) -> None:
        """Wait until something newer is shown."""
        seen = self.frames
        await self.until(lambda: self.frames > seen, "another frame")

    async def go_to(self, name: str) -> None:
        """Move the cursor to the first line that begins so."""
        signs = f" {self.app.signs.folded}{self.app.signs.unfolded}"
        found = [at for at, line in enumerate(self.names) if line.lstrip(signs).startswith(name)]
        assert found, f"no line begins with {name}: {self.names}"
        await self.press(*["home"], *["down"] * found[0])
        assert name in self.current

    async def click(self, widget: Widget | str, x: int, y: int) -> None:
        await self.pilot.click(self.app.query_one(widget) if isinstance(widget, str) else widget, (x, y))
        await self.settle()


@asynccontextmanager
async def screen(
    host: Host | None = None,
    chosen: ScreenOptions | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    app: TwtopApp | None = None,
) -> AsyncIterator[Screen]:
    """Run the screen inside a host of the lab until its first frame is there; threads begin in that host."""
    with host.entered() if host else nullcontext():
        wanted = chosen or options()
        running = app or TwtopApp(wanted, Collector(wanted))
        async with running.run_test(size=size, notifications=True) as pilot:
            user = Screen(running, pilot)
            await user.until(lambda: user.table.lines is not None, "the first frame")
            strip = running.query_one(StateStrip)
            await user.until(lambda: not strip.display or strip.size.height == strip.line_count, "the layout")
            try:
                yield user
            finally:
                # As when the user quits: run_test would take the widgets away while workers still draw.
                running.exit()
                while running.is_running:
                    await pilot.pause(0)


def bound_keys(bindings: Sequence[Any]) -> set[str]:
    """All keys of a list of bindings."""
    return {key for binding in bindings for key in binding.key.split(",")}
