"""Opens the file of a recording, which may be damaged, hostile, or still being written."""

from __future__ import annotations

import os
import sqlite3
import stat
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from twtop.core.text import printable
from twtop.errors import RecordingError
from twtop.recording.file.faults import READING, is_damage, reason_of
from twtop.recording.file.schema import APPLICATION_ID, FORMAT, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_TEXT: Final = 1 << 16
"""Bytes of anything but encoded snapshots."""
OPERATIONS: Final = 100_000
"""So often, by operations of SQLite's, it is seen to that nothing lasts too long."""

_HEADER: Final = struct.Struct(">16sH2B4x2I28xI4xI20xI4x")
_MAGIC: Final = b"SQLite format 3\0"
_WITH_WAL: Final = 2
_LONGEST_S: Final = 20.0
_LOCKED_S: Final = 2.0
"""How long to wait for another program that has it locked."""
_NO_SHARING: Final = "vfs=unix-none"
_NO_LOG: Final = "immutable=1"
"""Else SQLite would make a log, or look for one in vain."""


class _Header(NamedTuple):
    """What the first page says (https://sqlite.org/fileformat2.html, 1.3)."""

    uses_log: bool
    """Some of the file may be in a write-ahead log beside it."""
    is_cut: bool
    """There should be more of the file, unless that is in the log."""


class Opened(NamedTuple):
    """A recording that can be read."""

    database: sqlite3.Connection
    is_cut: bool
    """The file was cut off."""
    lacks_log: bool
    """It is read without the write-ahead log that it had while it was written."""


def open_database(path: Path) -> Opened:
    """Open a recording for nothing but reading; nothing that is in it can be run.

    Raises RecordingError, with the reason in one line, where it cannot be read, or is no recording.
    """
    name = printable(str(path))
    try:
        header = _header(path, name)
    except OSError as error:
        raise RecordingError(f"{name}: {reason_of(error)}") from error
    deadline_s = time.monotonic() + _LONGEST_S
    refusal: sqlite3.Error | UnicodeDecodeError | None = None
    for how in _ways(path, header):
        try:
            database = connect(path, how)
        except sqlite3.Error as error:
            refusal = error
            continue
        try:
            if _NO_SHARING in how:
                # Then SQLite needs no shared memory to find things in the log.
                database.execute("PRAGMA locking_mode = EXCLUSIVE")
            _confine(database)
            database.set_progress_handler(lambda: time.monotonic() > deadline_s, OPERATIONS)
            if header.is_cut:
                # Else SQLite refuses a file with fewer pages than it should have.
                database.execute("PRAGMA writable_schema = ON")
            _check_tables(database, name)
        except READING as error:
            database.close()
            if is_damage(error):
                raise RecordingError(f"{name}: it is damaged: its tables cannot be read") from error
            refusal = error
        except RecordingError:
            database.close()
            raise
        else:
            alone = _NO_LOG in how
            return Opened(database, header.is_cut and alone, header.uses_log and alone)
    assert refusal is not None  # noqa: S101 - for mypy: there is always a way
    raise RecordingError(f"{name}: {reason_of(refusal)}") from refusal


def connect(path: Path, how: str) -> sqlite3.Connection:
    """Open a file as SQLite's parameters say (https://sqlite.org/uri.html); raises sqlite3.Error."""
    name = quote(os.fsencode(path.absolute()))
    return sqlite3.connect(
        f"file:{name}?{how}", timeout=_LOCKED_S, isolation_level=None, check_same_thread=False, uri=True
    )


def _header(path: Path, name: str) -> _Header:
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise RecordingError(f"{name} is a folder, and no recording")
    if not stat.S_ISREG(found.st_mode):
        raise RecordingError(f"{name} is no file, and so no recording")
    if not found.st_size:
        raise RecordingError(f"{name} is empty")
    with path.open("rb") as file:
        start = file.read(_HEADER.size)
    if not start.startswith(_MAGIC[: len(start)]):
        raise RecordingError(f"{name} is no recording of twtop")
    if len(start) < _HEADER.size:
        raise RecordingError(f"{name} was cut off at its very beginning")
    _, page, _, reads, changes, pages, version, application, valid_for = _HEADER.unpack(start)
    if application != APPLICATION_ID:
        raise RecordingError(f"{name} is a database of another program, and no recording of twtop")
    if version > FORMAT:
        raise RecordingError(
            f"{name} was made by a newer twtop (format {version}); this one reads up to format {FORMAT}"
        )
    is_cut = changes == valid_for and found.st_size < pages * page
    return _Header(reads == _WITH_WAL, is_cut)


def _ways(path: Path, header: _Header) -> Iterator[str]:
    """Yield how the file can be opened, the best first; none changes it."""
    if header.uses_log and _is_file(f"{path}-wal"):
        if _is_file(f"{path}-shm"):
            # It may be written meanwhile.
            yield "mode=ro"
        # Without the shared memory, which would be made beside the file, if that is allowed.
        yield f"mode=ro&{_NO_SHARING}"
    elif not header.uses_log and not header.is_cut:
        yield "mode=ro"
    yield f"mode=ro&{_NO_LOG}"


def _is_file(path: str) -> bool:
    with suppress(OSError):
        return stat.S_ISREG(os.lstat(path).st_mode)
    return False


def _confine(database: sqlite3.Connection) -> None:
    """Let nothing in the file run or change anything, or take much memory (https://sqlite.org/security.html)."""
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_TEXT)
    database.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, LONGEST_TEXT)
    database.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, 100)
    database.text_factory = lambda text: text.decode(errors="replace")
    for pragma in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        database.execute(f"PRAGMA {pragma}")


def _check_tables(database: sqlite3.Connection, name: str) -> None:
    """Let the tables be those that twtop makes, and nothing beside them: a schema is code."""
    found = database.execute(
        "SELECT type, name, sql FROM sqlite_master LIMIT ?", (len(TABLES) + 1,)
    ).fetchall()
    if len(found) != len(TABLES) or set(found) != {("table", table, text) for table, text in TABLES.items()}:
        raise RecordingError(f"{name} has other tables than a recording of twtop")
