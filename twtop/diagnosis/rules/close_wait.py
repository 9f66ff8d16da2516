"""CLOSE-WAIT: the peer has closed, the application here has not."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.states import State
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rule import MOST, Rule, Symptom, only
from twtop.knowledge.placeholders import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.diagnosis.close_waits import CloseWaits
    from twtop.diagnosis.evidence import Evidence

_LEAKED_S: Final = 60
_RISES: Final = 3
_MANY: Final = 10


def _leaks(evidence: Evidence) -> Iterator[Symptom]:
    told = 0
    for found in evidence.close_waits:
        growing = _grows(evidence, found)
        if growing or found.lasted_s.max() >= _LEAKED_S:
            yield _symptom(evidence, found, growing=growing)
            told += 1
        if told == MOST:
            return


def _grows(evidence: Evidence, found: CloseWaits) -> bool:
    """Tell whether those that linger have become more, time and again, and never fewer in between."""
    name = found.service.name
    counts = [found.lingering, *(dict(old.close_wait).get(name, 0) for old in reversed(evidence.past))]
    rises = 0
    for later, earlier in pairwise(counts):
        if later < earlier or rises == _RISES:
            break
        rises += later > earlier
    return rises == _RISES


def _symptom(evidence: Evidence, found: CloseWaits, *, growing: bool) -> Symptom:
    sockets, service = evidence.sockets, found.service
    rows, count = service.rows, len(service.rows)
    unread, owned = sockets.rqueue[rows] > 0, sockets.inode[rows] > 0
    kinds = {
        "forgotten": int(np.count_nonzero(owned & ~unread)),
        "unread": int(np.count_nonzero(owned & unread)),
        "unaccepted": int(np.count_nonzero(~owned)),
    }
    seen = {
        "forgotten": "end of file read, close() missing (Recv-Q 0)",
        "unread": "end of file not read (Recv-Q 1 or more)",
        "unaccepted": "not even accepted (no inode)",
    }
    longest = duration(float(found.lasted_s.max()))
    return Symptom(
        severity=Severity.WARNING if growing or count >= _MANY else Severity.NOTE,
        headline=f"{count:,} CLOSE-WAIT {service.where}, "
        + ("growing" if growing else f"the oldest for {longest}"),
        evidence=(
            *(f"{number:,} {seen[kind]}" for kind, number in kinds.items() if number),
            f"the oldest for {longest} at least",
        ),
        subject=service.name,
        sockets=service.sockets(sockets, State.CLOSE_WAIT),
        kinds=frozenset(kind for kind, number in kinds.items() if number),
    )


RULES: Final = (
    Rule(
        name="close-wait-leak",
        title="CLOSE-WAIT that the application does not close",
        threshold=f"those of one service grow {_RISES} times and never shrink, or one stays {_LEAKED_S} s",
        inputs=("sockets",),
        helped_by=("tcp_info",),
        find=_leaks,
        owners="held by",
        cause="The peer closed; the application here has not called close(). No clock ends them.",
        check=(
            "Which process holds them: {list}",
            "Where it stands: a stack trace of its threads.",
            only("Why it does not accept(): its Recv-Q in ss -tln, and its descriptors.", kind="unaccepted"),
        ),
        remedies=(
            only("Call close() after read() returned 0.", kind="forgotten"),
            only("Find out why nobody reads: a blocked thread, or a descriptor nobody polls.", kind="unread"),
            only("Let it accept() again: these clients have given up waiting for it.", kind="unaccepted"),
            "Until then: restart the process; its end closes them.",
        ),
        dont=("any TIME-WAIT or FIN-WAIT sysctl: none of them applies to CLOSE-WAIT.",),
        sources=("RFC 9293 section 3.6", "net/ipv4/tcp.c (tcp_get_info)"),
    ),
)
