"""What holds for the words of every finding, whatever was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.core.filter import parse
from twtop.core.text import printable
from twtop.knowledge.placeholders import PLACEHOLDER

if TYPE_CHECKING:
    from twtop.diagnosis.finding import Finding

LONGEST_HEADLINE: Final = 80
MOST_EVIDENCE: Final = 5


def check_words(finding: Finding) -> None:
    """Fail if a finding cannot be shown, read or filtered by."""
    assert 0 < len(finding.headline) <= LONGEST_HEADLINE, finding.headline
    assert not finding.headline.endswith("."), finding.headline
    assert 1 <= len(finding.evidence) <= MOST_EVIDENCE, finding.evidence
    remedies = (*finding.commands, *(remedy.text for remedy in finding.remedies))
    texts = (*finding.evidence, *finding.check, *remedies, *finding.dont)
    for text in (finding.headline, finding.cause, *texts):
        assert printable(text) == text
        assert not PLACEHOLDER.search(text), text
        assert "nan" not in text.split(), text
        assert "None" not in text.split(), text
    assert finding.remedies, finding.rule
    assert parse(str(finding.sockets)) == finding.sockets
