"""From snapshots of one namespace, one after the other, to bytes (`twtop.recording.codec.layout`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twtop.errors import RecordingError
from twtop.recording.codec import info
from twtop.recording.codec.differences import Comparison, Match, Table, followed, matched
from twtop.recording.codec.facts import FactsWriter
from twtop.recording.codec.layout import (
    ALL,
    AS_BEFORE,
    CHANGING,
    COLUMNS,
    HEADER,
    IDENTITY,
    KEY,
    KNOWN,
    MOST_ROWS,
    SOME,
    TIME,
    UNKNOWN,
    VERSION,
)
from twtop.recording.codec.owners import OwnerNumbers
from twtop.recording.codec.timers import ends_of, milliseconds, time_left_ms
from twtop.recording.codec.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U32, Mask, Rows
    from twtop.recording.codec.timers import Ends


class _Chapter:
    """What was told since a key look, besides sockets."""

    def __init__(self) -> None:
        self.looks = 0
        self.facts = FactsWriter()
        self.owners = OwnerNumbers()
        self.udp_ports: NDArray[np.uint16] | None = None
        self.info = info.NO_READING


class _Last(NamedTuple):
    """The look before; its columns are the snapshot's own."""

    table: Table
    position: U32
    """For each of its rows: in which row of the recorded table it stands."""
    ends: Ends
    """When its timers end, as recorded."""


class _Step(NamedTuple):
    """What is to be told of sockets."""

    gone: U32
    """Rows of the recorded table before."""
    changed: Rows
    """Rows of the snapshot, by their place in the recorded table."""
    marks: Mapping[str, Mask]
    """Which of the changed rows changed in a column, of columns in which any did."""
    born: Rows
    """Rows of the snapshot, by cookie."""
    position: U32
    """As `_Last.position`, after this."""


class Encoder:
    """Encodes the snapshots of one namespace in their order; for one thread.

    It keeps the columns of the snapshot before, which others have anyway, and 16 bytes a socket of its own.
    """

    def __init__(self) -> None:
        self._chapter = _Chapter()
        self._last: _Last | None = None

    def encode(self, snapshot: Snapshot, *, key: bool) -> bytes:
        """Return all that is needed to have the snapshot again; ``key``: without those before it.

        Raises RecordingError where there is more than can be recorded; the next one is a key look then.
        """
        if len(snapshot.sockets) > MOST_ROWS:
            self._last = None
            raise RecordingError(f"more than {MOST_ROWS:,} sockets cannot be recorded")
        last, self._last = self._last, None
        if key or last is None:
            key, self._chapter = True, _Chapter()
        chapter = self._chapter
        columns = {name: getattr(snapshot.sockets, name) for name in COLUMNS}
        columns["owner"] = chapter.owners.of(snapshot.sockets)
        now = Table(snapshot.sockets, snapshot.cookies, columns, snapshot.instant_s, snapshot.reading_ms)
        if last is None:
            step = _from_nothing(now)
            ends = ends_of(now.sockets.timer, now.sockets.expires_ms, milliseconds(now.instant_s))
        else:
            step, ends = _from_key(last, now) if key else _from_last(last, now)
        writer = Writer()
        before = 0 if key or last is None else len(last.table.sockets)
        moment = snapshot.wall_s, snapshot.instant_s, snapshot.reading_ms
        writer.raw(TIME.pack(*moment, chapter.looks, before))
        facts = chapter.facts.changed(snapshot)
        writer.number(len(facts))
        writer.raw(facts)
        chapter.owners.write(writer)
        _write_step(writer, step, now, ends)
        _write_udp(writer, chapter, snapshot.udp_ports, key=key)
        info.write(writer, chapter.info, snapshot.tcp_info)
        size, packed = writer.compressed()
        chapter.looks += 1
        chapter.udp_ports, chapter.info = snapshot.udp_ports, snapshot.tcp_info
        self._last = _Last(now, step.position, ends)
        return HEADER.pack(VERSION, KEY if key else 0, size) + packed


