"""A finding in the words and the order of an explanation, for the screen and for `twtop doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.diagnosis.rules import RULES
from twtop.knowledge.explanation import Explanation, Section
from twtop.knowledge.sysctl_rows import sysctl_row

if TYPE_CHECKING:
    from twtop.diagnosis.finding import Finding, Remedy
    from twtop.knowledge.facts import HostFacts


def explain_finding(finding: Finding, host: HostFacts) -> Explanation:
    """Return what was found, why, what to look at, what to do, and what not."""
    rule = RULES[finding.rule]
    sections = (
        Section("Found", "text", (finding.headline,)),
        Section("Seen", "list", finding.evidence),
        Section("Cause", "text", (finding.cause,)),
        Section("Check", "list", finding.check),
        Section("Do", "list", tuple(line for remedy in finding.remedies for line in _lines(remedy))),
        Section("Don't", "warning", finding.dont),
        Section("Sysctls", "sysctl", rows=tuple(sysctl_row(name, host) for name in finding.sysctls)),
        Section("Rule", "text", (f"{rule.title}: {rule.threshold}.",)),
        Section("Sources", "sources", rule.sources),
    )
    said = tuple(section for section in sections if section.lines or section.rows)
    return Explanation(f"{finding.rule} {finding.subject}".strip(), finding.state, said)


def _lines(remedy: Remedy) -> tuple[str, ...]:
    return (remedy.text, f"$ {remedy.command}") if remedy.command else (remedy.text,)
