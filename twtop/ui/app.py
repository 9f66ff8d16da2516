"""The Textual application: it holds what the user chose, and brings frames and panels together."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message

from twtop.core.fields import FIELDS
from twtop.core.filter import And, Everything, ss_command
from twtop.core.plot_data import PlotData, summarise
from twtop.core.signs import ASCII, UNICODE
from twtop.core.view import Spec, View, view
from twtop.sources.collector import Collector, Failure, Frame
from twtop.ui.copying import line_filter
from twtop.ui.filter_bar import FilterBar
from twtop.ui.footer import Footer
from twtop.ui.group_screen import GroupScreen
from twtop.ui.header import Header, Status
from twtop.ui.heading import Heading
from twtop.ui.help_screen import HelpScreen, describe
from twtop.ui.own_cost import OwnCost
from twtop.ui.port_plot import PortPlot
from twtop.ui.row_text import destination_at
from twtop.ui.strip import StateStrip
from twtop.ui.table import GroupTable
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
    from twtop.core.ports import Destination

_WIDE = 150
_TINY_HEIGHT = 10
_TICK_S = 1.0


def run(options: ScreenOptions) -> int:
    """Show the screen until the user leaves; return the exit status."""
    return run_app(TwtopApp(options))


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What is computed off the screen's path, for one frame and one choice of the user."""

    frame: Frame
    view: View
    destination: Destination | None
    """What the cursor was on: the plot shows it beside the busiest."""
    plots: PlotData


def picture(frame: Frame, spec: Spec, destination: Destination | None) -> Picture:
    """Compute what the panels show; costs tens of milliseconds at hundreds of thousands of sockets."""
    moment = frame.moment
    plots = summarise(moment.snapshot, frame.ports, frame.history, destination)
    return Picture(frame, view(moment, spec), destination, plots)


