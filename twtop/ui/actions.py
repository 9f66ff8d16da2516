"""What the keys, clicks and messages of the main screen do."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twtop.knowledge.explain import explain
from twtop.ui.bindings import IDLE, typing_keys
from twtop.ui.explanation.screen import ExplainScreen
from twtop.ui.explanation.trail import Trail
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.group_screen import GroupScreen
from twtop.ui.help_screen import HelpScreen
from twtop.ui.help_sections import main_sections
from twtop.ui.keystrokes import Keystrokes
from twtop.ui.panels import switch_side
from twtop.ui.table.copying import ss_of
from twtop.ui.views import open_view

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Sequence

    from textual import events
    from textual.binding import BindingType

    from twtop.core.filter import Expr
    from twtop.core.options import ScreenOptions
    from twtop.core.signs import Signs
    from twtop.core.table.view import Spec
    from twtop.sources.collector import Collector
    from twtop.sources.replay.player import Player
    from twtop.ui.filter_bar import FilterBar
    from twtop.ui.panels import Panels
    from twtop.ui.picture import Picture
    from twtop.ui.privacy.actions import Privacy
    from twtop.ui.strip import StateStrip
    from twtop.ui.table.heading import Heading
    from twtop.ui.table.table import GroupTable


class Actions(Keystrokes, inherit_bindings=False):
    """Base of the application: what the user may do; how it is shown is the application's own."""

    signs: Signs
    privacy: Privacy
    _panels: Panels
    _options: ScreenOptions
    """What the user chose before it began."""
    _keys: Sequence[BindingType]
    """The bindings of the main screen, with the user's own keys."""
    _idle: Collection[str] = IDLE
    """Actions that do nothing now."""
    _spec: Spec
    """What the user chose to see."""
    _shown: Picture | None
    _frozen: bool
    _collector: Collector | None
    """None in a replay."""
    _player: Player | None = None
    """Plays what is shown; None while that is of the present."""
    _stale: asyncio.Event
    """Set when what is shown is to be computed anew."""
    _unexplained: asyncio.Event
    """Set when something else is under the cursor."""

    @abstractmethod
    def _show_heading(self) -> None:
        """Show how the table is grouped and sorted."""

    @abstractmethod
    def _show_status(self) -> None:
        """Show what the header says."""

    @abstractmethod
    async def _explain_cursor(self) -> None:
        """Explain what is under the cursor."""

    @abstractmethod
    def _show_keys(self) -> None:
        """Name the keys that matter now."""

    def chosen(self) -> ScreenOptions:
        """Return the options that would show again what is shown; who lets the user switch one adds it."""
        spec = self._spec
        return replace(
            self._options,
            filter=spec.filter,
            keys=spec.keys,
            sort=spec.sort,
            reverse=not spec.descending,
            columns=spec.columns,
            own_session=not spec.hides_session,
        )

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
        """Sort by another of the chosen columns."""
        names, sort = self._spec.columns, self._spec.sort
        # From a column that is not among them forwards to the first, backwards to the last.
        at = names.index(sort) if sort in names else -1 if step > 0 else 0
        self._choose(replace(self._spec, sort=names[(at + step) % len(names)], descending=True))

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
        """Name the keys of typing, unless it is over already."""
        if self._panels.filter_bar.is_open:
            self._panels.footer.show_keys(typing_keys(self._keys))

    def on_filter_bar_closed(self) -> None:
        """Give the keys back to the table."""
        self._leave_entry()

    def _leave_entry(self) -> None:
        """Give the keys back to the table, unless something else took them since."""
        self._show_keys()
        table = self._panels.table
        if table.screen.focused is None:
            table.screen.set_focus(table)

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
        self.show_view(open_view(name, self.signs))

    def show_view(self, view: FrameScreen[Any], left: Callable[[], None] = lambda: None) -> None:
        """Show a view with the picture of now; call ``left`` when the user left it."""
        self.push_screen(view, lambda _: left())
        self._show_status()
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

    def _in_namespace(self, command: str) -> str | None:
        """Return a command that looks where the sockets under the cursor are; None where there is none."""
        return command

    def action_copy_ss(self) -> None:
        """Copy the ss command that lists what is under the cursor."""
        table = self._panels.table
        command = ss_of(self._spec.filter, table.lines, table.current)
        command = command and self._in_namespace(command)
        if command is None:
            self.notify("ss has no equivalent of this filter.", severity="warning", timeout=4)
            return
        self.copy_to_clipboard(command)
        now = "" if self._player is None else "  It lists what is there now."
        self.notify(f"Copied: {command}{now}", timeout=4, markup=False)

    def action_help(self) -> None:
        """List every key."""
        self.push_screen(HelpScreen(main_sections(self._keys)))
