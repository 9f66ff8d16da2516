"""What is new among findings from one look to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection

    from twtop.diagnosis.finding import Finding

Event: TypeAlias = Literal["found", "worse", "over"]


class News:
    """Tells of findings once when they come, get worse, and go."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str, str], Finding] = {}

    def of(
        self, findings: Collection[Finding], all_findings: Collection[Finding]
    ) -> list[tuple[Event, Finding]]:
        """Return what happened to ``findings`` since the call before.

        ``all_findings`` has also those that are over only since a moment, and not told as such yet.
        """
        told = self._told
        found = {finding.identity: finding for finding in findings if finding.over_s is None}
        # What is over only since a moment may be back in the next one.
        lingering = {finding.identity for finding in all_findings if finding.over_s is not None}
        kept = {identity: told[identity] for identity in told if identity in lingering}
        events: list[tuple[Event, Finding]] = [
            ("found", found[identity]) for identity in found if identity not in told
        ]
        events += [
            ("worse", found[identity])
            for identity in found
            if identity in told and found[identity].severity > told[identity].severity
        ]
        events += [("over", told[identity]) for identity in told if identity not in {*found, *kept}]
        self._told = kept | found
        return events
