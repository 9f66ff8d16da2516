"""A finding, and a rule before it finds anything, in the words and the order of an explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rule import LISTINGS, Symptom
from twtop.diagnosis.rules import RULES
from twtop.knowledge.explanation import Explanation, Section, with_content
from twtop.knowledge.placeholders import PLACEHOLDER, is_of_host
from twtop.knowledge.sysctl_rows import sysctl_row

if TYPE_CHECKING:
    from twtop.diagnosis.finding import Finding, Remedy
    from twtop.diagnosis.rule import Rule
    from twtop.knowledge.facts import HostFacts


def explain_finding(finding: Finding, host: HostFacts) -> Explanation:
    """Return what was found, why, what to look at, what to do, and what not."""
    rule = RULES[finding.rule]
    sections = with_content(
        Section("Found", "text", (finding.title,)),
        Section("Seen", "list", finding.evidence),
        *_advice(finding, host),
        Section("Rule", "text", (f"{rule.title}: {rule.threshold}.",)),
        Section("Sources", "sources", rule.sources),
    )
    return Explanation(f"{finding.rule} {finding.subject}".strip(), finding.state, sections)


def explain_rule(rule: Rule, host: HostFacts) -> Explanation:
    """Return when a rule fires, and all that it may say here; only what it finds tells ``<names>``."""
    finding = rule.finding(_any_symptom(rule), host)
    sections = with_content(
        Section("Fires", "text", (f"When {rule.threshold}.",)),
        Section("Looks at", "text", (", ".join((*rule.inputs, *rule.helped_by)),)),
        *_advice(finding, host),
        Section("Sources", "sources", rule.sources),
    )
    return Explanation(rule.name, rule.title, sections)


def _any_symptom(rule: Rule) -> Symptom:
    """Return a symptom of every kind that a rule knows, without its numbers."""
    names = {name for text in rule.texts for name in PLACEHOLDER.findall(text.text + text.command)}
    return Symptom(
        Severity.NOTE,
        rule.title,
        values={name: f"<{name}>" for name in names - LISTINGS.keys() if not is_of_host(name)},
        kinds=frozenset(text.kind for text in rule.texts),
    )


def _advice(finding: Finding, host: HostFacts) -> tuple[Section, ...]:
    return (
        Section("Cause", "text", (finding.cause,)),
        Section("Check", "list", finding.check),
        Section("Do", "steps", tuple(line for remedy in finding.remedies for line in _lines(remedy))),
        Section("Don't", "warning", finding.dont),
        Section("Sysctls", "sysctl", rows=tuple(sysctl_row(name, host) for name in finding.sysctls)),
    )


def _lines(remedy: Remedy) -> tuple[str, ...]:
    return (remedy.text, f"$ {remedy.command}") if remedy.command else (remedy.text,)
