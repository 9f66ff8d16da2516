"""The Textual application: it holds what the user chose, and brings frames and panels together."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.message import Message

from twtop.core.drain import DrainTrack
from twtop.core.filter import Everything
from twtop.core.signs import ASCII, UNICODE
from twtop.core.table.fields import FIELDS
from twtop.core.table.view import Spec
from twtop.knowledge.explain import explain
from twtop.sources.collector import Collector, Crash, Failure, Result
from twtop.sources.observer import Frame
from twtop.ui.bindings import KEYS, footer_keys, key_names
from twtop.ui.explanation.cursor import explain_cursor
from twtop.ui.explanation.screen import ExplainScreen
from twtop.ui.explanation.trail import Trail
from twtop.ui.filter_bar import TYPING_KEYS, FilterBar
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.group_screen import GroupScreen
from twtop.ui.header import status_of
from twtop.ui.help_screen import HelpScreen
from twtop.ui.help_sections import main_sections
from twtop.ui.own_cost import OwnCost
from twtop.ui.panels import Panels, arrange, switch_side
from twtop.ui.picture import Picture, picture
from twtop.ui.table.copying import ss_of
from twtop.ui.terminal.capabilities import capabilities
from twtop.ui.terminal.driver import TerminalDriver
from twtop.ui.terminal.run import run_app
from twtop.ui.views import open_view

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.app import ComposeResult
    from textual.screen import Screen

    from twtop.core.filter import Expr
    from twtop.core.options import ScreenOptions
    from twtop.ui.strip import StateStrip
    from twtop.ui.table.heading import Heading
    from twtop.ui.table.table import GroupTable

_TICK_S = 1.0


def run(options: ScreenOptions, collector: Collector) -> int:
    """Show what a collector collects until the user leaves; return the exit status."""
    return run_app(TwtopApp(options, collector))


class TwtopApp(App[None], inherit_bindings=False):
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

    def __init__(self, options: ScreenOptions, collector: Collector) -> None:
        # Asked first: Textual takes NO_COLOR out of the environment.
        can = capabilities(os.environ)
        self.signs = UNICODE if can.unicode else ASCII
        super().__init__(driver_class=TerminalDriver, ansi_color=True)
        self.theme = "ansi-dark"
        self._options = options
        self._spec = Spec(options.filter, options.keys, options.sort)
        self._result: Result | None = None
        self._newest: Frame | None = None
        self._shown: Picture | None = None
        self._problem: str | None = None
        self._frozen = False
        self._own_cost = OwnCost()
        self._panels = Panels(self.signs)
        self._track = DrainTrack()
        self._stale = asyncio.Event()
        self._unexplained = asyncio.Event()
        self._collector = collector

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield from self._panels.compose()

    def on_mount(self) -> None:
        """Start to collect."""
        self._panels.filter_bar.text = self._filter_text()
        self._panels.table.focus()
        self.screen.add_class("-no-drain")
        self._show_status()
        self.run_worker(self._paint(), name="paint")
        self.run_worker(self._explain(), name="explain")
        self.set_interval(_TICK_S, self._tick)
        self._collector.listen(self._deliver)
        self._collector.start()

    def on_unmount(self) -> None:
        """Stop to collect."""
        self._collector.stop()

    def on_resize(self, event: events.Resize) -> None:
        """Choose the arrangement for the size."""
        arrange(self.screen_stack[0], event.size)
        self._panels.findings.fit()

    # What comes in

    def _deliver(self, result: Result) -> None:
        """Take a result from the collector's thread."""
        self._result = result
        self.post_message(self.Collected())

    def on_twtop_app_collected(self) -> None:
        """Show the newest result, unless the screen is frozen."""
        match self._result:
            case Crash(error):
                raise error
            case Failure(reason):
                self._problem = reason
                self._show_status()
            case Frame() as frame:
                self._problem = None
                self._newest = frame
                if not self._frozen:
                    self._stale.set()

    async def _paint(self) -> None:
        """Compute a picture whenever something changed, one at a time, off the screen's path."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            frame = self._shown.frame if self._frozen and self._shown else self._newest
            if frame is None:
                continue
            shown = await asyncio.to_thread(picture, frame, self._spec, self._panels.focus, self._track)
            if self._frozen and self._shown and frame is not self._shown.frame:
                # Frozen meanwhile: what is on the screen stays, with whatever else was chosen.
                self._stale.set()
            else:
                self._show(shown)
                if isinstance(self.screen, FrameScreen):
                    await self.screen.follow(shown)

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

    # What is shown

    def _show_heading(self) -> None:
        self._panels.heading.show(self._spec, self._panels.table.heading)

    def _show_status(self) -> None:
        if isinstance(self.screen, FrameScreen):
            self.screen.show_frozen(frozen=self._frozen)
        self._panels.header.show(
            status_of(
                self._shown,
                problem=self._problem,
                frozen=self._frozen,
                filter_text=self._filter_text(),
                asked_s=self._options.interval_s,
                own_cost=self._own_cost,
            )
        )

    def _filter_text(self) -> str:
        return "" if isinstance(self._spec.filter, Everything) else str(self._spec.filter)

    # What the user does

    def _choose(self, spec: Spec) -> None:
        self._spec = spec
        self._show_heading()
        self._show_status()
        self._stale.set()

    def on_group_table_cursor_moved(self) -> None:
        """Follow the cursor with plot, drain and explanation."""
        self._show_heading()
        self._unexplained.set()
        if self._shown and self._panels.focus != self._shown.focus:
            self._stale.set()

    def on_group_table_sort_chosen(self, event: GroupTable.SortChosen) -> None:
        """Sort by a column, or reverse."""
        self._sort_by(event.field)

    def on_heading_clicked(self, event: Heading.Clicked) -> None:
        """Sort by a column, or reverse."""
        self._sort_by(event.field)

    def _sort_by(self, field: str) -> None:
        again = field == self._spec.sort
        self._choose(replace(self._spec, sort=field, descending=not self._spec.descending if again else True))

    def on_state_strip_clicked(self, event: StateStrip.Clicked) -> None:
        """Go to the state that was clicked."""
        self._panels.table.go_to_state(event.state)

    def action_sort(self, step: int) -> None:
        """Sort by another column."""
        names = list(FIELDS)
        name = names[(names.index(self._spec.sort) + step) % len(names)]
        self._choose(replace(self._spec, sort=name, descending=True))

    def action_reverse(self) -> None:
        """Reverse the order."""
        self._choose(replace(self._spec, descending=not self._spec.descending))

    def action_filter(self) -> None:
        """Begin to type a filter."""
        self._panels.filter_bar.open()

    def action_clear_filter(self) -> None:
        """Let every socket through."""
        self._panels.filter_bar.clear_filter()

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        """Apply the filter."""
        self._set_filter(event.filter)

    def _set_filter(self, expression: Expr) -> None:
        if expression != self._spec.filter:
            self._choose(replace(self._spec, filter=expression))

    def on_filter_bar_opened(self) -> None:
        """Name the keys of typing."""
        self._panels.footer.show_keys(TYPING_KEYS)

    def on_filter_bar_closed(self, event: FilterBar.Closed) -> None:
        """Give the keys back to the table."""
        self._panels.footer.show_keys(footer_keys())
        if not event.elsewhere:
            self._panels.table.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Stop typing where the mouse led the focus elsewhere."""
        self._panels.filter_bar.leave_for(event.widget)

    def action_group(self) -> None:
        """Choose grouping keys."""

        def chosen(keys: tuple[str, ...] | None) -> None:
            if keys:
                self._choose(replace(self._spec, keys=keys))

        self.push_screen(GroupScreen(self._spec.keys, self.signs), chosen)

    def action_freeze(self) -> None:
        """Hold the screen still, or let it go on."""
        self._frozen = not self._frozen
        self._panels.table.freeze(frozen=self._frozen)
        self._show_status()
        if not self._frozen:
            self._stale.set()

    def action_side(self, name: str) -> None:
        """Show one of the lower panels, or hide it; where there is room for both, each by itself."""
        if self.screen.has_class("-tiny"):
            self.notify("The window is too low for it.", timeout=3)
            return
        switch_side(self.screen, name)
        # What is computed depends on what is seen.
        self.call_after_refresh(self._stale.set)

    def action_view(self, name: str) -> None:
        """Show a view on the whole screen, in place of another one, until the user leaves it."""
        if isinstance(self.screen, FrameScreen):
            self.screen.dismiss()
        view = open_view(name, self.signs)
        self.push_screen(view)
        view.show_frozen(frozen=self._frozen)
        if self._shown is not None:
            view.call_after_refresh(view.follow, self._shown)

    def on_frame_screen_filter_chosen(self, event: FrameScreen.FilterChosen) -> None:
        """Leave the view for the sockets that it is about."""
        self.screen.dismiss()
        self._panels.filter_bar.apply(event.filter)

    def on_frame_screen_topic_chosen(self, event: FrameScreen.TopicChosen) -> None:
        """Explain what a view asks about; esc goes back to the view."""
        if self._shown is not None:
            facts = self._shown.frame.facts
            self.push_screen(ExplainScreen(self.signs, Trail(explain(event.topic, facts), facts)))

    async def action_explain(self) -> None:
        """Show the explanation on the whole screen; of what is under the cursor now, not a moment ago."""
        pane = self._panels.why
        if not pane.trail.steps:
            await self._explain_cursor()
        if pane.trail.start is None:
            self.notify("There is nothing under the cursor.", timeout=3)
            return
        self.push_screen(ExplainScreen(pane.signs, pane.trail))

    def action_page_why(self, step: int) -> None:
        """Page the explanation."""
        self._panels.why.page(step)

    def action_copy_line(self) -> None:
        """Copy the line under the cursor as text."""
        text = self._panels.table.current_text
        if text:
            self.copy_to_clipboard(text)
            self.notify("Copied the line.", timeout=2)

    def action_copy_ss(self) -> None:
        """Copy the ss command that lists what is under the cursor."""
        table = self._panels.table
        command = ss_of(self._spec.filter, table.lines, table.current)
        if command is None:
            self.notify("ss has no equivalent of this filter.", severity="warning", timeout=4)
            return
        self.copy_to_clipboard(command)
        self.notify(f"Copied: {command}", timeout=4, markup=False)

    def action_help(self) -> None:
        """List every key."""
        self.push_screen(HelpScreen(main_sections()))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action of the bindings in the command palette."""
        for binding in KEYS:
            if isinstance(binding, Binding) and binding.action != "command_palette":
                run = partial(self.run_action, binding.action)
                yield SystemCommand(binding.tooltip, f"key {' '.join(key_names(binding))}", run)
