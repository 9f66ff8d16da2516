"""Reads the file of a recording."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager, suppress
from threading import RLock
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.format import counted
from twtop.core.text import printable
from twtop.errors import RecordingError
from twtop.recording.file.faults import READING, is_damage, reason_of
from twtop.recording.file.opening import LONGEST_TEXT, OPERATIONS, open_database
from twtop.recording.file.rows import LATEST_S, joined, of_rows, taken, that_can_be_shown
from twtop.recording.file.schema import PLACE_BITS
from twtop.recording.tape import Look, Mark, Part, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from twtop.recording.file.rows import Row
    from twtop.recording.tape import Index

MOST_BODY: Final = 128 << 20
"""Bytes of an encoded snapshot: one of a million sockets takes less."""

_MOST_LOOKS: Final = 4_000_000
"""More than a month of one a second."""
_MOST_MARKS: Final = 100_000
_LONGEST_SHOWN: Final = 500
_LONGEST_FILTER: Final = 4096
_LONGEST_S: Final = 60.0
_MOST_AT_ONCE: Final = 10_000
_END_OF_NUMBERS: Final = 1 << 63 - PLACE_BITS
_KINDS: Final = frozenset({"found", "worse", "over", "failure"})
_NUMBER_BYTES: Final = 8
_LOOK: Final = "SELECT wall_s, instant_s, is_key, several, sockets, resting FROM looks WHERE number = ?"
_PARTS: Final = "SELECT stream, body, problem, rests FROM parts WHERE number BETWEEN ? AND ? ORDER BY number"
_MARKS: Final = """
    SELECT number, look, wall_s, kind, severity, text FROM marks
    WHERE number > ? AND typeof(look) = 'integer' ORDER BY number LIMIT ?"""
_STREAM: Final = "SELECT name, hostname, kernel, label, namespaced FROM streams WHERE number = ?"
_LOOKS: Final = f"""
    SELECT number, CASE typeof(wall_s) WHEN 'real' THEN wall_s ELSE -1 END,
        typeof(is_key) = 'integer' AND is_key = 1,
        CASE typeof(sockets) WHEN 'integer' THEN sockets ELSE -1 END
    FROM looks WHERE number > ? AND number < {_END_OF_NUMBERS} ORDER BY number LIMIT ?"""  # noqa: S608


def open_tape(path: Path) -> FileTape:
    """Open a recording, finished or not; raises RecordingError, in one line, where it shows nothing."""
    tape = FileTape(path)
    try:
        if not len(tape.index()):
            raise RecordingError(f"{tape.name}: it has no looks that could be shown")
    except RecordingError:
        tape.close()
        raise
    return tape


class FileTape:
    """A recording in a file; for several threads. What is still written grows, and may lose its oldest looks.

    It may have been damaged, or made up by anybody: what makes no sense is left out, and a mark says so.
    """

    def __init__(self, path: Path) -> None:
        """Open it; raises RecordingError."""
        self.name: Final = printable(str(path))
        self._lock = RLock()
        self._deadline_s = 0.0
        self._database, self._is_cut, self._lacks_log = open_database(path)
        self._database.set_progress_handler(self._is_late, OPERATIONS)
        self._rows = of_rows([])
        """All looks that were found."""
        self._is_damaged = False
        self._index: Index | None = None
        self._marks: list[tuple[int, Mark]] = []
        """With the numbers of the last looks when they were written."""
        self._last_mark = -1
        self.damage = ""
        """What cannot be read of what there was when the index was asked for; empty where all can."""
        self._told: list[Mark] = []
        """All that are to be shown."""
        self._streams: dict[int, Stream] = {}
        try:
            with self._reading("SELECT name, value FROM about LIMIT 100") as rows:
                about = dict(rows.fetchall())
        except RecordingError:
            self.close()
            raise
        self.filter: Final = _text(about.get("filter"), _LONGEST_FILTER)
        self.is_finished: Final = "ended_s" in about
        """Whoever wrote it has ended it: it does not grow any more."""

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def index(self) -> Index:
        """Return what there is now, as far as it can be read."""
        with self._lock:
            before, is_over = self._rows, self.is_finished or self._is_damaged
            if self._index is not None and is_over:
                return self._index
            self._forget()
            self._read_looks()
            if self._index is None or self._rows is not before:
                self._index = that_can_be_shown(self._rows)
            self._told = [mark for _, mark in self._marks] + self._note_damage(self._index)
            return self._index

    def look(self, number: int) -> Look:
        """Return one look; raises RecordingError where it is damaged, or not there any more."""
        if not 0 <= number < _END_OF_NUMBERS:
            raise RecordingError("that moment is not kept any more")
        with self._reading(_LOOK, number) as rows:
            row = rows.fetchone()
        if row is None:
            raise RecordingError("that moment is not kept any more")
        wall_s, instant_s, is_key, several, sockets, resting = row
        parts = tuple(self._parts(number, resting))
        look = Look(wall_s, instant_s, bool(is_key), bool(several), sockets, parts)
        if not _is_sound(look):
            raise self._damaged()
        return look

    def stream(self, number: int) -> Stream:
        """Return what is known of a namespace; raises RecordingError where nothing is."""
        if number not in self._streams:
            with self._reading(_STREAM, number) as rows:
                row = rows.fetchone()
            if row is None:
                raise RecordingError(f"{self.name}: it does not tell of which host that is")
            name, hostname, kernel, label = map(_text, row[:4])
            self._streams[number] = Stream(number, name, hostname, kernel, label, bool(row[4]))
        return self._streams[number]

    def marks(self) -> Sequence[Mark]:
        """Return all marks that there were when the index was asked for, the oldest first."""
        return self._told

    def _note_damage(self, index: Index) -> list[Mark]:
        lost = len(self._rows) - len(index)
        self.damage = ""
        if lost or self._is_damaged:
            what = "what came after the last look" if self._is_damaged else counted(lost, "look")
            self.damage = f"the file is damaged: {what} cannot be read"
        elif self._lacks_log and not self.is_finished:
            self.damage = "nobody ended it, and its -wal cannot be read: up to a minute may be missing"
        if not len(index) or not self.damage:
            return []
        return [Mark(float(index.wall_s[-1]), "failure", 0, self.damage)]

    def _forget(self) -> None:
        """Leave out what is not in the file any more."""
        with self._reading("SELECT min(number) FROM looks") as rows:
            (first,) = rows.fetchone()
        kept = self._rows.number >= (first if isinstance(first, int) else _END_OF_NUMBERS)
        if not kept.all():
            self._rows = taken(self._rows, kept)
            self._marks = [(look, mark) for look, mark in self._marks if look >= first]

    def _read_looks(self) -> None:
        """Go on to the newest look, or up to where the file is damaged."""
        last = int(self._rows.number[-1]) if len(self._rows) else -1
        found = [self._rows]
        some: list[Row] = []
        try:
            with self._reading(_LOOKS, last, _MOST_LOOKS - len(self._rows)) as rows:
                for row in rows:
                    some.append(row)
                    if len(some) == _MOST_AT_ONCE:
                        found.append(of_rows(some))
                        some.clear()
        except _DamagedError:
            self._is_damaged = True
        self._read_marks()
        if some or len(found) > 1:
            self._rows = joined([*found, of_rows(some)])
        if self._is_cut or self._is_damaged:
            self._is_damaged = True
            self._leave_out_cut()

    def _leave_out_cut(self) -> None:
        """Leave out the newest looks whose bodies are not there."""
        end = len(self._rows)
        until_s = time.monotonic() + _LONGEST_S
        while end and not self._can_read(int(self._rows.number[end - 1])):
            end -= 1
            if time.monotonic() > until_s:
                raise RecordingError(f"{self.name}: it was cut off, and finding out where takes too long")
        self._rows = taken(self._rows, slice(end))

    def _can_read(self, number: int) -> bool:
        with suppress(RecordingError):
            return bool(self.look(number))
        return False

    def _read_marks(self) -> None:
        with (
            suppress(_DamagedError),
            self._reading(_MARKS, self._last_mark, _MOST_MARKS - len(self._marks)) as rows,
        ):
            for number, look, wall_s, kind, severity, text in rows:
                self._last_mark = number
                if _is_time(wall_s) and kind in _KINDS and isinstance(severity, int):
                    self._marks.append((look, Mark(wall_s, kind, severity, _text(text))))

    def _parts(self, number: int, resting: object) -> Iterator[Part]:
        where = number << PLACE_BITS, (number + 1 << PLACE_BITS) - 1
        with self._reading(
            "SELECT total(length(body)) FROM parts WHERE number BETWEEN ? AND ?", *where
        ) as rows:
            if rows.fetchone()[0] > MOST_BODY:
                raise self._damaged()
        with self._reading(_PARTS, *where, longest=MOST_BODY) as rows:
            for stream, body, problem, rests in rows:
                if not isinstance(stream, int) or not isinstance(body, bytes | None):
                    raise self._damaged()
                yield Part(stream, body or b"", _text(problem), bool(rests))
        if resting is not None:
            if not isinstance(resting, bytes) or len(resting) % _NUMBER_BYTES:
                raise self._damaged()
            for stream in np.frombuffer(resting, "<i8").tolist():
                yield Part(stream, b"", rests=True)

    def _damaged(self) -> RecordingError:
        return RecordingError(f"{self.name}: that moment is damaged")

    @contextmanager
    def _reading(self, query: str, *values: int, longest: int = LONGEST_TEXT) -> Iterator[sqlite3.Cursor]:
        """Run a query; raises RecordingError where its answer cannot be read."""
        with self._lock:
            self._deadline_s = time.monotonic() + _LONGEST_S
            try:
                self._database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)
                yield self._database.execute(query, values)
            except READING as error:
                kind = _DamagedError if is_damage(error) else RecordingError
                raise kind(f"{self.name}: {reason_of(error)}") from error

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline_s


class _DamagedError(RecordingError):
    """The file is damaged where it was read."""


def _is_sound(look: Look) -> bool:
    return (
        _is_time(look.wall_s)
        and _is_time(look.instant_s)
        and isinstance(look.sockets, int)
        and bool(look.parts if look.several else len(look.parts) == 1)
    )


def _is_time(value: object) -> bool:
    return isinstance(value, float) and 0 <= value <= LATEST_S


def _text(value: object, longest: int = _LONGEST_SHOWN) -> str:
    return printable(value[:longest]) if isinstance(value, str) else ""
