"""The words of a line of the table, and what it stands for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.format import count_text, percent_text
from twtop.core.ports.usage import destination_of
from twtop.core.table.keys import KEYS, has_remote, local_text, remote_text
from twtop.core.table.notes import OWN_SESSION, group_note, holds_own_session, socket_note
from twtop.core.table.whose import socket_whose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.ports.usage import Destination
    from twtop.core.signs import Signs
    from twtop.core.sockets import Rows
    from twtop.core.table.view import Line, Lines
    from twtop.sources.observer import Frame

_SHORTER: Final = {
    "EOF not read": "unread",
    "close() missing": "not closed",
    "not accepted": "unaccepted",
    "accept queue full": "queue full",
    "half-closed, no limit": "half-closed",
    "orphan, phase 1 of 2": "orphan",
    " of ports": "",
}
"""What notes become where there is little room."""

_PROCESS_ID: Final = re.compile(r"(?<=\S)\[[0-9]+\](?= [0-9]+%$|$)")
"""At the end of whose sockets are: the name alone still says more than nothing."""


def line_text(lines: Lines, line: Line, signs: Signs, room: int | None = None) -> str:
    """Write what a line is about, indented by its depth; of a socket one end only where both have no room."""
    indent = "  " * line.depth
    moment = lines.view.moment
    sockets = moment.snapshot.sockets
    if line.kind == "more":
        return f"{indent}{signs.ellipsis} {count_text(lines.hidden(line))} more"
    if line.kind == "socket":
        return _socket_text(lines, line.index, signs, f"{indent}  ", room)
    row = representative(lines, line)
    key = KEYS[lines.view.groups.keys[line.depth]]
    mark = signs.folded if lines.unfolding(line) == "none" else signs.unfolded
    return f"{indent}{mark} {key.text(sockets, row, bool(moment.snapshot.server[row]))}"


def _socket_text(lines: Lines, row: int, signs: Signs, indent: str, room: int | None) -> str:
    snapshot = lines.view.moment.snapshot
    local = local_text(snapshot.sockets, row)
    if not has_remote(int(snapshot.sockets.state[row])):
        return f"{indent}{local}"
    remote = remote_text(snapshot.sockets, row)
    both = f"{indent}{local} {signs.arrow} {remote}"
    if room is None or len(both) <= room:
        return both
    # The other end is the group's: a client's group names the remote one, a server's the port it serves.
    names_remote = not snapshot.server[row] and not {"peer", "remote"}.isdisjoint(lines.view.groups.keys)
    end = local if names_remote else remote
    marked = f"{indent}{end} {signs.arrow}" if names_remote else f"{indent}{signs.arrow} {end}"
    return marked if len(marked) <= room else end.rjust(min(room, len(indent) + len(end)))


def representative(lines: Lines, line: Line) -> int:
    """Return the row of one socket of a line."""
    if line.kind == "socket":
        return line.index
    depth = line.depth if line.kind == "group" else line.depth - 1
    return int(lines.view.groups.levels[depth].row[line.index])


def rows_of(lines: Lines, line: Line) -> Rows:
    """Return the rows of all sockets that a line stands for."""
    if line.kind == "socket":
        return np.array([line.index], np.intp)
    depth = line.depth if line.kind == "group" else line.depth - 1
    return lines.view.groups.rows_of(depth, line.index)


def state_of(lines: Lines, line: Line) -> int | None:
    """Return the state that all sockets of a line share, None where the line is not about one state."""
    keys = lines.view.groups.keys
    if line.kind != "socket" and "state" not in keys[: line.depth + 1]:
        return None
    return int(lines.view.moment.snapshot.sockets.state[representative(lines, line)])


def destination_at(lines: Lines, line: Line) -> Destination | None:
    """Return the destination whose ports a line's sockets use, None where they use none of the range."""
    snapshot = lines.view.moment.snapshot
    keys = set(lines.view.groups.keys[: line.depth + 1])
    if line.kind != "socket" and not keys & {"peer", "remote"}:
        return None
    row = representative(lines, line)
    if snapshot.server[row] or not has_remote(int(snapshot.sockets.state[row])):
        return None
    # The sockets of several namespaces have no range in common: what their own frames tell of will do.
    several = bool(snapshot.sockets.netns[row])
    in_range = several or int(snapshot.sockets.local_port[row]) in snapshot.sysctls.port_range
    return destination_of(snapshot.sockets, row) if in_range else None


def line_notes(lines: Lines, line: Line, frame: Frame | None) -> str:
    """Write what stands out: a nearly used up range, and what the sockets' signature means.

    ``frame`` is that of the line's network namespace.
    """
    moment = lines.view.moment
    if line.kind == "socket":
        own = OWN_SESSION if holds_own_session(moment, rows_of(lines, line)) else ""
        return ", ".join(filter(None, (own, socket_note(moment, line.index))))
    rows = rows_of(lines, line)
    notes = [group_note(moment, state_of(lines, line), rows)]
    if holds_own_session(moment, rows):
        notes.insert(0, OWN_SESSION)
    destination = destination_at(lines, line)
    if frame is not None and destination is not None and destination in frame.ports.past_half:
        ports = frame.ports
        index = ports.find(frame.moment.snapshot.sockets, destination)
        if index is not None:
            notes.insert(0, f"{percent_text(int(ports.used[index]), ports.capacity_of(index))} of ports")
    return ", ".join(filter(None, notes))


def line_whose(lines: Lines, line: Line) -> str:
    """Write whose the sockets of a line are, as far as the keys above it do not say so."""
    view = lines.view
    if line.kind == "socket":
        return socket_whose(view.moment.snapshot.sockets, line.index, view.groups.keys)
    span = view.groups.span_of(line.depth, line.index)
    return view.whose.group(view.groups.keys[: line.depth + 1], span)


def clipped_name(name: str, room: int, signs: Signs) -> str:
    """Cut a name that is too long, the port behind brackets kept, and no number in two."""
    if len(name) <= room:
        return name
    address, bracket, port = name.rpartition("]:")
    end = f"{bracket}{port}" if len(bracket + port) + len(signs.ellipsis) < room else ""
    kept = (address if end else name)[: max(0, room - len(end) - len(signs.ellipsis))]
    while kept and kept[-1].isdigit() and name[len(kept)].isdigit():
        kept = kept[:-1]
    return signs.clipped(f"{kept}{signs.ellipsis}{end}", room)


def fitting_note(note: str, room: int, signs: Signs) -> str:
    """Write a note behind a name: in full, in shorter words, or what comes first; never a part of a word."""
    if not note:
        return ""
    fitting = (f"{gap}{text}" for text in _wordings(note, signs) for gap in ("  ", " "))
    return next((text for text in fitting if len(text) <= room), "")


def _wordings(note: str, signs: Signs) -> Iterator[str]:
    yield note
    for words, fewer in _SHORTER.items():
        note = note.replace(words, fewer)
    yield note
    yield _PROCESS_ID.sub("", note)
    while ", " in note:
        note = note.rpartition(", ")[0]
        yield note + signs.ellipsis
