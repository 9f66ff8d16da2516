"""Open connections that stand still: nobody answers, or the peer does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.format import counted
from twtop.core.lifetimes import unacked_life
from twtop.core.lookup import find
from twtop.core.mixing import mixed_at
from twtop.core.states import State, Timer
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.groups import REMOTE_ADDRESS
from twtop.diagnosis.places import CHECKS, divided
from twtop.diagnosis.rule import Rule, Symptom, only
from twtop.diagnosis.subjects import local_text, remote_text, unsent_text
from twtop.knowledge.placeholders import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.sockets import Rows, Sockets
    from twtop.diagnosis.evidence import Evidence

_RETRIES: Final = "net.ipv4.tcp_retries2"
_RETRANS: Final = 3
_SHARE: Final = 0.1
_MANY: Final = 5
_BAD_SHARE: Final = 0.5
_FEWER_RETRIES: Final = 8
"""The least that RFC 1122 section 4.2.3.5 recommends, 100 s."""
_SHUT_S: Final = 10.0
_LONG_SHUT_S: Final = 60.0


def _unanswered(evidence: Evidence) -> Iterator[Symptom]:
    sockets, rows = evidence.sockets, evidence.rows(State.ESTAB)
    silent = rows[(sockets.timer[rows] == Timer.ON) & (sockets.retrans[rows] >= _RETRANS)]
    if not len(silent):
        return
    for subject, place in divided(evidence, _not_few(sockets, rows, silent), State.ESTAB):
        many, every = len(place.rows), 0
        if place.kind == "peer":
            every = len(evidence.to_same_address(rows, int(place.rows[0])))
        fewer = {**evidence.sysctls, _RETRIES: str(_FEWER_RETRIES)}
        yield Symptom(
            severity=Severity.WARNING if many >= max(_MANY, _BAD_SHARE * every) else Severity.NOTE,
            headline=f"{counted(many, 'connection')} to {place.text} without an answer",
            evidence=(
                *((f"{many:,} of {every:,} open connections there",) if every else ()),
                *_retransmissions(evidence, place.rows),
            ),
            subject=subject,
            sockets=place.sockets,
            values={"place": place.name, "sooner": duration(unacked_life(fewer))},
            kinds=frozenset({place.kind}),
        )


def _not_few(sockets: Sockets, rows: Rows, silent: Rows) -> Rows:
    """Return those of the silent sockets that are not few among all that go to their address."""
    columns = [getattr(sockets, name) for name in REMOTE_ADDRESS]
    addresses, which = np.unique(mixed_at(columns, silent), return_inverse=True)
    at, there = find(mixed_at(columns, rows), addresses)
    every = np.bincount(at[there], minlength=len(addresses))
    share = np.bincount(which, minlength=len(addresses)) / every
    found: Rows = silent[share[which] >= _SHARE]
    return found


def _retransmissions(evidence: Evidence, rows: Rows) -> tuple[str, ...]:
    sockets = evidence.sockets
    next_s = int(sockets.expires_ms[rows].min()) / 1000
    life = duration(unacked_life(evidence.sysctls))
    return (
        f"retransmitted up to {int(sockets.retrans[rows].max())} times, the next in {duration(next_s)}",
        unsent_text(sockets, rows),
        f"ETIMEDOUT {life} after the first loss, until then no error",
    )


def _shut(evidence: Evidence) -> Iterator[Symptom]:
    sockets, windows = evidence.sockets, evidence.shut_windows
    rows = windows.longer_than(_SHUT_S)
    for subject, place in divided(evidence, rows[sockets.state[rows] == State.ESTAB], State.ESTAB):
        many, shut_s = len(place.rows), windows.longest_s(place.rows)
        probes = int(sockets.retrans[place.rows].max())
        fullest = int(place.rows[np.argmax(sockets.wqueue[place.rows])])
        reader = _other_end(sockets, fullest)
        here = () if reader is None else (_describe(sockets, reader),)
        yield Symptom(
            severity=Severity.WARNING if many >= _MANY or shut_s >= _LONG_SHUT_S else Severity.NOTE,
            headline=f"{counted(many, 'connection')} to {place.text} stopped,"
            f" window 0 for {duration(shut_s)}",
            evidence=(
                unsent_text(sockets, place.rows),
                f"probes without an answer: up to {probes}" if probes else "every probe is answered",
                *here,
            ),
            subject=subject,
            sockets=place.sockets,
            values={
                "peer": remote_text(sockets, fullest, port=False),
                "port": str(sockets.local_port[fullest]),
                "reader": "" if reader is None else str(sockets.local_port[reader]),
            },
            kinds=frozenset({"there" if reader is None else "here"}),
        )


def _other_end(sockets: Sockets, row: int) -> int | None:
    """Return the other end of a connection, if it is on this host too."""
    found = np.flatnonzero(
        (sockets.local_port == sockets.remote_port[row])
        & (sockets.remote_port == sockets.local_port[row])
        & (sockets.local_lo == sockets.remote_lo[row])
        & (sockets.remote_lo == sockets.local_lo[row])
        & (sockets.local_hi == sockets.remote_hi[row])
        & (sockets.remote_hi == sockets.local_hi[row])
    )
    others = found[found != row]
    return int(others[0]) if len(others) else None


def _describe(sockets: Sockets, row: int) -> str:
    return f"the other end is here: {local_text(sockets, row)}, Recv-Q {int(sockets.rqueue[row]):,}"


RULES: Final = (
    Rule(
        name="data-unanswered",
        title="data that nobody acknowledges",
        threshold=f"ESTAB with {_RETRANS} retransmissions, {_SHARE:.0%} of those to one address; a warning"
        f" from {_MANY} and {_BAD_SHARE:.0%} on",
        inputs=("sockets",),
        find=_unanswered,
        cause="Data is sent again and again, ever more rarely, and no ACK comes: the peer's host or the way"
        " to it is dead. The kernel goes on for {unacked_life}; until then the application learns nothing.",
        check=(
            only("Is the host there: ping {place}; ip route get {place}", kind="peer"),
            *CHECKS,
            "Who waits: ss -tanpo state established, column timer: (on,time to the next,how many).",
        ),
        remedies=(
            "In the application: TCP_USER_TIMEOUT ends such a connection after as long as it sets.",
            only(
                "For all at once: give up after {sooner}.",
                command=f"sysctl -w {_RETRIES}={_FEWER_RETRIES}",
                when=f"{_RETRIES} > {_FEWER_RETRIES}",
            ),
        ),
        dont=(
            "SO_KEEPALIVE for this: it is silent while data waits for its ACK.",
            "tcp_syn_retries: it is for connect() only.",
        ),
        sysctls=(_RETRIES, "net.ipv4.tcp_rto_max_ms"),
        sources=("net/ipv4/tcp_timer.c (tcp_write_timeout)", "RFC 9293 section 3.8.3", "RFC 5482"),
    ),
    Rule(
        name="zero-window",
        title="the peer's application does not read",
        threshold=f"ESTAB with the persist timer, the window shut for {_SHUT_S:.0f} s; a warning from {_MANY}"
        f" or {_LONG_SHUT_S:.0f} s on",
        inputs=("sockets",),
        find=_shut,
        cause="The receive buffer at the other end is full because its application does not read; the"
        " network is fine. An owned socket waits without limit.",
        check=(
            only("Who should read: ss -tanp sport = :{reader}", kind="here"),
            only(
                "At {peer}: ss -tanp dport = :{port}; a large Recv-Q there is what nobody reads.",
                kind="there",
            ),
            "What it does: a stack trace of its threads.",
        ),
        remedies=(
            "Let the receiver read, or close: a blocked thread, a full queue behind it, a stopped process.",
            "In the sender: TCP_USER_TIMEOUT ends such a connection after as long as it sets.",
        ),
        dont=(
            "larger tcp_rmem or tcp_wmem: the buffers fill a little later.",
            "SO_KEEPALIVE for this: it is silent while data waits.",
        ),
        sysctls=("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
        sources=("net/ipv4/tcp_timer.c (tcp_probe_timer)", "RFC 9293 section 3.8.6.1"),
    ),
)
