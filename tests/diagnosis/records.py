"""Findings in snapshots that were made up: for what the lab cannot make, or only in minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.kernel.host import HostInfo
from twtop.sources.observer import Observer

if TYPE_CHECKING:
    from twtop.core.snapshot import Snapshot
    from twtop.diagnosis.finding import Finding

HOST = HostInfo("web-3", "6.18.0", "host", namespaced=False)


def findings_in(*snapshots: Snapshot) -> dict[str, Finding]:
    """Examine snapshots one after the other; return what the last one shows, by rule."""
    observer = Observer(HOST)
    frames = [observer.observe(snapshot) for snapshot in snapshots]
    return {finding.rule: finding for finding in frames[-1].findings if finding.over_s is None}
