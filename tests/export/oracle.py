"""twtop as a command inside a lab, and what ``ss`` says of the same sockets."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.warm import TWTOP

if TYPE_CHECKING:
    from twtop.lab.host import Host


class Row(NamedTuple):
    state: str
    rqueue: int
    wqueue: int
    timer: str | None
    remaining_ms: int
    precision_ms: int
    retrans: int | None
    inode: int
    uid: int
    cookie: int


Endpoints = tuple[str, str]


def twtop(host: Host, *arguments: str) -> str:
    """The output of a command that ends well and has nothing to complain about."""
    ended = host.run([*TWTOP, *arguments])
    assert ended.stderr == ""
    return ended.stdout


def snapshot(host: Host, *arguments: str) -> Any:
    return json.loads(twtop(host, "snapshot", "--format", "json", *arguments))


def ss(host: Host, *filter_words: str) -> dict[Endpoints, Row]:
    """All rows by their endpoints; the words must not choose a single state, whose column ss leaves out."""
    rows = {}
    for line in host.run(["ss", "-tanoeH", *filter_words]).stdout.splitlines():
        state, rqueue, wqueue, local, remote, *rest = line.split()
        found = dict(re.findall(r"(timer|uid|ino|sk):\(?([^)\s]+)", " ".join(rest)))
        kind, left, retrans = found["timer"].split(",") if "timer" in found else (None, "", None)
        remaining, precision = _milliseconds(left)
        rows[_bracketed(local), _bracketed(remote)] = Row(
            state,
            int(rqueue),
            int(wqueue),
            kind,
            remaining,
            precision,
            None if retrans is None else int(retrans),
            int(found.get("ino", 0)),
            int(found.get("uid", 0)),
            int(found["sk"], 16),
        )
    return rows


def endpoints(socket: Any) -> Endpoints:
    local, remote = (
        f"[{end['address']}]:{end['port'] or '*'}"
        if ":" in end["address"]
        else f"{end['address']}:{end['port'] or '*'}"
        for end in (socket["local"], socket["remote"])
    )
    return local, remote


def _bracketed(text: str) -> str:
    """``ss`` writes ``*`` for the wildcard of a dual-stack socket."""
    return text.replace("*:", "[::]:", 1) if text.startswith("*:") else text


def _milliseconds(text: str) -> tuple[int, int]:
    """Return what ``ss`` wrote, and how much it cut off (misc/ss.c, print_ms_timer)."""
    match = re.fullmatch(r"(?:(\d+)min)?(?:(\d+)(?:sec|\.))?(?:(\d+)ms)?", text)
    assert match, text
    minutes, seconds, rest = (int(part or 0) for part in match.groups())
    precision = 60_000 if minutes else 1000 if seconds > 9 else 1
    return (minutes * 60 + seconds) * 1000 + rest, precision
