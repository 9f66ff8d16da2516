"""The rows of ``ss -tanoe``, with everything it shows of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from tests.kernel.sockdiag.test_filters_against_ss import end_of_ss

if TYPE_CHECKING:
    from twtop.core.sockets import Sockets
    from twtop.lab.host import Host

Ends: TypeAlias = tuple[tuple[int, int, int], tuple[int, int, int]]
"""Local and remote: high half, low half, port."""

# misc/ss.c, print_ms_timer: seconds lose their fraction from 10 s on, minutes their seconds from 10 min on.
_TIME: Final = re.compile(r"(?:(\d+)min)?(?:(\d+)(?:sec|(?=\.)))?\.?(?:(\d+)ms)?")


@dataclass(frozen=True)
class SsRow:
    """One line of ss."""

    state: str
    rqueue: int
    wqueue: int
    timer: str
    retrans: int
    earliest_ms: int
    """What is left of the timer is at least this, ..."""
    latest_ms: int
    """... and at most this: ss shows it in units that grow with it."""
    uid: int
    inode: int
    cookie: int


def ss_rows(host: Host) -> dict[Ends, SsRow]:
    """Return all rows by their ends."""
    return dict(map(_row, host.run(["ss", "-tanoeH"]).stdout.splitlines()))


def ends(sockets: Sockets, row: int) -> Ends:
    """Return the ends of one socket as `ss_rows` has them."""
    local = sockets.local_hi[row], sockets.local_lo[row], sockets.local_port[row]
    remote = sockets.remote_hi[row], sockets.remote_lo[row], sockets.remote_port[row]
    return (int(local[0]), int(local[1]), int(local[2])), (int(remote[0]), int(remote[1]), int(remote[2]))


def _row(line: str) -> tuple[Ends, SsRow]:
    state, rqueue, wqueue, local, remote, *rest = line.split()
    words = dict(word.split(":", 1) for word in rest if ":" in word)
    timer, time, retrans = words.get("timer", "(off,0ms,0)").strip("()").split(",")
    earliest_ms, latest_ms = _milliseconds(time)
    row = SsRow(
        state=state,
        rqueue=int(rqueue),
        wqueue=int(wqueue),
        timer=timer,
        retrans=int(retrans),
        earliest_ms=earliest_ms,
        latest_ms=latest_ms,
        uid=int(words.get("uid", "0")),
        inode=int(words.get("ino", "0")),
        cookie=int(words["sk"], 16),
    )
    return (end_of_ss(local), end_of_ss(remote)), row


def _milliseconds(text: str) -> tuple[int, int]:
    match = _TIME.fullmatch(text)
    assert match, text
    minutes, seconds, milliseconds = (int(group or 0) for group in match.groups())
    shown = (60 * minutes + seconds) * 1000 + milliseconds
    exact_to = 60_000 if minutes > 9 else 1000 if minutes or seconds > 9 else 1
    return shown, shown + exact_to - 1
