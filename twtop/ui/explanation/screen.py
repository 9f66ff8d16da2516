"""The explanation pane over the whole screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from twtop.ui import styles
from twtop.ui.explanation.pane import ExplainPane
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from twtop.core.signs import Signs
    from twtop.knowledge.explanation import Explanation
    from twtop.knowledge.facts import HostFacts
    from twtop.ui.explanation.trail import Trail

_KEYS = "up/down: links and lines   pgup/pgdn   enter: open   esc: back   q: close"


class _KeyLine(LineView):
    """The keys, in one line at the bottom."""

    DEFAULT_CSS = """
    _KeyLine { height: 1; overflow: hidden; }
    """

    def line(self, number: int, width: int) -> list[Part]:
        """Name the keys."""
        return [(_KEYS if number == 0 else "", styles.DIM)]


class ExplainScreen(ModalScreen[None]):
    """What a pane shows, with more room: ``push_screen(ExplainScreen(pane.signs, pane.trail))``.

    The application calls `explain` at every refresh, as it does for the pane. The keys are those of
    `ExplainPane`; esc goes back to where a link was opened, and from the start closes; q and e close.
    """

    DEFAULT_CSS = """
    ExplainScreen { layout: vertical; background: ansi_default; color: ansi_default; }
    ExplainScreen ExplainPane { height: 1fr; padding: 0 1; }
    ExplainScreen _KeyLine { padding: 0 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,e", "dismiss", "close", tooltip="Close")]

    def __init__(self, signs: Signs, trail: Trail) -> None:
        super().__init__()
        self._pane = ExplainPane(signs, trail.copy())

    def compose(self) -> ComposeResult:
        """Show the pane above its keys."""
        yield self._pane
        yield _KeyLine()

    def on_mount(self) -> None:
        """Let the keys reach the pane."""
        self._pane.focus()

    def explain(self, explanation: Explanation, host: HostFacts) -> None:
        """Show new numbers; another topic is not what the reader chose to read, and is left out."""
        start = self._pane.trail.start
        if start is None or start.topic == explanation.topic:
            self._pane.explain(explanation, host)
