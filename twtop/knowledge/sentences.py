"""What of the pages is true on a host, with the host's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.knowledge.myth_pages import myth_pages
from twtop.knowledge.placeholders import fill

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twtop.knowledge.conditions import Facts
    from twtop.knowledge.facts import HostFacts
    from twtop.knowledge.pages import Paragraph


def true_sentences(paragraphs: Iterable[Paragraph], facts: Facts, host: HostFacts) -> tuple[str, ...]:
    """Return the sentences that hold; one that rests on a myth goes on with its truth, and names it."""
    return tuple(_sentence(item, facts, host) for item in paragraphs if item.when.holds(facts))


def truth_of(myth: str, facts: Facts, host: HostFacts) -> str:
    """Return in one sentence what is true instead of a myth, on this host."""
    return true_sentences(myth_pages()[myth].truth, facts, host)[0]


def _sentence(paragraph: Paragraph, facts: Facts, host: HostFacts) -> str:
    text = fill(paragraph.text, host)
    if not paragraph.myth:
        return text
    return f"{text}: {truth_of(paragraph.myth, facts, host)} See {paragraph.myth}."
