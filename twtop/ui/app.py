"""The Textual application: it holds what the user chose, and brings frames and panels together."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message

from twtop.core.filter import And, Everything, ss_command
from twtop.core.signs import ASCII, UNICODE
from twtop.core.table.fields import FIELDS
from twtop.core.table.view import Spec
from twtop.sources.collector import Collector, Crash, Failure, Frame, Result
from twtop.ui.bindings import KEYS, TERMINAL_KEYS, described, footer_keys, key_names
from twtop.ui.explanation.cursor import explain_cursor, host_facts
from twtop.ui.explanation.pane import ExplainPane
from twtop.ui.explanation.screen import ExplainScreen
from twtop.ui.filter_bar import FilterBar
from twtop.ui.footer import Footer
from twtop.ui.group_screen import GroupScreen
from twtop.ui.header import Header, Status
from twtop.ui.help_screen import HelpScreen
from twtop.ui.own_cost import OwnCost
from twtop.ui.picture import Picture, picture
from twtop.ui.ports.panel import PortPlot
from twtop.ui.strip import StateStrip, lines_needed
from twtop.ui.table.copying import line_filter
from twtop.ui.table.heading import Heading
from twtop.ui.table.row_text import destination_at
from twtop.ui.table.table import GroupTable
from twtop.ui.terminal.capabilities import capabilities
from twtop.ui.terminal.driver import TerminalDriver
from twtop.ui.terminal.run import run_app

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.app import ComposeResult
    from textual.screen import Screen

    from twtop.core.filter import Expr
    from twtop.core.options import ScreenOptions
    from twtop.core.ports.usage import Destination

_WIDE = 150
_OTHER_LINES = 3
"""Header, titles and footer."""
_FEWEST_LINES = 4
_TICK_S = 1.0
SIDES = ("ports", "why")


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
        self._header = Header(self.signs, id="header")
        self._strip = StateStrip(id="strip")
        self._heading = Heading(self.signs, id="heading")
        self._table = GroupTable(self.signs, id="table")
        self._ports = PortPlot(self.signs, id="ports")
        self._why = ExplainPane(self.signs, id="why")
        self._filter_bar = FilterBar(id="filter")
        self._stale = asyncio.Event()
        self._unexplained = asyncio.Event()
        self._collector = collector

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield self._header
        yield self._strip
        with Container(id="body"):
            with Container(id="table-side"):
                yield self._heading
                yield self._table
            with Container(id="side"):
                yield self._ports
                yield self._why
        yield self._filter_bar
        yield Footer(footer_keys(), id="footer")

    def on_mount(self) -> None:
        """Start to collect."""
        self._filter_bar.text = self._filter_text()
        self._table.focus()
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
        base = self.screen_stack[0]
        base.set_class(event.size.width >= _WIDE, "-wide")
        left_for_table = event.size.height - lines_needed(event.size.width) - _OTHER_LINES
        base.set_class(left_for_table < _FEWEST_LINES, "-tiny")

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
            shown = await asyncio.to_thread(picture, frame, self._spec, self._destination())
            if self._frozen and self._shown and frame is not self._shown.frame:
                # Frozen meanwhile: what is on the screen stays, with whatever else was chosen.
                self._stale.set()
            else:
                self._show(shown)

    async def _explain(self) -> None:
        """Explain what is under the cursor whenever that changed."""
        while True:
            await self._unexplained.wait()
            self._unexplained.clear()
            await self._explain_cursor()

    async def _explain_cursor(self) -> None:
        """Explain what is under the cursor, beside the screen's thread."""
        table = self._table
        if table.lines is None or self._shown is None:
            return
        host = host_facts(self._shown.frame)
        explanation = await asyncio.to_thread(explain_cursor, table.lines, table.current, table.heading, host)
        if explanation is not None:
            self._why.explain(explanation, host)
            # While this was computed the user may have left.
            if self.is_running and isinstance(self.screen, ExplainScreen):
                self.screen.explain(explanation, host)

    def _show(self, shown: Picture) -> None:
        self._shown = shown
        self._table.show(shown.view, shown.frame)
        unlisted = shown.view.moment.snapshot.unlisted is not None
        self._strip.show(shown.view.state_matches, shown.view.state_deltas, unlisted=unlisted)
        self._ports.show(shown.plots, frozen=self._frozen)
        self._show_heading()
        self._show_status()

    def _tick(self) -> None:
        """Let timers run down between snapshots that are further apart than a second."""
        if not self._frozen and self._shown and self._shown.frame.interval_s > 1.5 * _TICK_S:
            self._table.update_lines()

    # What is shown

    def _show_heading(self) -> None:
        self._heading.show(self._spec, self._table.heading)

    def _show_status(self) -> None:
        frame = self._shown.frame if self._shown else None
        status = Status(problems=(self._problem,) if self._problem else (), frozen=self._frozen)
        if frame is not None and self._shown is not None:
            snapshot = frame.moment.snapshot
            status = replace(
                status,
                host=frame.host.hostname,
                kernel=frame.host.kernel,
                namespace=frame.host.namespace_label,
                interval_s=frame.interval_s,
                stretched=frame.interval_s > self._options.interval_s * 1.05,
                wall_s=snapshot.wall_s,
                filter=self._filter_text() or None,
                matching=self._shown.view.matching,
                total=len(snapshot.sockets),
                own_cost=self._own_cost.text(),
                problems=(*status.problems, *snapshot.degraded),
            )
        self._header.show(status)

    def _filter_text(self) -> str:
        return "" if isinstance(self._spec.filter, Everything) else str(self._spec.filter)

    def _destination(self) -> Destination | None:
        """Return the destination under the cursor."""
        table = self._table
        lines, line = table.lines, table.current
        return destination_at(lines, line) if lines is not None and line is not None else None

    # What the user does

    def _choose(self, spec: Spec) -> None:
        self._spec = spec
        self._show_heading()
        self._show_status()
        self._stale.set()

    def on_group_table_cursor_moved(self) -> None:
        """Follow the cursor with plot and explanation."""
        self._show_heading()
        self._unexplained.set()
        if self._shown and self._destination() != self._shown.destination:
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
        self._table.go_to_state(event.state)

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
        self._filter_bar.open()

    def action_clear_filter(self) -> None:
        """Let every socket through."""
        self._filter_bar.clear_filter()

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        """Apply the filter."""
        self._set_filter(event.filter)

    def _set_filter(self, expression: Expr) -> None:
        if expression != self._spec.filter:
            self._choose(replace(self._spec, filter=expression))

    def on_filter_bar_closed(self) -> None:
        """Give the keys back to the table."""
        self._table.focus()

    def action_group(self) -> None:
        """Choose grouping keys."""

        def chosen(keys: tuple[str, ...] | None) -> None:
            if keys:
                self._choose(replace(self._spec, keys=keys))

        self.push_screen(GroupScreen(self._spec.keys, self.signs), chosen)

    def action_freeze(self) -> None:
        """Hold the screen still, or let it go on."""
        self._frozen = not self._frozen
        self._table.freeze(frozen=self._frozen)
        self._show_status()
        if not self._frozen:
            self._stale.set()

    def action_side(self, name: str) -> None:
        """Show one of the lower panels, or hide it; where there is room for both, each by itself."""
        screen = self.screen
        if screen.has_class("-wide"):
            screen.toggle_class(f"-no-{name}")
            return
        for side in SIDES:
            screen.set_class(side == name and not screen.has_class(f"-{name}"), f"-{side}")

    async def action_explain(self) -> None:
        """Show the explanation on the whole screen; of what is under the cursor now, not a moment ago."""
        pane = self._why
        if not pane.trail.steps:
            await self._explain_cursor()
        self.push_screen(ExplainScreen(pane.signs, pane.trail))

    def action_page_why(self, step: int) -> None:
        """Page the explanation."""
        self._why.page(step)

    def action_copy_line(self) -> None:
        """Copy the line under the cursor as text."""
        text = self._table.current_text
        if text:
            self.copy_to_clipboard(text)
            self.notify("Copied the line.", timeout=2)

    def action_copy_ss(self) -> None:
        """Copy the ss command that lists what is under the cursor."""
        table = self._table
        expression = self._spec.filter
        if table.lines is not None and table.current is not None:
            own = line_filter(table.lines, table.current)
            expression = own if isinstance(expression, Everything) else And((expression, own))
        command = ss_command(expression)
        if command is None:
            self.notify("ss has no equivalent of this filter.", severity="warning", timeout=4)
            return
        self.copy_to_clipboard(command)
        self.notify(f"Copied: {command}", timeout=4, markup=False)

    def action_help(self) -> None:
        """List every key."""
        sections = [
            ("Everywhere", [*described(KEYS), *TERMINAL_KEYS]),
            ("Table", described(GroupTable.BINDINGS)),
            ("Explanation", described(ExplainPane.BINDINGS)),
            ("Filter", described(FilterBar.BINDINGS)),
        ]
        self.push_screen(HelpScreen(sections))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action of the bindings in the command palette."""
        for binding in KEYS:
            if isinstance(binding, Binding) and binding.action != "command_palette":
                run = partial(self.run_action, binding.action)
                yield SystemCommand(binding.tooltip, f"key {' '.join(key_names(binding))}", run)
