"""All findings, and what is to be said about the one under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import Binding, BindingType

from twtop.diagnosis.explanation import explain_finding
from twtop.diagnosis.finding import Finding
from twtop.ui import styles
from twtop.ui.bindings import described
from twtop.ui.cursor_list import CursorList
from twtop.ui.explanation.pane import READING_KEYS, ExplainPane
from twtop.ui.findings.lines import finding_line
from twtop.ui.frame_screen import FrameScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.widget import Widget

    from twtop.core.signs import Signs
    from twtop.knowledge.facts import HostFacts
    from twtop.ui.help_screen import Section
    from twtop.ui.line_view import Part
    from twtop.ui.picture import Picture


class Found(NamedTuple):
    """What the view shows."""

    findings: tuple[Finding, ...]
    facts_about: Callable[[Finding], HostFacts]
    """The host, as the network namespace of a finding has it."""


class FindingsList(CursorList[Finding]):
    """One line per finding."""

    def __init__(self, signs: Signs) -> None:
        super().__init__(id="findings-list")
        self._signs = signs

    def identity(self, item: Finding) -> tuple[str, str, str]:
        """Return what stays the same while numbers change."""
        return item.identity

    def title_line(self, number: int, width: int) -> list[Part]:
        """Count what is not over."""
        return [(f"Findings: {sum(item.over_s is None for item in self.items)}", styles.TITLE)]

    def item_line(self, item: Finding, width: int) -> list[Part]:
        """Write a finding."""
        return finding_line(item, width, self._signs)

    def nothing_line(self) -> list[Part]:
        """Say that all is well."""
        return [("Nothing is wrong that twtop knows of.", styles.GOOD)]


class FindingsScreen(FrameScreen[Found]):
    """The list above, the finding under the cursor below."""

    DEFAULT_CSS = """
    FindingsScreen #findings-list { max-height: 40%; padding: 0 1; scrollbar-size: 0 0; }
    FindingsScreen ExplainPane { height: 1fr; padding: 0 1; border-top: solid ansi_bright_black; }
    """

    HEADING = "Findings"
    IS_OF_ALL = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", tooltip="Select the finding before", show=False),
        Binding("down,j", "move(1)", "down", tooltip="Select the next finding", show=False),
        Binding("enter", "filter", "sockets", tooltip="Show the sockets of the finding in the table"),
        Binding("tab", "read", "links", tooltip="Go to the links of the text, and back"),
        Binding("shift+tab", "read", "links", tooltip="Go to the links of the text, and back", show=False),
        Binding("pagedown", "page(1)", "more", tooltip="Page the text on"),
        Binding("right_square_bracket", "page(1)", "more", tooltip="Page the text on", show=False),
        Binding("pageup,left_square_bracket", "page(-1)", "back", tooltip="Page the text back", show=False),
        Binding("c", "copy", "copy", tooltip="Copy a command of a remedy; again for the next"),
        Binding("f", "dismiss", "back", tooltip="Back to the table", show=False),
    ]

    def __init__(self, signs: Signs) -> None:
        super().__init__(signs)
        self._list = FindingsList(signs)
        self._pane = ExplainPane(signs)
        self._found: Found | None = None
        self._copied: tuple[tuple[str, str, str], int] | None = None

    def content(self) -> Iterable[Widget]:
        """The list and the pane."""
        return self._list, self._pane

    def prepare(self, picture: Picture) -> Found:
        """Take what was found."""
        return Found(picture.findings, lambda finding: picture.frame_about(finding).facts)

    def present(self, prepared: Found) -> None:
        """Show it."""
        self._found = prepared
        self._list.put(prepared.findings)
        self.explain_current()

    def help_sections(self) -> list[Section]:
        """Add the keys of the text, once tab has led there."""
        return [*super().help_sections(), ("Text, after tab", described(ExplainPane.BINDINGS))]

    def footer_keys(self) -> list[tuple[str, str]]:
        """Name the keys of the text while they lead there."""
        keys = super().footer_keys()
        if not self._pane.has_focus:
            return keys
        others = [key for key in keys if key[0] not in {"enter", "tab", "pgdn"}]
        return [*READING_KEYS, ("tab", "list"), *others]

    def explain_current(self) -> None:
        """Explain the finding under the cursor."""
        finding = self._list.current
        self._pane.display = finding is not None
        if finding is not None and self._found is not None:
            facts = self._found.facts_about(finding)
            self._pane.explain(explain_finding(finding, facts), facts)

    def on_cursor_list_selected(self) -> None:
        """Explain the finding that was clicked."""
        self.explain_current()

    def action_move(self, step: int) -> None:
        """Select another finding."""
        self._list.move(step)
        self.explain_current()

    def action_page(self, step: int) -> None:
        """Page what does not fit below."""
        self._pane.page(step)

    def action_filter(self) -> None:
        """Show the sockets of the finding."""
        if (finding := self._list.current) is not None:
            self.post_message(self.FilterChosen(finding.sockets))

    def action_read(self) -> None:
        """Let the keys reach the links of the text, or the list again."""
        self.set_focus(None if self._pane.has_focus else self._pane)

    def action_copy(self) -> None:
        """Copy the next command of the finding."""
        finding = self._list.current
        if finding is None or not finding.commands:
            self.notify("No command for this one: see what to do.", timeout=3)
            return
        last = self._copied
        at = last[1] + 1 if last is not None and last[0] == finding.identity else 0
        at %= len(finding.commands)
        self._copied = finding.identity, at
        self.app.copy_to_clipboard(finding.commands[at])
        self.notify(f"Copied, not run: {finding.commands[at]}", timeout=4, markup=False)