def _from_nothing(now: Table) -> _Step:
    """Tell of all sockets."""
    born = np.argsort(now.sockets.cookie)
    position = np.empty(len(born), np.uint32)
    position[born] = np.arange(len(born), dtype=np.uint32)
    nothing = np.zeros(0, np.uint32)
    return _Step(nothing, nothing.astype(np.intp), {}, born, position)


def _from_key(last: _Last, now: Table) -> tuple[_Step, Ends]:
    """Tell of all sockets; their timers end when they did, so that nothing seems to move at a key look."""
    ends, _ = followed(last.table, last.ends, now, matched(last.table, now))
    return _from_nothing(now), ends


def _from_last(last: _Last, now: Table) -> tuple[_Step, Ends]:
    """Tell of what changed."""
    match = matched(last.table, now)
    comparison = Comparison(last.table, now, match)
    others = comparison.differing_in(IDENTITY)
    if len(others):
        match = match.without(others)
        comparison = Comparison(last.table, now, match)
    ends, moved = followed(last.table, last.ends, now, match)
    marks = {name: comparison.differing(name) for name in CHANGING if name != "expires_ms"}
    marks["expires_ms"] = moved if moved.any() else None
    return _step(last, now, match, {name: mark for name, mark in marks.items() if mark is not None}), ends


def _step(last: _Last, now: Table, match: Match, marks: Mapping[str, Mask]) -> _Step:
    gone = np.sort(last.position[match.gone])
    born = match.born[np.argsort(now.sockets.cookie[match.born])]
    left = len(now.sockets) - len(born)
    position = _after(gone, last.position, match.at) if left else np.empty(len(born), np.uint32)
    position[born] = np.arange(left, len(now.sockets), dtype=np.uint32)
    any_mark = np.zeros(len(now.sockets), np.bool_)
    for mark in marks.values():
        any_mark |= mark
    changed = np.flatnonzero(any_mark)
    changed = changed[np.argsort(position[changed])]
    chosen = {name: mark[changed] for name, mark in marks.items()}
    return _Step(gone, changed, chosen, born, position)


def _after(gone: U32, position: U32, at: Rows) -> U32:
    """Return where rows of the recorded table stand when some are gone, by ``at`` of their positions."""
    if not len(gone):
        return position[at]
    left = np.ones(len(position), np.bool_)
    left[gone] = False
    place = np.cumsum(left, dtype=np.uint32)
    place -= np.uint32(1)
    return place[position[at]]


def _write_step(writer: Writer, step: _Step, now: Table, ends: Ends) -> None:
    writer.number(len(step.gone))
    writer.ascending(step.gone)
    writer.number(len(step.changed))
    writer.ascending(step.position[step.changed])
    for name in CHANGING if len(step.changed) else ():
        mark = step.marks.get(name)
        if mark is None:
            writer.byte(AS_BEFORE)
            continue
        writer.byte(ALL if mark.all() else SOME)
        if not mark.all():
            writer.bits(mark)
        writer.column(_values(name, step.changed[mark], now, ends))
    writer.number(len(step.born))
    writer.ascending(now.sockets.cookie[step.born])
    for name in COLUMNS:
        writer.column(_values(name, step.born, now, ends))


def _values(name: str, rows: Rows, now: Table, ends: Ends) -> NDArray[np.unsignedinteger]:
    if name == "expires_ms":
        return time_left_ms(now.sockets.timer[rows], ends[rows], milliseconds(now.instant_s))
    column = now.columns[name]
    # Of one number all along it is enough to know how many.
    return column[rows] if column.strides[0] else column[: len(rows)]


def _write_udp(writer: Writer, chapter: _Chapter, ports: NDArray[np.uint16] | None, *, key: bool) -> None:
    before = chapter.udp_ports
    if ports is None:
        writer.byte(AS_BEFORE if before is None and not key else UNKNOWN)
    elif before is not None and np.array_equal(before, ports):
        writer.byte(AS_BEFORE)
    else:
        writer.byte(KNOWN)
        writer.number(len(ports))
        writer.column(np.diff(ports, prepend=np.uint16(0)))
