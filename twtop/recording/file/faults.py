"""What SQLite complains about, in words that go after a file's name."""

from __future__ import annotations

import sqlite3
from typing import Final

from twtop.core.text import printable
from twtop.errors import system_reason

_PRIMARY: Final = 0xFF
"""The bits of a result code that are the same for all its kinds (https://sqlite.org/rescode.html)."""
_REASONS: Final = {
    sqlite3.SQLITE_FULL: "no space left on device",
    sqlite3.SQLITE_READONLY: "it may not be written",
    sqlite3.SQLITE_IOERR: "input/output error",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_BUSY: "another program has locked it",
    sqlite3.SQLITE_LOCKED: "another program has locked it",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is no recording of twtop",
    sqlite3.SQLITE_PERM: "permission denied",
    sqlite3.SQLITE_AUTH: "permission denied",
    sqlite3.SQLITE_NOMEM: "it takes too much memory",
    sqlite3.SQLITE_TOOBIG: "something in it is too big",
    sqlite3.SQLITE_INTERRUPT: "reading it takes too long",
}

_DAMAGE: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_TOOBIG}

READING: Final = (sqlite3.Error, UnicodeDecodeError)
"""What reading may raise: what SQLite says of a file may quote it, and what it quotes be no text."""


def is_damage(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """Whether what was read makes no sense, or cannot be read from the disk."""
    return isinstance(error, UnicodeDecodeError) or _primary(error) in _DAMAGE


def reason_of(error: sqlite3.Error | OSError | UnicodeDecodeError) -> str:
    """Return why something could not be done with a file."""
    if isinstance(error, OSError):
        return system_reason(error)
    if isinstance(error, UnicodeDecodeError):
        return _REASONS[sqlite3.SQLITE_CORRUPT]
    return _REASONS.get(_primary(error), printable(str(error)))


def _primary(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & _PRIMARY
