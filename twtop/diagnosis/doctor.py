"""Runs the rules on every moment, and keeps what they find from flapping."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.owners.owner import NO_OWNERS
from twtop.core.table.whose import whose
from twtop.diagnosis.evidence import Evidence, digest
from twtop.diagnosis.inputs import missing
from twtop.diagnosis.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twtop.core.changes import Moment
    from twtop.core.counter_history import CounterCourse
    from twtop.core.ports.history import PortHistory
    from twtop.core.ports.usage import Ports
    from twtop.core.sockets import Sockets
    from twtop.diagnosis.evidence import Digest
    from twtop.diagnosis.finding import Finding
    from twtop.diagnosis.rule import Rule
    from twtop.knowledge.facts import HostFacts

REMEMBERED_S: Final = 60.0
_MOST_DIGESTS: Final = 120
LINGER_S: Final = 6.0
"""How long a finding is still told, as over, after its rule fell silent: timers go in batches, 4 s apart."""


@dataclass(slots=True)
class _Case:
    """What became of one finding."""

    finding: Finding
    first_s: float
    last_s: float
    seen: int
    """Snapshots one after the other in which the rule saw it."""
    told: bool = False
    worst_s: float = 0.0
    """When it was last as bad as it is told."""

    def renew(self, finding: Finding, now_s: float) -> None:
        """Take new numbers; by the same rule it is told as bad as before until it has been less bad for long.

        What is full at one look and a moment from it at the next would else change its place at every look.
        """
        better = finding.rule == self.finding.rule and finding.severity < self.finding.severity
        if better and now_s - self.worst_s <= LINGER_S:
            finding = replace(finding, severity=self.finding.severity)
        else:
            self.worst_s = now_s
        self.finding = finding


class Doctor:
    """Examines moments in their order; for one namespace and one thread."""

    def __init__(self, rules: Iterable[Rule] = tuple(RULES.values())) -> None:
        self._rules: Final = tuple(rules)
        self._past: deque[Digest] = deque(maxlen=_MOST_DIGESTS)
        self._cases: dict[tuple[str, str, str], _Case] = {}

    def examine(
        self, moment: Moment, ports: Ports, history: PortHistory, course: CounterCourse, host: HostFacts
    ) -> tuple[Finding, ...]:
        """Return all findings, the worst first; those over a moment ago at the end."""
        now_s = moment.snapshot.instant_s
        # The look before is never forgotten: who looks once a minute must see what stays, too.
        while len(self._past) > 1 and self._past[0].instant_s < now_s - REMEMBERED_S:
            self._past.popleft()
        evidence = Evidence(moment, ports, history, course, host, tuple(self._past))
        self._past.append(digest(evidence))
        for rule in self._rules:
            if not missing(rule.inputs, moment.snapshot):
                self._apply(rule, evidence, now_s)
        self._forget(now_s)
        return self._told(now_s)

    def _apply(self, rule: Rule, evidence: Evidence, now_s: float) -> None:
        for symptom in rule.find(evidence):
            finding = _with_owner(rule.finding(symptom, evidence.host), rule.owners, evidence.sockets)
            case = self._cases.get(finding.identity)
            if case is None:
                case = self._cases[finding.identity] = _Case(finding, now_s, now_s, 0)
            elif case.last_s == now_s:
                # The worst of two symptoms of the same subject came first.
                continue
            case.renew(finding, now_s)
            case.last_s = now_s
            case.seen += 1
            case.told = case.told or case.seen >= rule.snapshots

    def _forget(self, now_s: float) -> None:
        for identity, case in list(self._cases.items()):
            if case.last_s < now_s:
                case.seen = 0
                if not case.told or case.last_s < now_s - LINGER_S:
                    del self._cases[identity]

    def _told(self, now_s: float) -> tuple[Finding, ...]:
        findings = [
            replace(
                case.finding,
                known_s=case.last_s - case.first_s,
                over_s=None if case.last_s == now_s else now_s - case.last_s,
            )
            for case in self._cases.values()
            if case.told
        ]
        rank = {rule.name: at for at, rule in enumerate(self._rules)}
        return tuple(
            sorted(
                findings,
                key=lambda found: (
                    found.over_s is not None,
                    -found.severity,
                    rank[found.rule],
                    found.subject,
                ),
            )
        )


def _with_owner(finding: Finding, words: str, sockets: Sockets) -> Finding:
    """Add whose its sockets are to the evidence, where that is known."""
    if not words or sockets.owners is NO_OWNERS:
        return finding
    named = whose(sockets, np.flatnonzero(finding.sockets.mask(sockets))).everybody()
    return replace(finding, evidence=(*finding.evidence, f"{words} {named}")) if named else finding
