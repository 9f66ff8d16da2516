"""The views that a key of the main screen opens, by name; each is imported when it is first opened."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from twtop.core.signs import Signs
    from twtop.ui.frame_screen import FrameScreen

VIEWS: Final[dict[str, tuple[str, str]]] = {
    "findings": ("twtop.ui.findings.screen", "FindingsScreen"),
    "budgets": ("twtop.ui.budget.screen", "BudgetScreen"),
    "diagram": ("twtop.ui.diagram.screen", "DiagramScreen"),
    "counters": ("twtop.ui.counters.screen", "CountersScreen"),
    "namespaces": ("twtop.ui.namespaces.screen", "NamespacesScreen"),
    "comparison": ("twtop.ui.comparison.screen", "ComparisonScreen"),
    "details": ("twtop.ui.details.screen", "DetailsScreen"),
}
"""Module and class of each."""


def view_class(name: str) -> type[FrameScreen[Any]]:
    """Return the class of a view."""
    module, view = VIEWS[name]
    found: type[FrameScreen[Any]] = getattr(import_module(module), view)
    return found


def open_view(name: str, signs: Signs) -> FrameScreen[Any]:
    """Make a view."""
    return view_class(name)(signs)
