"""Metrics of findings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from twtop.diagnosis.finding import Severity
from twtop.diagnosis.inputs import missing
from twtop.diagnosis.rules import RULES
from twtop.exporter.families import gauge, label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client.metrics_core import Metric

    from twtop.exporter.families import Samples
    from twtop.exporter.looks import Told


def finding_metrics(told: Sequence[Told]) -> Iterator[Metric]:
    """Yield how many findings there are by rule and severity.

    0 where a rule finds nothing, so that an alert can tell it from a rule that this kernel cannot feed, which
    has no series. What a finding is about is not told: that would be a series for every peer that ever was.
    """
    yield gauge(
        "twtop_findings",
        "What is wrong or about to be, by the rule that found it (twtop explain RULE) and how bad it is. 0"
        " where the rule finds nothing; absent where this kernel or namespace cannot feed it"
        " (twtop doctor --rules).",
        ("netns", "rule", "severity"),
        _found(told),
    )


def _found(told: Sequence[Told]) -> Samples:
    for each in told:
        snapshot, netns = each.frame.moment.snapshot, label(each.netns)
        found = Counter(
            (finding.rule, finding.severity) for finding in each.frame.findings if finding.over_s is None
        )
        for rule in RULES.values():
            if not missing(rule.inputs, snapshot):
                for severity in Severity:
                    yield (netns, rule.name, severity.label), found[rule.name, severity]
