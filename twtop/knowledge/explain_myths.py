"""Explain a myth, list all of them, and find those that belong beside a state, a sysctl or a column."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from twtop.knowledge.explanation import Explanation, MythRow, Section, with_content
from twtop.knowledge.facts import facts_of
from twtop.knowledge.myth_pages import ALL_MYTHS, ALL_MYTHS_SUMMARY, myth_pages
from twtop.knowledge.sentences import true_sentences, truth_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twtop.core.signature import RowSignature
    from twtop.knowledge.facts import HostFacts
    from twtop.knowledge.myth_pages import MythPage
    from twtop.knowledge.pages import Paragraph

_ENTER: Final = (
    "Open twtop demo. What is changed in its network ends with it. Enter that in a second terminal, as root:",
    "$ nsenter -n -t $(pgrep -xn checkout)",
    "Else:",
    "$ nsenter --preserve-credentials -U -n -t $(pgrep -xn checkout)",
)


def explain_myth(name: str, host: HostFacts) -> Explanation:
    """Explain a myth by its name, or list all of them under the name `ALL_MYTHS`."""
    if name == ALL_MYTHS:
        return _all_myths(host)
    page = myth_pages()[name]
    facts = facts_of(host)
    belongs = ", ".join((*page.states, *page.sysctls, *(f"column {column}" for column in page.columns)))
    sections = with_content(
        Section("In fact", "text", (truth_of(name, facts, host), *true_sentences(page.details, facts, host))),
        Section("Proof", "list", page.evidence),
        Section("See it", "steps", (*_needs(page), *true_sentences(page.see, facts, host))),
        Section("Script", "code", page.script),
        Section("About", "text", (belongs,)),
    )
    return Explanation(name, f'the myth "{page.claim}"', sections)


def myths_about(
    topic: str, host: HostFacts, row: RowSignature | None = None, told: Iterable[Paragraph] = ()
) -> Section:
    """Return the myths about a state, a sysctl or a column, but for those that were already told there."""
    facts = facts_of(host, row)
    known = {paragraph.myth for paragraph in told if paragraph.when.holds(facts)}
    names = [
        name
        for name, page in myth_pages().items()
        if topic in (*page.states, *page.sysctls, *page.columns)
        and name not in known
        and (row is None or page.row.holds(facts))
    ]
    return Section("Myths", "myth", myths=_rows(names, host))


def _all_myths(host: HostFacts) -> Explanation:
    themes = groupby(myth_pages(), key=lambda name: myth_pages()[name].theme)
    sections = [Section(theme, "myth", myths=_rows(names, host)) for theme, names in themes]
    see = Section("See it", "steps", (*_ENTER, "Then follow the steps on the page of a myth."))
    return Explanation(ALL_MYTHS, ALL_MYTHS_SUMMARY, (*sections, see))


def _rows(names: Iterable[str], host: HostFacts) -> tuple[MythRow, ...]:
    facts = facts_of(host)
    return tuple(MythRow(name, myth_pages()[name].claim, truth_of(name, facts, host)) for name in names)


def _needs(page: MythPage) -> tuple[str, ...]:
    """Say how to come to where the steps are to be done, if they need more than the screen."""
    needs = (f"Needs {page.needs}.",) if page.needs else ()
    typed = page.script or any(step.text.startswith("$ ") for step in page.see)
    return (*_ENTER, *needs) if typed else needs
