"""What `twtop doctor` prints, as text and as JSON.

The JSON of one examination is one object:

``schema``      1; new members may be added to a schema, none is renamed, moved or removed
``host``        ``name``, ``kernel`` (its release), ``namespace`` (``host``, its name, or its number)
``recording``   only with ``--from``, as in `twtop.export.json_`
``time``        end of the last snapshot, ISO 8601 in UTC with milliseconds
``seconds``     how long was looked
``filter``      the filter in its canonical words, null without one
``findings``    the worst first; of each: ``rule``; ``namespace``, only with ``--netns all``;
                ``subject``, what it is about (empty: the host); ``severity`` (``critical``, ``warning``,
                ``note``); ``headline``; ``evidence``; ``cause``; ``check``; ``remedies`` (``text``, and
                ``command`` or null); ``dont``; ``sysctls`` (name to text, null where there is none);
                ``filter``, which selects its sockets; ``sockets``, how many those are
``cannot_run``  rules that this kernel or namespace cannot feed: ``rule``, and ``missing``, one reason each
``degraded``    what the snapshots lack and why, in sentences

With ``--watch`` every line is an object: ``time``, ``event`` (``found``, ``worse`` where its severity rose,
or ``over``), ``finding`` (as above).
"""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from twtop.core.filter import Everything, filter_text
from twtop.core.format import counted
from twtop.core.text import printable
from twtop.diagnosis.explanation import explain_finding
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.inputs import missing
from twtop.diagnosis.rules import RULES
from twtop.export.json_ import host_json, recording_json
from twtop.export.times import utc_text
from twtop.knowledge.placeholders import duration
from twtop.knowledge.text import render_text, wrapped
from twtop.sources.panorama import Panorama

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twtop.core.filter import Expr
    from twtop.diagnosis.finding import Finding
    from twtop.export.records import Origin
    from twtop.sources.panorama import Looked

SCHEMA: Final = 1


def about(finding: Finding, wanted: Expr, looked: Looked) -> bool:
    """Tell whether a finding is about sockets that a filter matches."""
    if isinstance(wanted, Everything):
        return True
    sockets = looked.frame_about(finding).moment.snapshot.sockets
    return bool((finding.sockets.mask(sockets) & wanted.mask(sockets)).any())


def examination_text(
    looked: Looked, findings: Sequence[Finding], seconds: float, width: int, recorded: Origin | None = None
) -> Iterator[str]:
    """Yield the summary, each finding in a line, then every one in full, for lines of ``width`` columns.

    ``recorded`` is what it is read from, if not from this host.
    """
    sockets = counted(len(looked.moment.snapshot.sockets), "socket")
    blocked = _blocked(looked)
    work = f"{len(RULES) - len(blocked)} rules, {sockets}, {duration(seconds)}"
    host = looked.host
    where = f"{host.hostname}, Linux {host.kernel}"
    if isinstance(looked, Panorama):
        where += f", {counted(len(looked.frames), 'network namespace')}"
    if recorded is not None:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(looked.moment.snapshot.wall_s))
        where += f", {at} in {recorded.name}" + (f", of {recorded.filter}" if recorded.filter else "")
    yield "\n".join(wrapped(f"{_summary(findings)} ({work}; {where})", width)) + "\n"
    for finding in findings if len(findings) > 1 else ():
        label = f"  {finding.severity.label:<8}  "
        yield "\n".join(wrapped(finding.title, width, label, " " * len(label))) + "\n"
    for finding in findings:
        yield "\n" + render_text(explain_finding(finding, looked.frame_about(finding).facts), width)
    if blocked:
        names = ", ".join(blocked)
        yield "\n" + "\n".join(wrapped(f"Cannot run here, see `twtop doctor --rules`: {names}", width)) + "\n"
    if isinstance(looked, Panorama):
        for lack in looked.lacks:
            yield "\n" + "\n".join(wrapped(lack, width)) + "\n"


def examination_json(
    looked: Looked, findings: Sequence[Finding], seconds: float, wanted: Expr, recorded: Origin | None = None
) -> str:
    """Return the object described above."""
    document = {
        "schema": SCHEMA,
        "host": host_json(looked.host),
        **({} if recorded is None else {"recording": recording_json(recorded)}),
        "time": utc_text(looked.moment.snapshot.wall_s),
        "seconds": round(seconds, 3),
        "filter": filter_text(wanted) or None,
        "findings": [_finding(finding, looked) for finding in findings],
        "cannot_run": [{"rule": rule, "missing": lacks} for rule, lacks in _blocked(looked).items()],
        "degraded": looked.lacks,
    }
    return json.dumps(document, indent=1) + "\n"


def event_text(event: str, finding: Finding, clock: str) -> str:
    """Write in one line that a finding came, got worse or went."""
    word = event if event == "over" else finding.severity.label
    return f"{clock}  {word:<8}  {finding.rule}: {finding.title}\n"


def event_json(event: str, finding: Finding, looked: Looked) -> str:
    """Return one line of JSON."""
    time = utc_text(looked.moment.snapshot.wall_s)
    record = {"time": time, "event": event, "finding": _finding(finding, looked)}
    return json.dumps(record, separators=(",", ":")) + "\n"


def rules_text(looked: Looked, width: int) -> Iterator[str]:
    """Yield every rule with its threshold, its inputs, and whether it can run here."""
    blocked = _blocked(looked)
    for name, rule in RULES.items():
        lacks = blocked.get(name)
        lines = [f"{name}: {rule.title}"]
        lines += wrapped(f"fires when {rule.threshold}", width, "  ")
        lines += wrapped(f"looks at {', '.join((*rule.inputs, *rule.helped_by))}", width, "  ")
        verdict = "cannot run here: " + "; ".join(lacks) if lacks else "runs here"
        lines += wrapped(verdict, width, "  ")
        yield "\n".join(lines) + "\n"


def rules_json(looked: Looked) -> str:
    """Return every rule as an object, in one list under ``rules``."""
    blocked = _blocked(looked)
    rules = [
        {
            "name": name,
            "title": rule.title,
            "threshold": rule.threshold,
            "inputs": rule.inputs,
            "helped_by": rule.helped_by,
            "missing": blocked.get(name, ()),
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


def _blocked(looked: Looked) -> dict[str, tuple[str, ...]]:
    """Return the rules that cannot run here, in no namespace if there are several, and what each lacks."""
    snapshots = [frame.moment.snapshot for frame in looked.frames]
    blocked: dict[str, tuple[str, ...]] = {}
    for name, rule in RULES.items():
        lacks = [missing(rule.inputs, snapshot) for snapshot in snapshots]
        if all(lacks):
            blocked[name] = lacks[0]
    return blocked


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return what every document tells of a finding."""
    return {
        "rule": finding.rule,
        **({"namespace": finding.namespace} if finding.namespace else {}),
        "subject": finding.subject,
        "severity": finding.severity.label,
        "headline": finding.headline,
    }


def _finding(finding: Finding, looked: Looked) -> dict[str, Any]:
    snapshot = looked.frame_about(finding).moment.snapshot
    return {
        **finding_json(finding),
        "evidence": finding.evidence,
        "cause": finding.cause,
        "check": finding.check,
        "remedies": [{"text": remedy.text, "command": remedy.command or None} for remedy in finding.remedies],
        "dont": finding.dont,
        "sysctls": {name: snapshot.sysctls.get(name) for name in finding.sysctls},
        "filter": printable(str(finding.sockets)),
        "sockets": int(np.count_nonzero(finding.sockets.mask(snapshot.sockets))),
    }
