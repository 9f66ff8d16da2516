"""tcp_info as what changed since the reading before, most of which does not.

Section ``tcp_info`` (`twtop.recording.codec.layout`): u8, 0 the reading is the one before, 2 it is new. Then:

* its ``instant_s`` f64;
* count u32 and *rows* of the reading before that are gone;
* count u32 and ``identity`` u64 of those that are new, *ascending*, but here one may be there twice;
* of the new, *columns* of ``silent_ms`` u32 and ``options`` u8;
* of those that stayed, *columns* of what differs: ``silent_ms`` u32 from what it had become if nothing was
  received, with the sign in the lowest bit, and ``options`` u8 by exclusive or.

Before a key look there was no reading.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.lookup import find
from twtop.core.tcp_info import TcpInfo, no_tcp_info
from twtop.recording.codec.layout import AS_BEFORE, KNOWN, MOST_INFO, damaged

if TYPE_CHECKING:
    from twtop.core.sockets import U32, Rows
    from twtop.recording.codec.reading import Reader
    from twtop.recording.codec.writing import Writer

NO_READING: Final = no_tcp_info()
_INSTANT: Final = struct.Struct("<d")
_U8: Final = np.dtype("u1")
_U32: Final = np.dtype("<u4")
_U64: Final = np.dtype("<u8")
_ONE: Final = np.uint32(1)


def write(writer: Writer, before: TcpInfo, now: TcpInfo) -> None:
    """Add what changed."""
    if now is before:
        writer.byte(AS_BEFORE)
        return
    writer.byte(KNOWN)
    writer.raw(_INSTANT.pack(now.instant_s))
    at, there = find(now.identity, before.identity)
    if (np.diff(at[there]) <= 0).any() or (now.identity[1:] == now.identity[:-1]).any():
        # One that was listed twice cannot be told from its like.
        there[:] = False
    rows, old = np.flatnonzero(there), at[there]
    gone = np.ones(len(before.identity), np.bool_)
    gone[old] = False
    gone_rows = np.flatnonzero(gone).astype(np.uint32)
    writer.number(len(gone_rows))
    writer.ascending(gone_rows)
    new = np.flatnonzero(~there)
    writer.number(len(new))
    writer.ascending(now.identity[new])
    writer.column(now.silent_ms[new])
    writer.column(now.options[new])
    writer.column(_folded(now.silent_ms[rows] - _expected(before, now.instant_s, old)))
    writer.column(now.options[rows] ^ before.options[old])


def read(reader: Reader, before: TcpInfo) -> TcpInfo:
    """Return the reading that is meant, without its ``lack``; raises RecordingError."""
    if reader.byte(KNOWN) == AS_BEFORE:
        return before
    instant_s = reader.time(*reader.fields(_INSTANT))
    kept = np.ones(len(before.identity), np.bool_)
    kept[reader.rows(reader.count(MOST_INFO), len(kept))] = False
    old = np.flatnonzero(kept)
    count = reader.count(MOST_INFO)
    if len(old) + count > MOST_INFO:
        raise damaged("it has tcp_info of too many sockets")
    identity = np.append(before.identity[old], reader.ascending(_U64, count, repeated=True))
    silent_ms, options = reader.column(_U32, count), reader.column(_U8, count)
    stayed_ms = _expected(before, instant_s, old) + _unfolded(reader.column(_U32, len(old)))
    silent_ms = np.append(stayed_ms, silent_ms)
    options = np.append(before.options[old] ^ reader.column(_U8, len(old)), options)
    order = np.argsort(identity, kind="stable")
    return TcpInfo(identity[order], silent_ms[order], options[order], instant_s)


def _expected(before: TcpInfo, instant_s: float, rows: Rows) -> U32:
    """Return for how long sockets have received nothing if nothing came since the reading before."""
    passed_ms = round(1000 * (instant_s - before.instant_s)) & 0xFFFF_FFFF
    return before.silent_ms[rows] + np.uint32(passed_ms)


def _folded(differences: U32) -> U32:
    """Return small numbers for small differences, whichever way they go."""
    return differences << _ONE ^ -(differences >> np.uint32(31))


def _unfolded(numbers: U32) -> U32:
    return numbers >> _ONE ^ -(numbers & _ONE)
