"""The Textual application: it holds what the user chose, and brings frames and panels together."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from twtop.core.drain import DrainTrack
from twtop.core.filter import filter_text
from twtop.core.signs import ASCII, UNICODE
from twtop.core.table.view import Spec
from twtop.sources.closer import Closer
from twtop.sources.collector import Collector, Crash, Failure, Result
from twtop.sources.observer import Frame
from twtop.sources.panorama import Looked, Panorama
from twtop.sources.replay.player import Player
from twtop.ui.bindings import KEYS, footer_keys, key_names, past_keys
from twtop.ui.closing.actions import ClosingActions
from twtop.ui.comparison.actions import ComparisonActions
from twtop.ui.comparison.marks import Marks
from twtop.ui.details.actions import DetailsActions
from twtop.ui.explanation.cursor import explain_cursor
from twtop.ui.explanation.screen import ExplainScreen
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.header import status_of
from twtop.ui.keymap import rebound, textual_keymap
from twtop.ui.names.actions import NamesActions
from twtop.ui.namespaces.actions import NamespaceActions
from twtop.ui.own_cost import OwnCost
from twtop.ui.own_session import OwnSessionActions
from twtop.ui.owners.actions import OwnerActions
from twtop.ui.panels import Panels, arrange
from twtop.ui.picture import Picture, picture
from twtop.ui.privacy.actions import Privacy, PrivacyActions
from twtop.ui.saving import SavingActions
from twtop.ui.terminal.capabilities import capabilities
from twtop.ui.terminal.driver import TerminalDriver
from twtop.ui.terminal.run import run_app
from twtop.ui.themes import ThemeActions
from twtop.ui.timeline.actions import TimelineActions
from twtop.ui.timeline.saving import IncidentActions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.app import ComposeResult

    from twtop.core.options import ScreenOptions

_TICK_S = 1.0


def run(options: ScreenOptions, source: Collector | Player) -> int:
    """Show what is collected, or played, until the user leaves; return the exit status."""
    return run_app(TwtopApp(options, source))


class TwtopApp(
    TimelineActions,
    ClosingActions,
    ComparisonActions,
    DetailsActions,
    IncidentActions,
    NamesActions,
    NamespaceActions,
    OwnerActions,
    OwnSessionActions,
    PrivacyActions,
    SavingActions,
    ThemeActions,
    inherit_bindings=False,
):
    """The screen of twtop."""

    CSS_PATH = "twtop.tcss"
    TITLE = "twtop"

    BINDINGS: ClassVar[list[BindingType]] = KEYS

    @dataclass
    class Collected(Message):
        """The collector has something new; a newer one takes its place."""

        def can_replace(self, message: Message) -> bool:
            """Let one message stand for all that wait."""
            return isinstance(message, TwtopApp.Collected)

    def __init__(self, options: ScreenOptions, source: Collector | Player) -> None:
        # Asked first: Textual takes NO_COLOR out of the environment.
        can = capabilities(os.environ)
        self.signs = UNICODE if can.unicode else ASCII
        self.privacy = Privacy(is_on=options.privacy)
        self.marks = Marks()
        super().__init__(driver_class=TerminalDriver, ansi_color=True)
        self.theme = options.theme
        self._options = options
        self._keys = rebound(options.keymap)
        self._spec = Spec(
            options.filter,
            options.keys,
            options.sort,
            not options.reverse,
            options.columns,
            hides_session=not options.own_session,
        )
        self._result: Result | None = None
        self._newest: Looked | None = None
        self._shown: Picture | None = None
        self._problem: str | None = None
        self._frozen = False
        self._own_cost = OwnCost()
        self._panels = Panels(self.signs)
        self._panels.table.services = options.services
        self._track = DrainTrack()
        self._stale = asyncio.Event()
        self._unexplained = asyncio.Event()
        self._source = source
        self._collector = None if isinstance(source, Player) else source
        self._closer = Closer() if options.allow_close else None

    def get_default_screen(self) -> Screen[object]:
        """Have the arrangement from the start: a class that is added changes the look of all panels anew."""
        return Screen(id="_default", classes="-no-drain")

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield from self._panels.compose()

    def on_mount(self) -> None:
        """Start to collect."""
        self._panels.filter_bar.text = self._filter_text()
        self._show_keys()
        self._panels.table.focus()
        self.set_keymap(textual_keymap(self._keys))
        self._show_status()
        self.run_worker(self._paint(), name="paint")
        self.run_worker(self._explain(), name="explain")
        self.set_interval(_TICK_S, self._tick)
        if isinstance(self._source, Player):
            self._play(self._source)
        else:
            self._source.listen(self._deliver)
            self._source.start()

    def on_unmount(self) -> None:
        """Stop to collect, and to play."""
        self._source.stop()
        if self._player is not None:
            self._player.stop()

    def on_resize(self, event: events.Resize) -> None:
        """Choose the arrangement for the size."""
        arrange(self.screen_stack[0], event.size)
        # The screen itself learns of its size after the application.
        self.call_after_refresh(self._panels.findings.fit)
        self.call_after_refresh(self._panels.timeline.fit)

    # What comes in

    def _deliver(self, result: Result) -> None:
        """Take a result from the collector's thread."""
        self._result = result
        self.post_message(self.Collected())

    def on_twtop_app_collected(self) -> None:
        """Show the newest result, unless the screen is frozen, or in the past."""
        match self._result:
            case Crash(error):
                raise error
            case Failure(reason):
                if self._player is None:
                    self._problem = reason
                    self._show_status()
            case Frame() | Panorama() as looked:
                self._newest = looked
                self._find_out_about_closing()
                if self._player is None:
                    self._problem = None
                    if not self._frozen:
                        self._stale.set()

    async def _paint(self) -> None:
        """Compute a picture whenever something changed, one at a time, off the screen's path."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            looked, past = self._wanted
            if looked is None:
                continue
            shown = await asyncio.to_thread(
                picture, looked, self._spec, self._panels.focus, self._track, self._alone, past=past
            )
            if self._is_unwanted(shown):
                # What is on the screen stays, with whatever else was chosen, or the other time is on its way.
                self._stale.set()
            else:
                self._show(shown)
                if isinstance(self.screen, FrameScreen):
                    await self.screen.follow(shown)

    @property
    def _wanted(self) -> tuple[Looked | None, bool]:
        """What is to be shown, if it is there yet, and whether that is the past."""
        if self._player is not None:
            return self._past, True
        return (self._shown.looked if self._frozen and self._shown else self._newest), False

    def _is_unwanted(self, shown: Picture) -> bool:
        """Tell whether the screen was frozen, or went to another time, while a picture was computed."""
        if shown.past is (self._player is None):
            return True
        return self._frozen and self._shown is not None and shown.looked is not self._shown.looked

    async def _explain(self) -> None:
        """Explain what is under the cursor whenever that changed."""
        while True:
            await self._unexplained.wait()
            self._unexplained.clear()
            await self._explain_cursor()

    async def _explain_cursor(self) -> None:
        """Explain what is under the cursor, beside the screen's thread."""
        table = self._panels.table
        if table.lines is None or self._shown is None:
            return
        host = self._shown.frame.facts
        explanation = await asyncio.to_thread(explain_cursor, table.lines, table.current, table.heading, host)
        if explanation is None:
            self._panels.why.clear()
        else:
            self._panels.why.explain(explanation, host)
            # While this was computed the user may have left. One opened from a view is not about the cursor.
            if self.is_running and isinstance(self.screen, ExplainScreen) and len(self.screen_stack) == 2:
                self.screen.explain(explanation, host)

    def _show(self, shown: Picture) -> None:
        self._shown = shown
        self._panels.show(shown, frozen=self._frozen)
        self._show_heading()
        self._show_status()

    def _tick(self) -> None:
        """Let timers run down between snapshots that are further apart than a second."""
        if not self._frozen and self._shown and self._shown.frame.interval_s > 1.5 * _TICK_S:
            self._panels.table.update_lines()
        if self._player is not None:
            self._show_time(waits=True)
            self._show_status()

    # What is shown

    def _show_keys(self) -> None:
        if self._panels.filter_bar.is_open or self._panels.time_entry.is_open:
            # All keys are text.
            return
        keys = footer_keys(self._keys, self._idle)
        if self._player is not None:
            filtered = bool(self._filter_text())
            keys = past_keys(self._keys, replays=self._collector is None, filtered=filtered)
        self._panels.footer.show_keys(keys)

    def _show_heading(self) -> None:
        self._panels.heading.show(self._spec, self._panels.table.heading)

    def _show_status(self) -> None:
        if isinstance(self.screen, FrameScreen):
            self.screen.show_frozen(frozen=self._frozen)
            self.screen.show_masked(masked=self.privacy.is_on)
        self._panels.header.show(
            status_of(
                self._shown,
                problem=self._problem,
                frozen=self._frozen,
                privacy=self.privacy,
                dns=self.dns_text,
                filter_text=self._filter_text(),
                asked_s=self._options.interval_s,
                own_cost=self._own_cost,
                travel=self.travel,
                kept=self._kept_text(),
            )
        )

    def _filter_text(self) -> str:
        return filter_text(self._spec.filter)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action of the bindings in the command palette."""
        for binding in self._keys:
            if isinstance(binding, Binding) and binding.action != "command_palette":
                run = partial(self.run_action, binding.action)
                yield SystemCommand(binding.tooltip, f"key {' '.join(key_names(binding))}", run)
        yield SystemCommand("Choose other colours", "theme", self.action_change_theme)
