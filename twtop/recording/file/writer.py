"""Writes one file of a recording."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections import deque
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop import __version__
from twtop.errors import RecordingError
from twtop.recording.file.faults import reason_of
from twtop.recording.file.opening import connect
from twtop.recording.file.schema import APPLICATION_ID, FORMAT, PLACE_BITS, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from twtop.recording.tape import Look, Mark, Part, Stream

_MODE: Final = 0o600
"""Addresses, users and processes are nobody else's business."""
_PAGE_BYTES: Final = 4096
_WAL_BYTES: Final = 4 << 20
"""So much may be beside the file before it is moved into it."""
_WAL_SHARE: Final = 16
"""Of a limited file it is one part in so many."""
_INDEX_BYTES: Final = 64 << 10
"""The shared memory that finds things in the write-ahead log: 32 KiB for 4096 pages."""
_PAGES_AROUND: Final = 16
"""More than what a look writes beside its bodies: the ends of all tables and indices."""
_LOOK_BYTES: Final = 32 << 20
"""No look of a limited file takes more, or more than one part in so many of the file."""
_LOOK_SHARE: Final = 8
_CHAPTERS_AT_LEAST: Final = 4
"""A chapter that takes more than its share of the limit is ended, so that the oldest can be dropped."""
_STANDS_FOR: Final = os.O_PATH | os.O_CLOEXEC
_CLOSED: Final = -1
_WRITING: Final = "mode=rw"


class About(NamedTuple):
    """What a recording says of itself."""

    hostname: str
    filter: str = ""
    """The text of the filter that its sockets match; empty where all are recorded."""


class Written(NamedTuple):
    """What a file has."""

    size: int
    """Bytes, all files that belong to it together."""
    looks: int
    span_s: float
    """Time from the oldest look to the newest."""


class _Chapter(NamedTuple):
    first: int
    """Number of its first look."""
    wall_s: float


