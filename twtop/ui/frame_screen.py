"""A view over the whole screen that follows the frames."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen

from twtop.ui.bindings import described, key_names
from twtop.ui.footer import Footer
from twtop.ui.help_screen import HelpScreen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult
    from textual.widget import Widget

    from twtop.core.filter import Expr
    from twtop.core.signs import Signs
    from twtop.knowledge.topics import Topic
    from twtop.ui.help_screen import Section
    from twtop.ui.picture import Picture

Prepared = TypeVar("Prepared")


_FREEZE: Final = Binding(
    "space", "app.freeze", "freeze", tooltip="Freeze what is shown; in the past, play or pause"
)
_SHARED: Final = (
    _FREEZE,
    Binding("question_mark", "help", "help", tooltip="List the keys of the view"),
    Binding("escape,q", "dismiss", "back", tooltip="Back to the table"),
)
_NOT_IN_FOOTER: Final = (
    Binding("f1", "help", tooltip="List the keys of the view"),
    Binding("P", "app.privacy", tooltip="Mask addresses, or show them again"),
    Binding("comma", "app.step(-1)", tooltip="Go one look back in time"),
    Binding("full_stop", "app.step(1)", tooltip="Go one look on; after the last one, back to live"),
    Binding("left_curly_bracket", "app.seek_finding(-1)", tooltip="Go back to where something was found"),
    Binding("right_curly_bracket", "app.seek_finding(1)", tooltip="Go on to where something was found"),
    Binding("plus", "app.speed(1)", tooltip="Play the past faster"),
    Binding("minus", "app.speed(-1)", tooltip="Play the past slower"),
    Binding("A", "app.mark('A')", tooltip="Mark the moment that is shown as A"),
    Binding("B", "app.mark('B')", tooltip="Mark the moment that is shown as B"),
    Binding("D", "app.compare", tooltip="Show what happened between the marks instead"),
    Binding("w", "app.save_incident", tooltip="Save the last 10 minutes to a file"),
    Binding("f", "app.view('findings')", tooltip="Show the findings instead"),
    Binding("b", "app.view('budgets')", tooltip="Show the budgets instead"),
    Binding("v", "app.view('diagram')", tooltip="Show the state diagram instead"),
    Binding("m", "app.view('counters')", tooltip="Show the counters instead"),
)


class FrameScreen(ModalScreen[None], Generic[Prepared]):
    """Base of the views: ``content`` lays out, ``prepare`` computes from a picture, ``present`` shows that.

    The application calls `follow` for every new picture while the view is on top. ``prepare`` runs beside the
    screen's thread, and ``present`` in it, never before the view is laid out. A view asks the application to
    filter the table, or to explain something, by the messages below.
    """

    DEFAULT_CSS = """
    FrameScreen { layout: vertical; background: ansi_default; color: ansi_default; }
    FrameScreen Footer { dock: bottom; height: 1; overflow: hidden; scrollbar-size: 0 0; padding: 0 1; }
    """

    AUTO_FOCUS = ""
    """A view's own keys come first."""

    BINDINGS: ClassVar[list[BindingType]] = [*_SHARED, *_NOT_IN_FOOTER]

    HEADING: ClassVar[str]
    """What help calls the view."""

    IS_OF_ALL: ClassVar[bool] = False
    """Whether it tells of all network namespaces that the table shows, not of the one under the cursor."""

    @dataclass
    class FilterChosen(Message):
        """The table is to show these sockets alone."""

        filter: Expr

    @dataclass
    class TopicChosen(Message):
        """Something is to be explained."""

        topic: Topic

    def __init__(self, signs: Signs) -> None:
        super().__init__()
        self.signs = signs
        self._footer = Footer()
        self._frozen = False
        self._masked = False
        self._namespace = ""
        self._time = ""

    def compose(self) -> ComposeResult:
        """Show the content above the keys."""
        yield from self.content()
        yield self._footer

    def on_mount(self) -> None:
        """Name the keys."""
        self._show_keys()

    def on_descendant_focus(self) -> None:
        """Name the keys of what has the focus now."""
        self._show_keys()

    def on_descendant_blur(self) -> None:
        """Name the keys of the view again."""
        self._show_keys()

    def _show_keys(self) -> None:
        self._footer.show_keys(self.footer_keys())

    def footer_keys(self) -> list[tuple[str, str]]:
        """Return (key, name) of what the footer shows now, help and the way out last."""
        shown = [item for item in type(self).BINDINGS if isinstance(item, Binding) and item.show]
        names = {item: item.description for item in (*shown, *_SHARED)}
        if self._time:
            names[_FREEZE] = "play"
        return [("/".join(key_names(item)), name) for item, name in names.items()]

    def show_frozen(self, *, frozen: bool) -> None:
        """Say whether what is shown stands still."""
        self._frozen = frozen
        self._show_note()

    def show_masked(self, *, masked: bool) -> None:
        """Say whether addresses are masked."""
        self._masked = masked
        self._show_note()

    def show_time(self, time: str) -> None:
        """Say where in the past what is shown is; nothing of the present."""
        if time != self._time:
            self._time = time
            self._show_note()
            self._show_keys()

    def _show_note(self) -> None:
        states = (self._time, "FROZEN" if self._frozen else "", "MASKED" if self._masked else "")
        notes = (*states, f"ns {self._namespace}" if self._namespace else "")
        self._footer.show_note("  ".join(filter(None, notes)))

    def help_sections(self) -> list[Section]:
        """Return the keys of the view, those of its own first."""
        return [
            (self.HEADING, described(type(self).BINDINGS)),
            ("In every view", described(FrameScreen.BINDINGS)),
        ]

    def action_help(self) -> None:
        """List the keys of the view."""
        self.app.push_screen(HelpScreen(self.help_sections()))

    @abstractmethod
    def content(self) -> Iterable[Widget]:
        """Return the widgets of the view, from top to bottom."""

    @abstractmethod
    def prepare(self, picture: Picture) -> Prepared:
        """Compute what is shown of a picture; pure, called beside the screen's thread."""

    @abstractmethod
    def present(self, prepared: Prepared) -> None:
        """Show what was computed."""

    async def follow(self, picture: Picture) -> None:
        """Show a picture; the user may leave meanwhile."""
        prepared = await asyncio.to_thread(self.prepare, picture)
        if self.is_attached:
            self._namespace = "" if self.IS_OF_ALL else picture.namespace
            self._show_note()
            self.present(prepared)
