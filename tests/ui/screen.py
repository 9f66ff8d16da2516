"""A running screen, with the eyes and hands of its user."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, nullcontext
from itertools import zip_longest
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
from twtop.ui.filter_bar import FilterBar
from twtop.ui.line_view import LineView
from twtop.ui.strip import StateStrip
from twtop.ui.table.row_text import line_text
from twtop.ui.table.table import GroupTable
from twtop.ui.text_entry import TextEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from textual._queue import Queue
    from textual.message import Message
    from textual.message_pump import MessagePump
    from textual.pilot import Pilot
    from textual.widget import Widget

    from twtop.lab.host import Host

SECONDS = 20.0
"""How long a condition may take on a machine that has other things to do too."""

_QUIET_TURNS = 5
"""A key, or what a thread has computed, comes to a widget within so many turns of the event loop."""

_COMPUTING_S = 2.0
"""How long a key waits for what is computed for it; some of that ends only when other keys are pressed."""

_LOOK_S = 0.01
"""How often one looks at a screen on which nothing happens."""


def options(
    filter: str = "",  # noqa: A002 - the option's own name
    *,
    interval_s: float = 0.2,
    keys: tuple[str, ...] = DEFAULT_KEYS,
    sort: str = DEFAULT_SORT,
    cpu_budget: float = 10_000.0,
    owners: bool = True,
) -> ScreenOptions:
    """What the command line would ask for; frames come fast, whatever they cost."""
    return ScreenOptions(interval_s, parse(filter, service_port), keys, sort, cpu_budget, owners=owners)


class Beside(ThreadPoolExecutor):
    """The threads beside the screen's, which knows whether they have something to do."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = 0
        self._loop = asyncio.get_running_loop()

    def submit(self, *args: Any, **keywords: Any) -> Future[Any]:
        self.busy += 1
        future = super().submit(*args, **keywords)
        # After whoever submits asks to be called: the result is on its way to them when it counts as done.
        self._loop.call_soon(future.add_done_callback, self._done)
        return future

    def _done(self, _: Future[Any]) -> None:
        self._loop.call_soon_threadsafe(self._count_down)

    def _count_down(self) -> None:
        self.busy -= 1


def _waits(pump: MessagePump) -> bool:
    """Tell whether a widget has nothing to do: no message waits, and none is being handled."""
    queue: Queue[Message | None] = pump._message_queue
    return pump._closed or (queue.empty() and bool(queue.ready_event._waiters) and not pump._next_callbacks)


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
        """Press keys, each after the one before has had its effect; text is typed without a look in between.

        Pilot.press would wait until the process is idle, which it never is while frames come in.
        """
        for pressed, following in zip_longest(keys, keys[1:], fillvalue=""):
            key = pressed if pressed.isalnum() or len(pressed) > 1 else _character_to_key(pressed)
            assert self.app._driver is not None
            character = pressed if len(pressed) == 1 else key_to_character(pressed)
            self.app._driver.send_message(events.Key(key, character))
            types = isinstance(self.app.focused, TextEntry) and len(pressed) == len(following) == 1
            if not types:
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
        await self._quiet(lambda: not self._beside.busy and not self.app._stale.is_set())

    async def _quiet(self, computed: Callable[[], bool] = lambda: True) -> None:
        """Wait until no widget has anything to do, and all is drawn."""
        started, turns = time.monotonic(), 0
        with self._without_news():
            while turns < _QUIET_TURNS and self.app.is_running:
                self._draw()
                passed_s = time.monotonic() - started
                idle = all(map(_waits, (self.app, *self.app._registry)))
                assert idle or passed_s < SECONDS, "messages without an end"
                turns = turns + 1 if idle and (passed_s > _COMPUTING_S or computed()) else 0
                await asyncio.sleep(0.001 if self._beside.busy else 0)

    @contextmanager
    def _without_news(self) -> Iterator[None]:
        """Keep what is collected for afterwards: on a busy machine there is always one more frame to draw."""
        newest = self.app._result
        self.app.disable_messages(TwtopApp.Collected)
        yield
        self.app.enable_messages(TwtopApp.Collected)
        if self.app._result is not newest:
            self.app.post_message(TwtopApp.Collected())

    def _draw(self) -> None:
        """Draw what has changed now, and not only at the next of sixty times a second."""
        screen = self.app.screen
        if (
            screen._layout_required
            or screen._scroll_required
            or screen._repaint_required
            or screen._recompose_required
            or screen._dirty_widgets
            or screen._callbacks
        ):
            screen._on_timer_update()

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait for a condition; fails, showing the screen, when it does not come true in time."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"not in {SECONDS} s: {what}; the screen:\n" + "\n".join(self.text))
            await asyncio.sleep(_LOOK_S)
            await self._quiet()

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

    async def resize(self, width: int, height: int) -> None:
        """Give the window another size, and wait until all is drawn in it."""
        await self.pilot.resize_terminal(width, height)
        await self.until(lambda: self.app.size == (width, height) and len(self.text) == height, "the size")
        await self.settle()

    async def back_to_the_table(self) -> None:
        """Leave views, dialogs and entries, and put the cursor on the first line."""
        while len(self.app.screen_stack) > 1 or self.app.query_one(FilterBar).has_class("-open"):
            await self.press("escape")
        await self.press("escape", "home")

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
                    await asyncio.sleep(0.001)


def bound_keys(bindings: Sequence[Any]) -> set[str]:
    """All keys of a list of bindings."""
    return {key for binding in bindings for key in binding.key.split(",")}
