"""How a snapshot stands in bytes, and how much of it may be there.

A body is a header of 6 bytes and a stream of zlib (RFC 1950)::

    version     u8   1
    flags       u8   bit 0: a key look, which needs none before it; others: 0
    size        u32  bytes of what the stream holds

All numbers are little-endian. The stream holds these sections, one right behind the other:

``time``
    ``wall_s`` f64 (Unix time), ``instant_s`` f64 (monotonic; never goes back), ``reading_ms`` u32 (how long
    the dump took), ``number`` u32 (how many looks since the key look, 0 for itself), ``before`` u32 (how many
    rows the table had; 0 in a key look).
``facts``
    Length u32, then so many bytes of JSON: an object of what changed (`twtop.recording.codec.facts`).
``owners``
    Who is named for the first time since the key look (`twtop.recording.codec.owners`).
``gone``
    Count u32, then *rows* of the table before.
``changed``
    Count u32; *rows* of the table without the gone; then for each of `CHANGING` u8: 0 it is as it was, 1 it
    changed in all of these rows, 2 in some, which *bits* tell; and a *column* of the new values.
``born``
    Count u32; cookies u64, *ascending*; of each of `COLUMNS` a *column*. They stand behind the others.
    ``expires_ms`` are milliseconds from ``instant_s``, ``owner`` numbers of the section ``owners``.
``udp``
    u8: 0 as before, 1 unknown, 2 count u32 and a *column* u16 of each port less the one before it.
``tcp_info``
    `twtop.recording.codec.info`.

A table's timers are not written again while they run as clocks do: with ``expires_ms`` comes the instant of
the end, and who reads counts down to it. What is read of a timer then differs from what was seen by at most
`TOLERANCE_MS`, no matter after how many looks. The timer 0 is off and does not run.

*column*: nothing where it is empty. Else a mask u8 of the bytes in which values differ (bit 0: the lowest),
the first value, and for each byte in the mask this byte of every value: what varies little stands together.

*ascending*: the first value, then a *column* of each other one less the one before it; none is 0.

*rows*: numbers u32, *ascending*.

*bits*: one for each row, eight in a byte, the first in the highest bit.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np

from twtop.core.changes import READING_MS
from twtop.core.sockets import DTYPES
from twtop.errors import RecordingError

VERSION: Final = 1
"""Of the layout; another list of columns is another version."""
HEADER: Final = struct.Struct("<BBI")
TIME: Final = struct.Struct("<ddIII")
KEY: Final = 1

IDENTITY: Final = (
    "family", "local_port", "remote_port", "local_hi", "local_lo", "remote_hi", "remote_lo",
)  # fmt: skip
"""With another of these it is another socket, whatever its cookie."""
CHANGING: Final = (
    "state", "timer", "retrans", "expires_ms", "rqueue", "wqueue", "interface", "uid", "inode", "cgroup",
    "netns", "owner", "certainty",
)  # fmt: skip
COLUMNS: Final = IDENTITY + CHANGING
"""All but the cookie."""
LITTLE: Final[dict[str, np.dtype[Any]]] = {
    name: np.dtype(dtype).newbyteorder("<") for name, dtype in DTYPES.items()
}

AS_BEFORE: Final = 0
ALL: Final = 1
SOME: Final = 2
UNKNOWN: Final = 1
KNOWN: Final = 2

TOLERANCE_MS: Final = 200
"""Twice it is less than `READING_MS`: no TIME-WAIT seems restarted, or does not, because of it."""
assert 2 * TOLERANCE_MS + 2 < READING_MS  # noqa: S101 - what the sentence above says

MOST_ROWS: Final = 1 << 22
"""More sockets than hosts have; a table so long takes 400 MB, and as much again while it changes."""
MOST_BYTES: Final = 1 << 28
"""What a stream may hold: 64 bytes a socket, of which a table takes some 10."""
MOST_FACTS: Final = 1 << 22
MOST_OWNERS: Final = 1 << 20
"""Since a key look."""
MOST_INFO: Final = 1 << 20
MOST_UDP_PORTS: Final = 1 << 20
LATEST_S: Final = float(1 << 37)
"""Of any time, in seconds: some four thousand years."""


def damaged(what: str) -> RecordingError:
    """Return the error of bytes that make no sense."""
    return RecordingError(f"a look of the recording is damaged: {what}")