class TwtopApp(App[None], inherit_bindings=False):
    """The screen of twtop."""

    CSS_PATH = "twtop.tcss"
    TITLE = "twtop"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", tooltip="Filter by state, port or address, as you type"),
        Binding("escape,x", "clear_filter", "all", tooltip="Clear the filter"),
        Binding("g", "group", "group", tooltip="Choose what to group by, and in which order"),
        Binding("s,greater_than_sign", "sort(1)", "sort", tooltip="Sort by the next column"),
        Binding("S,less_than_sign", "sort(-1)", "sort back", tooltip="Sort by the column before"),
        Binding("r", "reverse", "reverse", tooltip="Reverse the order"),
        Binding("space", "freeze", "freeze", tooltip="Freeze what is shown; collecting goes on"),
        Binding("p", "side('ports')", "ports", tooltip="Show or hide the plot of ephemeral ports"),
        Binding("w", "side('why')", "why", tooltip="Show or hide the explanation"),
        Binding("c", "copy_line", "copy", tooltip="Copy the line under the cursor (OSC 52)"),
        Binding("C", "copy_ss", "copy ss", tooltip="Copy the ss command that lists the same sockets"),
        Binding("tab", "app.focus_next", "next panel", tooltip="Go to the next panel"),
        Binding("question_mark,f1", "help", "help", tooltip="List every key"),
        Binding("ctrl+p", "command_palette", "palette", tooltip="Search all actions"),
        Binding("q", "quit", "quit", tooltip="Quit"),
    ]
    FOOTER_ACTIONS = ("filter", "group", "sort(1)", "freeze", "side('ports')", "side('why')", "help", "quit")

    @dataclass
    class Collected(Message):
        """The collector has something new; a newer one takes its place."""

        def can_replace(self, message: Message) -> bool:
            """Let one message stand for all that wait."""
            return isinstance(message, TwtopApp.Collected)

    def __init__(self, options: ScreenOptions) -> None:
        # Asked first: Textual takes NO_COLOR out of the environment.
        can = capabilities(os.environ)
        self.signs = UNICODE if can.unicode else ASCII
        super().__init__(driver_class=TerminalDriver, ansi_color=True)
        self.theme = "ansi-dark"
        self._options = options
        self._spec = Spec(options.filter, options.keys, options.sort)
        self._result: Frame | Failure | None = None
        self._newest: Frame | None = None
        self._shown: Picture | None = None
        self._problem: str | None = None
        self._frozen = False
        self._own_cost = OwnCost()
        self._stale = asyncio.Event()
        self._collector = Collector(
            self._deliver, interval_s=options.interval_s, cpu_budget=options.cpu_budget / 100
        )

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield Header(self.signs, id="header")
        yield StateStrip(id="strip")
        with Container(id="body"):
            with Container(id="table-side"):
                yield Heading(self.signs, id="heading")
                yield GroupTable(self.signs, id="table")
            with Container(id="side"):
                yield PortPlot(self.signs, id="ports")
        yield FilterBar(id="filter")
        yield Footer(self._footer_keys(), id="footer")

    def on_mount(self) -> None:
        """Start to collect."""
        self.query_one(FilterBar).text = self._filter_text()
        self.query_one(GroupTable).focus()
        self._show_status()
        self.run_worker(self._paint(), name="paint")
        self.set_interval(_TICK_S, self._tick)
        self._collector.start()

    def on_unmount(self) -> None:
        """Stop to collect."""
        self._collector.stop()

    def on_resize(self, event: events.Resize) -> None:
        """Choose the arrangement for the size."""
        base = self.screen_stack[0]
        base.set_class(event.size.width >= _WIDE, "-wide")
        base.set_class(event.size.height < _TINY_HEIGHT, "-tiny")

    # What comes in

    def _deliver(self, result: Frame | Failure) -> None:
        """Take a result from the collector's thread."""
        self._result = result
        self.post_message(self.Collected())

    def on_twtop_app_collected(self) -> None:
        """Show the newest result, unless the screen is frozen."""
        match self._result:
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
            if frame is not None:
                self._show(await asyncio.to_thread(picture, frame, self._spec, self._destination()))

    def _show(self, shown: Picture) -> None:
        self._shown = shown
        self.query_one(GroupTable).show(shown.view, shown.frame)
        self.query_one(StateStrip).show(shown.view.state_matches, shown.view.state_deltas)
        self.query_one(PortPlot).show(shown.plots, frozen=self._frozen)
        self._show_heading()
        self._show_status()

    def _tick(self) -> None:
        """Let timers run down between snapshots that are further apart than a second."""
        if not self._frozen and self._shown and self._shown.frame.interval_s > 1.5 * _TICK_S:
            self.query_one(GroupTable).update_lines()

    # What is shown

    def _show_heading(self) -> None:
        self.query_one(Heading).show(self._spec, self.query_one(GroupTable).heading)

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
        self.query_one(Header).show(status)

    def _filter_text(self) -> str:
        return "" if isinstance(self._spec.filter, Everything) else str(self._spec.filter)

    def _footer_keys(self) -> list[tuple[str, str]]:
        by_action = {
            binding.action: (keys, binding.description)
            for binding in self.BINDINGS
            if isinstance(binding, Binding)
            for keys, _ in describe([binding])
        }
        return [(keys.split()[0], name) for keys, name in map(by_action.__getitem__, self.FOOTER_ACTIONS)]

    def _destination(self) -> Destination | None:
        """Return the destination under the cursor."""
        table = self.query_one(GroupTable)
        lines, line = table.lines, table.current
        return destination_at(lines, line) if lines is not None and line is not None else None

    # What the user does

    def _choose(self, spec: Spec) -> None:
        self._spec = spec
        self._show_heading()
        self._show_status()
        self._stale.set()

    def on_group_table_cursor_moved(self) -> None:
        """Follow the cursor with the plot."""
        self._show_heading()
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
        self.query_one(GroupTable).go_to_state(event.state)

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
        self.query_one(FilterBar).open()

    def action_clear_filter(self) -> None:
        """Let every socket through."""
        self.query_one(FilterBar).clear_filter()

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        """Apply the filter."""
        self._set_filter(event.filter)

    def _set_filter(self, expression: Expr) -> None:
        if expression != self._spec.filter:
            self._choose(replace(self._spec, filter=expression))

    def on_filter_bar_closed(self) -> None:
        """Give the keys back to the table."""
        self.query_one(GroupTable).focus()

    def action_group(self) -> None:
        """Choose grouping keys."""

        def chosen(keys: tuple[str, ...] | None) -> None:
            if keys:
                self._choose(replace(self._spec, keys=keys))

        self.push_screen(GroupScreen(self._spec.keys, self.signs), chosen)

    def action_freeze(self) -> None:
        """Hold the screen still, or let it go on."""
        self._frozen = not self._frozen
        self.query_one(GroupTable).ticking = not self._frozen
        self._show_status()
        if not self._frozen:
            self._stale.set()

    def action_side(self, name: str) -> None:
        """Show one of the lower panels, or hide it."""
        screen = self.screen
        shown = screen.has_class(f"-{name}")
        screen.set_class(not shown, f"-{name}")
        for other in {"ports", "why"} - {name}:
            screen.remove_class(f"-{other}")

    def action_copy_line(self) -> None:
        """Copy the line under the cursor as text."""
        text = self.query_one(GroupTable).current_text
        if text:
            self.copy_to_clipboard(text)
            self.notify("Copied the line.", timeout=2)

    def action_copy_ss(self) -> None:
        """Copy the ss command that lists what is under the cursor."""
        table = self.query_one(GroupTable)
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
        sections = [("Everywhere", describe(self.BINDINGS)), ("Table", describe(GroupTable.BINDINGS))]
        self.push_screen(HelpScreen(sections))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action of the bindings in the command palette."""
        for binding in self.BINDINGS:
            if isinstance(binding, Binding) and binding.action != "command_palette":
                keys = describe([binding])[0][0]
                action = binding.action
                yield SystemCommand(
                    f"{binding.tooltip}", f"key {keys}", lambda action=action: self.run_action(action)
                )
