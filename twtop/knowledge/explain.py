"""Explain a state, a sysctl, a column, a counter or a myth as it behaves on this host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.core.counters import is_gauge
from twtop.core.states import State
from twtop.errors import UsageError
from twtop.knowledge.counter_pages import counter_pages
from twtop.knowledge.explain_myths import explain_myth, myths_about
from twtop.knowledge.explanation import Explanation, Section, with_content
from twtop.knowledge.facts import facts_of
from twtop.knowledge.pages import column_pages, state_page, sysctl_pages
from twtop.knowledge.placeholders import fill
from twtop.knowledge.sentences import true_sentences
from twtop.knowledge.sysctl_rows import sysctl_row
from twtop.knowledge.topics import find

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from twtop.core.signature import RowSignature
    from twtop.knowledge.conditions import Condition, Facts
    from twtop.knowledge.facts import HostFacts
    from twtop.knowledge.pages import Paragraph, StatePage
    from twtop.knowledge.topics import Topic


def explain(topic: Topic, host: HostFacts) -> Explanation:
    """Explain whatever `find` returned."""
    if topic.kind == "state":
        return explain_state(State[topic.name.replace("-", "_")], host)
    explained = {
        "sysctl": explain_sysctl,
        "column": explain_column,
        "counter": explain_counter,
        "myth": explain_myth,
    }
    return explained[topic.kind](topic.name, host)


def explain_state(state: State, host: HostFacts, row: RowSignature | None = None) -> Explanation:
    """Explain a state; with a row, first what its own signature means and what to do about it.

    Of the general part then only what is about such rows is said.
    """
    page = state_page(state)
    facts = facts_of(host, row)

    def true(paragraphs: Iterable[Paragraph]) -> tuple[str, ...]:
        told = paragraphs if row is None else [item for item in paragraphs if item.row.holds(facts)]
        return true_sentences(told, facts, host)

    why = Section("Why", "text", true(page.why))
    ends = Section("Ends", "text", (*true(page.ends), f"Next move: {page.next_move}."))
    enters = Section("Enters", "text", true(page.enters))
    many = Section("Many", "text", true(page.many))
    do = Section("Do", "list", true(page.do))
    dont = Section("Don't", "warning", true(page.dont))
    rows = [sysctl_row(name, host) for name in page.sysctls]
    # What this host lacks affects nothing here.
    sysctls = Section("Sysctls", "sysctl", rows=tuple(sorted(rows, key=lambda row: row.value is None)))
    myths = myths_about(state.label, host, row, page.dont)
    sources = Section("Sources", "sources", page.sources)
    if row is None:
        said = with_content(why, ends, enters, many, do, dont, myths, sysctls, sources)
    else:
        meaning = _meaning(page, row, facts, host)
        said = with_content(meaning, do, ends, dont, why, many, enters, myths, sysctls, sources)
    return Explanation(state.label, page.summary, said)


def explain_sysctl(name: str, host: HostFacts) -> Explanation:
    """Explain a sysctl, spelled as `find` allows; raises UsageError for an unknown one."""
    name = _known(name, sysctl_pages(), "sysctl")
    page = sysctl_pages()[name]
    facts = facts_of(host)
    sections = (
        Section("Here", "sysctl", rows=(sysctl_row(name, host),)),
        Section("Beware", "warning", true_sentences(page.danger, facts, host)),
        Section("Effect", "text", true_sentences(page.details, facts, host)),
        myths_about(name, host, told=page.danger),
        Section("States", "text", (", ".join(page.states),)),
    )
    return Explanation(name, page.meaning, with_content(*sections))


def explain_column(name: str, host: HostFacts) -> Explanation:
    """Explain a column or a grouping key, spelled as `find` allows; raises UsageError for an unknown one."""
    name = _known(name, column_pages(), "column")
    page = column_pages()[name]
    lines = true_sentences(page.text, facts_of(host), host)
    shows = Section("What it shows", "text", lines)
    return Explanation(name, page.summary, with_content(shows, myths_about(name, host)))


def explain_counter(name: str, host: HostFacts) -> Explanation:
    """Explain a counter, spelled as `find` allows; raises UsageError for an unknown one."""
    name = _known(name, counter_pages(), "counter")
    page = counter_pages()[name]
    place = "this machine" if page.scope == "host" else "this network namespace"
    counts = f"What {place} has now." if is_gauge(name) else f"Sum of {place} since it began: read its rate."
    sections = (
        Section("Read as", "text", true_sentences(page.details, facts_of(host), host)),
        Section("Counts", "text", (counts,)),
        Section("Kernel", "text", page.versions),
        Section("States", "text", (", ".join(page.states),) if page.states else ()),
        Section("Sysctls", "sysctl", rows=tuple(sysctl_row(sysctl, host) for sysctl in page.sysctls)),
    )
    return Explanation(name, page.meaning, with_content(*sections))


def _known(name: str, pages: Container[str], kind: str) -> str:
    if name in pages:
        return name
    topic = find(name)
    if topic.kind != kind:
        raise UsageError(f"{topic.name} is a {topic.kind}, not a {kind}")
    return topic.name


def _meaning(page: StatePage, row: RowSignature, facts: Facts, host: HostFacts) -> Section:
    matching = [signature for signature in page.signatures if signature.when.holds(facts)]
    lines = true_sentences(matching, facts, host) or (fill(page.otherwise, host),)
    return Section(_whose(row, [signature.when for signature in matching]), "text", lines)


def _whose(row: RowSignature, conditions: Sequence[Condition]) -> str:
    """Say how many of the row's sockets a meaning is about: a row only knows sums and extremes of them."""
    if row.count == 1:
        return "This socket"
    shared = [len(condition.names & row.mixed) for condition in conditions]
    if any(number > 1 for number in shared):
        return "Among these, perhaps"
    if any(shared):
        return "Among these"
    if any(condition.is_about_largest for condition in conditions):
        return "At least one of these"
    return "These sockets"
