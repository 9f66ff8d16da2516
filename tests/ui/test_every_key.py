"""No key without a test, and none that help does not name."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ui.keys import tested
from tests.ui.screen import bound_keys, screen
from twtop.ui.bindings import KEYS, described, footer_keys, key_names
from twtop.ui.budget.range_entry import RangeEntry
from twtop.ui.budget.screen import BudgetScreen
from twtop.ui.closing.screen import CloseScreen
from twtop.ui.comparison.screen import ComparisonScreen
from twtop.ui.counters.screen import CountersScreen
from twtop.ui.details.screen import DetailsScreen
from twtop.ui.diagram.screen import DiagramScreen
from twtop.ui.explanation.pane import ExplainPane
from twtop.ui.explanation.screen import ExplainScreen
from twtop.ui.filter_bar import FilterBar
from twtop.ui.findings.screen import FindingsScreen
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.group_screen import GroupScreen
from twtop.ui.help_screen import HelpScreen, HelpText
from twtop.ui.namespaces.screen import NamespacesScreen
from twtop.ui.table.table import GroupTable
from twtop.ui.timeline.entry import TimeEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

BINDINGS: dict[str, Sequence[BindingType]] = {
    "app": KEYS,
    "table": GroupTable.BINDINGS,
    "time entry": TimeEntry.BINDINGS,
    "filter": FilterBar.BINDINGS,
    "group": GroupScreen.BINDINGS,
    "help": HelpScreen.BINDINGS,
    "help text": HelpText.BINDINGS,
    "explain": ExplainPane.BINDINGS,
    "explain screen": ExplainScreen.BINDINGS,
    "frame screen": FrameScreen.BINDINGS,
    "findings": FindingsScreen.BINDINGS,
    "budgets": BudgetScreen.BINDINGS,
    "range entry": RangeEntry.BINDINGS,
    "counters": CountersScreen.BINDINGS,
    "diagram": DiagramScreen.BINDINGS,
    "namespaces": NamespacesScreen.BINDINGS,
    "comparison": ComparisonScreen.BINDINGS,
    "details": DetailsScreen.BINDINGS,
    "closing": CloseScreen.BINDINGS,
}


@pytest.mark.parametrize("owner", BINDINGS)
def test_every_key_has_a_test(owner: str) -> None:
    for path in Path(__file__).parent.glob("test_keys_*.py"):
        import_module(f"tests.ui.{path.stem}")
    missing = bound_keys(BINDINGS[owner]) - tested[owner]
    assert missing == set(), f"no test presses {sorted(missing)} of {owner}"


@pytest.mark.parametrize("owner", BINDINGS)
def test_no_key_is_bound_twice(owner: str) -> None:
    keys = [key for binding in BINDINGS[owner] for key in binding.key.split(",")]  # type: ignore[union-attr]
    assert len(keys) == len(set(keys))


async def test_help_breaks_lines_that_are_too_long() -> None:
    async with screen(size=(60, 160)) as user:
        await user.press("question_mark")
        await user.until(lambda: isinstance(user.app.screen, HelpScreen) and len(user.text) > 20)
        told = " ".join(" ".join(user.text).split())
        assert "in brackets: next try of a retransmission or probe" in told


async def test_help_lists_every_key_of_the_main_screen() -> None:
    async with screen(size=(120, 240)) as user:
        await user.press("question_mark")
        await user.until(lambda: isinstance(user.app.screen, HelpScreen) and len(user.text) > 20)
        text = "\n".join(user.text)
        views = (
            "findings",
            "budgets",
            "diagram",
            "counters",
            "comparison",
            "details",
            "closing",
            "frame screen",
        )
        for owner in ("app", "table", "filter", "time entry", "explain", *views):
            for keys, meaning in described(BINDINGS[owner]):
                assert f"{keys} " in text, keys
                assert meaning in text


def test_keys_are_named_as_they_are_printed_on_the_keyboard() -> None:
    names = {name for binding in KEYS for name in key_names(binding)}  # type: ignore[arg-type]
    assert {"/", "?", "esc", "[", "]", "<", ">", "tab", "space", "ctrl+p"} <= names
    assert not any("_" in name or name in {"slash", "escape"} for name in names)


def test_the_footer_names_keys_by_what_they_do() -> None:
    assert footer_keys()[0] == ("/", "filter")
    assert footer_keys()[-1] == ("q", "quit")
    assert ("?", "help") in footer_keys()
