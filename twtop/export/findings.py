"""What `twtop doctor` prints, as text and as JSON.

The JSON of one examination is one object:

``schema``      1; new members may be added to a schema, none is renamed, moved or removed
``host``        ``name``, ``kernel`` (its release), ``namespace`` (``host``, its name, or its number)
``time``        end of the last snapshot, ISO 8601 in UTC with milliseconds
``seconds``     how long was looked
``filter``      the filter in its canonical words, null without one
``findings``    the worst first; of each: ``rule``; ``subject``, what it is about (empty: the host);
                ``severity`` (``critical``, ``warning``, ``note``); ``headline``; ``evidence``; ``cause``;
                ``check``; ``remedies`` (``text``, and ``command`` or null); ``dont``; ``sysctls`` (name to
                text, null where there is none); ``filter``, which selects its sockets; ``sockets``, how many
                those are
``cannot_run``  rules that this kernel or namespace cannot feed: ``rule``, and ``missing``, one reason each
``degraded``    what the snapshots lack and why, in sentences

With ``--watch`` every line is an object: ``time``, ``event`` (``found``, ``worse`` where its severity rose,
or ``over``), ``finding`` (as above).
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from twtop.core.filter import Everything
from twtop.core.format import counted
from twtop.core.text import printable
from twtop.diagnosis.explanation import explain_finding
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.inputs import missing
from twtop.diagnosis.rules import RULES
from twtop.export.times import utc_text
from twtop.knowledge.placeholders import duration
from twtop.knowledge.text import render_text, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twtop.core.filter import Expr
    from twtop.core.snapshot import Snapshot
    from twtop.diagnosis.finding import Finding
    from twtop.sources.observer import Frame

SCHEMA: Final = 1


def about(finding: Finding, wanted: Expr, snapshot: Snapshot) -> bool:
    """Tell whether a finding is about sockets that a filter matches."""
    if isinstance(wanted, Everything):
        return True
    sockets = snapshot.sockets
    return bool((finding.sockets.mask(sockets) & wanted.mask(sockets)).any())


def examination_text(frame: Frame, findings: Sequence[Finding], seconds: float, width: int) -> Iterator[str]:
    """Yield the summary, each finding in a line, then every one in full, for lines of ``width`` columns."""
    sockets = counted(len(frame.moment.snapshot.sockets), "socket")
    looked = f"{len(RULES) - len(_blocked(frame))} rules, {sockets}, {duration(seconds)}"
    host = f"{frame.host.hostname}, Linux {frame.host.kernel}"
    yield "\n".join(wrapped(f"{_summary(findings)} ({looked}; {host})", width)) + "\n"
    for finding in findings if len(findings) > 1 else ():
        label = f"  {finding.severity.label:<8}  "
        yield "\n".join(wrapped(finding.headline, width, label, " " * len(label))) + "\n"
    for finding in findings:
        yield "\n" + render_text(explain_finding(finding, frame.facts), width)
    if blocked := _blocked(frame):
        names = ", ".join(blocked)
        yield "\n" + "\n".join(wrapped(f"Cannot run here, see `twtop doctor --rules`: {names}", width)) + "\n"


def examination_json(frame: Frame, findings: Sequence[Finding], seconds: float, wanted: Expr) -> str:
    """Return the object described above."""
    host, snapshot = frame.host, frame.moment.snapshot
    document = {
        "schema": SCHEMA,
        "host": {"name": host.hostname, "kernel": host.kernel, "namespace": host.namespace_label},
        "time": utc_text(snapshot.wall_s),
        "seconds": round(seconds, 3),
        "filter": None if isinstance(wanted, Everything) else str(wanted),
        "findings": [_finding(finding, snapshot) for finding in findings],
        "cannot_run": [{"rule": rule, "missing": lacks} for rule, lacks in _blocked(frame).items()],
        "degraded": snapshot.lacks,
    }
    return json.dumps(document, indent=1) + "\n"


def event_text(event: str, finding: Finding, clock: str) -> str:
    """Write in one line that a finding came, got worse or went."""
    word = event if event == "over" else finding.severity.label
    return f"{clock}  {word:<8}  {finding.rule}: {finding.headline}\n"


def event_json(event: str, finding: Finding, snapshot: Snapshot) -> str:
    """Return one line of JSON."""
    record = {"time": utc_text(snapshot.wall_s), "event": event, "finding": _finding(finding, snapshot)}
    return json.dumps(record, separators=(",", ":")) + "\n"


def rules_text(frame: Frame, width: int) -> Iterator[str]:
    """Yield every rule with its threshold, its inputs, and whether it can run here."""
    for name, rule in RULES.items():
        lacks = missing(rule.inputs, frame.moment.snapshot)
        lines = [f"{name}: {rule.title}"]
        lines += wrapped(f"fires when {rule.threshold}", width, "  ")
        lines += wrapped(f"looks at {', '.join((*rule.inputs, *rule.helped_by))}", width, "  ")
        verdict = "cannot run here: " + "; ".join(lacks) if lacks else "runs here"
        lines += wrapped(verdict, width, "  ")
        yield "\n".join(lines) + "\n"


def rules_json(frame: Frame) -> str:
    """Return every rule as an object, in one list under ``rules``."""
    rules = [
        {
            "name": name,
            "title": rule.title,
            "threshold": rule.threshold,
            "inputs": rule.inputs,
            "helped_by": rule.helped_by,
            "missing": missing(rule.inputs, frame.moment.snapshot),
        }
        for name, rule in RULES.items()
    ]
    return json.dumps({"schema": SCHEMA, "rules": rules}, indent=1) + "\n"


def _summary(findings: Sequence[Finding]) -> str:
    if not findings:
        return "Nothing is wrong that twtop knows of"
    counts = Counter(finding.severity for finding in findings)
    parts = (
        f"{counts[severity]} {severity.label}"
        for severity in sorted(Severity, reverse=True)
        if counts[severity]
    )
    return f"{counted(len(findings), 'finding')}: {', '.join(parts)}"


def _blocked(frame: Frame) -> dict[str, tuple[str, ...]]:
    """Return the rules that cannot run here, and what each lacks."""
    lacks = {name: missing(rule.inputs, frame.moment.snapshot) for name, rule in RULES.items()}
    return {name: reasons for name, reasons in lacks.items() if reasons}


def _finding(finding: Finding, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "subject": finding.subject,
        "severity": finding.severity.label,
        "headline": finding.headline,
        "evidence": finding.evidence,
        "cause": finding.cause,
        "check": finding.check,
        "remedies": [{"text": remedy.text, "command": remedy.command or None} for remedy in finding.remedies],
        "dont": finding.dont,
        "sysctls": {name: snapshot.sysctls.get(name) for name in finding.sysctls},
        "filter": printable(str(finding.sockets)),
        "sockets": int(np.count_nonzero(finding.sockets.mask(snapshot.sockets))),
    }
