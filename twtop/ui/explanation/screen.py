"""The explanation pane over the whole screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from twtop.ui.bindings import described
from twtop.ui.explanation.pane import READING_KEYS, ExplainPane
from twtop.ui.footer import Footer
from twtop.ui.help_screen import HelpScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from twtop.core.signs import Signs
    from twtop.knowledge.explanation import Explanation
    from twtop.knowledge.facts import HostFacts
    from twtop.ui.explanation.trail import Trail

_KEYS: Final = (*READING_KEYS, ("q", "close"), ("?", "help"), ("esc", "back"))


class ExplainScreen(ModalScreen[None]):
    """What a pane shows, with more room: ``push_screen(ExplainScreen(pane.signs, pane.trail))``.

    The application calls `explain` at every refresh, as it does for the pane. The keys are those of
    `ExplainPane`; esc goes back to where a link was opened, and from the start closes; q and e close.
    """

    DEFAULT_CSS = """
    ExplainScreen { layout: vertical; background: ansi_default; color: ansi_default; }
    ExplainScreen ExplainPane { height: 1fr; padding: 0 1; }
    ExplainScreen Footer { height: 1; overflow: hidden; scrollbar-size: 0 0; padding: 0 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "help", tooltip="List the keys of the text"),
        Binding("escape,q,e", "dismiss", "close", tooltip="Close"),
    ]

    def __init__(self, signs: Signs, trail: Trail) -> None:
        super().__init__()
        self._pane = ExplainPane(signs, trail.copy())

    def compose(self) -> ComposeResult:
        """Show the pane above its keys."""
        yield self._pane
        yield Footer(_KEYS)

    def on_mount(self) -> None:
        """Let the keys reach the pane."""
        self._pane.focus()

    def action_help(self) -> None:
        """List the keys."""
        self.app.push_screen(
            HelpScreen([("Explanation", described([*ExplainPane.BINDINGS, *ExplainScreen.BINDINGS]))])
        )

    def explain(self, explanation: Explanation, host: HostFacts) -> None:
        """Show new numbers; another topic is not what the reader chose to read, and is left out."""
        start = self._pane.trail.start
        if start is None or start.topic == explanation.topic:
            self._pane.explain(explanation, host)