class Writer:
    """A new file that looks are added to, each in a transaction of its own; for one thread at a time.

    A process that is killed loses no look that was added. With ``most_bytes`` the file never takes more,
    all told: the oldest chapters are dropped, and their pages used again.
    """

    def __init__(self, path: Path, about: About, began_s: float, most_bytes: int | None = None) -> None:
        """Make the file; raises RecordingError where that is impossible or there is something already."""
        self.path: Final = path
        self._most_bytes = most_bytes
        self._wal_bytes = _WAL_BYTES if most_bytes is None else min(_WAL_BYTES, most_bytes // _WAL_SHARE)
        self._wants_key = True
        self._next = 0
        """Number of the look to come."""
        self._next_mark = 0
        """Number of the mark to come."""
        self._least_bytes = 0
        """As long as the file was once: it never gets shorter."""
        self._chapters: deque[_Chapter] = deque()
        self._chapter_bytes = 0
        """What the bodies of the newest chapter take."""
        self._newest_s = 0.0
        self._streams: dict[int, Stream] = {}
        """Those of the newest chapter."""
        with _explained(path):
            _make(path)
            # It stands for the file wherever that is moved to. Closing any other descriptor of the file would
            # give up the locks that SQLite has on it (https://sqlite.org/howtocorrupt.html, 2.2).
            self._file = os.open(path, _STANDS_FOR)
            self._log = _CLOSED
            """Stands for the write-ahead log in the same way."""
            self._database = connect(path, _WRITING)
            try:
                self._lay_out(about, began_s)
            except (sqlite3.Error, RecordingError):
                if not os.fstat(self._file).st_size:
                    path.unlink()
                self.close()
                raise

    def _lay_out(self, about: About, began_s: float) -> None:
        execute = self._database.execute
        execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        execute("PRAGMA secure_delete = OFF")
        with self._transaction("EXCLUSIVE"):
            if execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise RecordingError(f"{self.path}: another recorder has begun it")
            execute(f"PRAGMA application_id = {APPLICATION_ID}")
            execute(f"PRAGMA user_version = {FORMAT}")
            for statement in TABLES.values():
                execute(statement)
            facts = {"made_by": f"twtop {__version__}", "began_s": began_s, **about._asdict()}
            self._database.executemany("INSERT INTO about VALUES (?, ?)", facts.items())
        # Where SQLite can have no log it keeps its rollback journal, which is as safe, and slower.
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        execute("PRAGMA wal_autocheckpoint = 0")
        execute(f"PRAGMA journal_size_limit = {self._wal_bytes}")
        # The log is there from the first transaction on.
        execute("SELECT * FROM about").fetchone()
        with suppress(OSError):
            self._log = os.open(self._wal, _STANDS_FOR)

    @property
    def wants_key(self) -> bool:
        """Whether the next look must be a key look."""
        most = self._most_bytes
        return self._wants_key or (most is not None and self._chapter_bytes > most // _CHAPTERS_AT_LEAST)

    @property
    def is_there(self) -> bool:
        """Whether the file has a name, this one or another, and nobody has cut it."""
        found = os.fstat(self._file)
        return found.st_nlink > 0 and found.st_size >= self._least_bytes

    @property
    def place(self) -> Path:
        """Where the file is now, if it is."""
        return Path(f"/proc/self/fd/{self._file}").readlink()

    @property
    def written(self) -> Written:
        """What the file has by now."""
        oldest = self._chapters[0] if self._chapters else _Chapter(self._next, self._newest_s)
        return Written(self._size(), self._next - oldest.first, self._newest_s - oldest.wall_s)

    def add(self, look: Look, streams: Mapping[int, Stream], marks: Sequence[Mark]) -> None:
        """Keep a look, as `twtop.recording.tape.Sink` says.

        Raises RecordingError where that is impossible; then the next look must be a key look.
        """
        # Until it is there: what comes after a look that is not there cannot be decoded.
        self._wants_key = True
        with _explained(self.path):
            if not self.is_there:
                raise RecordingError(f"{self.path}: it was deleted or cut")
            if self._most_bytes is not None:
                self._make_room(look, self._most_bytes)
            with self._transaction("IMMEDIATE"):
                self._insert(look, streams, marks)
            self._wants_key = False
            if look.is_key:
                self._chapters.append(_Chapter(self._next, look.wall_s))
                self._chapter_bytes = 0
            self._chapter_bytes += look.size
            self._newest_s = look.wall_s
            self._next += 1
            self._next_mark += len(marks)
        if look.is_key or _size_of(self._wal) > self._wal_bytes:
            # What cannot be moved into the file stays beside it for now.
            with suppress(sqlite3.Error):
                self._checkpoint("PASSIVE")

    def _insert(self, look: Look, streams: Mapping[int, Stream], marks: Sequence[Mark]) -> None:
        number, many = self._next, self._database.executemany
        if look.is_key:
            self._streams.clear()
        for stream in streams.values():
            if self._streams.get(stream.number) != stream:
                many("INSERT OR REPLACE INTO streams VALUES (?, ?, ?, ?, ?, ?, ?)", [(*stream, number)])
                self._streams[stream.number] = stream
        resting = [part.stream for part in look.parts if _only_rests(part)]
        row = (number, *look[:-1], np.array(resting, "<i8").tobytes() or None)
        many("INSERT INTO looks VALUES (?, ?, ?, ?, ?, ?, ?)", [row])
        parts = [
            (number << PLACE_BITS | place, part.stream, part.body or None, part.problem, part.rests)
            for place, part in enumerate(look.parts)
            if not _only_rests(part)
        ]
        many("INSERT INTO parts VALUES (?, ?, ?, ?, ?)", parts)
        self._insert_marks(number, marks)

    def mark(self, marks: Sequence[Mark]) -> None:
        """Write marks before there is another look, or because there will be none; raises RecordingError."""
        with _explained(self.path), self._transaction("IMMEDIATE"):
            self._insert_marks(max(0, self._next - 1), marks)
        self._next_mark += len(marks)

    def _insert_marks(self, look: int, marks: Sequence[Mark]) -> None:
        rows = [(number, look, *mark) for number, mark in enumerate(marks, self._next_mark)]
        self._database.executemany("INSERT INTO marks VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _make_room(self, look: Look, most_bytes: int) -> None:
        """Drop the oldest chapters until a look fits; raises RecordingError where it never will."""
        most_look = min(_LOOK_BYTES, most_bytes // _LOOK_SHARE)
        needed = look.size + _PAGES_AROUND * _PAGE_BYTES
        if needed > most_look:
            raise RecordingError(
                f"{self.path}: a look takes more than {most_look / (1 << 20):.3g} MiB, which is too much for"
                f" a file of {most_bytes / (1 << 20):,.3g} MiB"
            )
        if _size_of(self._wal) > self._wal_bytes + most_look and not self._checkpoint("TRUNCATE"):
            raise RecordingError(f"{self.path}: another program reads it all the time")
        room = most_bytes - self._wal_bytes - most_look - _INDEX_BYTES - needed
        while self._bytes_in_use() > room and len(self._chapters) > (0 if look.is_key else 1):
            self._drop_chapter()

    def _bytes_in_use(self) -> int:
        pages, free = (
            self._database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count")
        )
        return int(pages - free) * _PAGE_BYTES

    def _checkpoint(self, how: str) -> bool:
        """Move what is beside the file into it; return whether that is all."""
        busy, *_ = self._database.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
        self._least_bytes = os.fstat(self._file).st_size
        return not busy

    def _drop_chapter(self) -> None:
        self._chapters.popleft()
        first = self._chapters[0].first if self._chapters else self._next
        with self._transaction("IMMEDIATE"):
            self._database.execute("DELETE FROM looks WHERE number < ?", (first,))
            self._database.execute("DELETE FROM parts WHERE number < ?", (first << PLACE_BITS,))
            for table in ("marks", "streams"):
                self._database.execute(f"DELETE FROM {table} WHERE look < ?", (first,))  # noqa: S608

    def finish(self, ended_s: float) -> Written:
        """End the recording, and leave one file, wherever it is now; return what it has.

        Raises RecordingError where not all can be moved into it; what is beside it belongs to it then.
        """
        try:
            with _explained(self.path):
                if self.is_there:
                    self._database.execute("INSERT OR REPLACE INTO about VALUES ('ended_s', ?)", (ended_s,))
                    is_whole = self._checkpoint("TRUNCATE")
                    self._database.close()
                    if is_whole:
                        self._leave_one_file()
            return self.written
        except RecordingError as error:
            raise RecordingError(f"{error}; a part of it is in {self._wal}") from error
        finally:
            self.close()

    def _leave_one_file(self) -> None:
        """Let the file need no other ones any more; what SQLite leaves behind is empty, and removed."""
        # Whoever reads it keeps it as it is: it is whole all the same.
        with suppress(sqlite3.Error), closing(connect(self.place, _WRITING)) as database:
            database.execute("PRAGMA journal_mode = DELETE")
        if not _size_of(self._wal):
            self._remove_log()

    def _remove_log(self) -> None:
        if _is_same(self._wal, self._log):
            self._wal.unlink()
            Path(f"{self.path}-shm").unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file as it is."""
        if self._file != _CLOSED:
            self._database.close()
            for file in {self._file, self._log} - {_CLOSED}:
                os.close(file)
            self._file = self._log = _CLOSED

    def discard(self) -> None:
        """Leave nothing of the file."""
        with suppress(OSError):
            self._database.close()
            if _is_same(self.path, self._file):
                self.path.unlink()
            self._remove_log()
        self.close()

    @property
    def _wal(self) -> Path:
        return Path(f"{self.path}-wal")

    def _size(self) -> int:
        beside = sum(_size_of(Path(f"{self.path}{suffix}")) for suffix in ("-wal", "-shm", "-journal"))
        return os.fstat(self._file).st_size + beside

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        self._database.execute(f"BEGIN {kind}")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise


def _make(path: Path) -> None:
    """Make an empty file; raises RecordingError where there is anything that it would spoil."""
    # logrotate(8) makes an empty file before it says that there is something to rotate.
    is_empty = _is_empty_file(path)
    if is_empty or not os.path.lexists(path):
        for log in (f"{path}-wal", f"{path}-journal"):
            if _size_of(Path(log)):
                raise RecordingError(
                    f"{log} belongs to a recording that was moved away without it: move it, too"
                )
    try:
        os.close(
            os.open(path, os.O_WRONLY | os.O_CREAT | (0 if is_empty else os.O_EXCL) | os.O_NOFOLLOW, _MODE)
        )
    except FileExistsError:
        raise RecordingError(f"{path} exists already, and a recording overwrites nothing") from None


def _is_empty_file(path: Path) -> bool:
    with suppress(OSError):
        found = path.lstat()
        return stat.S_ISREG(found.st_mode) and not found.st_size
    return False


def _size_of(path: Path) -> int:
    with suppress(OSError):
        return path.lstat().st_size
    return 0


def _is_same(path: Path, file: int) -> bool:
    with suppress(OSError):
        return os.path.samestat(path.lstat(), os.fstat(file))
    return False


def _only_rests(part: Part) -> bool:
    return part.rests and not part.body and not part.problem


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Let what goes wrong name the file."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise RecordingError(f"{path}: {reason_of(error)}") from error
