"""The file of a recording: an SQLite database, format 1.

``PRAGMA application_id`` is 0x74777470 (``twtp``), ``PRAGMA user_version`` the number of the format. While it
is written there are a ``-wal`` and a ``-shm`` beside it; a finished recording is one file. The tables:

``about``
    What the recording says of itself, by ``name``: ``made_by`` (``twtop 1.0``), ``hostname``, ``filter``
    (empty where all sockets were recorded), ``began_s`` and, of a finished one, ``ended_s`` (Unix times).
``streams``
    The network namespaces that looks are about, as `twtop.recording.tape.Stream` describes them. ``look`` is
    the one that they were described with; they are described again in every chapter.
``looks``
    One row for each instant. ``number`` is ascending, and consecutive within a chapter. ``wall_s`` is Unix
    time, ``instant_s`` monotonic time; ``is_key`` marks the first look of a chapter: it can be decoded by
    itself, the others only after all before them in the chapter. ``several``: all namespaces were looked at,
    side by side. ``sockets``: how many there were. ``resting``: numbers of namespaces that were there without
    sockets, and were not read again, 8 bytes each, little endian; NULL for none.
``parts``
    What a look saw of each namespace that was read (`twtop.recording.tape.Part`): ``body`` is an encoded
    snapshot (`twtop.recording.codec`), NULL where it could not be read, with the reason in ``problem``.
    ``number >> 16`` is that of the look: found without an index, which would be one more page to write
    for each look, and one more to be damaged.
``marks``
    What is worth finding again (`twtop.recording.tape.Mark`): findings that came, got worse and went,
    failures of looks, and gaps of the recording; ``look`` is the last one when they were written.

The oldest chapters of a recording with a limit are deleted, and their pages used again.
"""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = int.from_bytes(b"twtp")
FORMAT: Final = 1

TABLES: Final = {
    "about": "CREATE TABLE about (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "streams": (
        "CREATE TABLE streams (number INTEGER PRIMARY KEY, name TEXT, hostname TEXT, kernel TEXT, label TEXT,"
        " namespaced INTEGER, look INTEGER)"
    ),
    "looks": (
        "CREATE TABLE looks (number INTEGER PRIMARY KEY, wall_s REAL, instant_s REAL, is_key INTEGER,"
        " several INTEGER, sockets INTEGER, resting BLOB)"
    ),
    "parts": (
        "CREATE TABLE parts (number INTEGER PRIMARY KEY, stream INTEGER, body BLOB, problem TEXT,"
        " rests INTEGER)"
    ),
    "marks": (
        "CREATE TABLE marks (number INTEGER PRIMARY KEY, look INTEGER, wall_s REAL, kind TEXT,"
        " severity INTEGER, text TEXT)"
    ),
}
"""Each with the very text by which it was made: what has another one is not read."""
PLACE_BITS: Final = 16
"""Those of `parts.number` that tell the namespaces of a look apart."""
