"""Reads what `twtop.recording.codec.writing` wrote, or what somebody made to look like it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from twtop.core.text import printable
from twtop.recording.codec.layout import LATEST_S, MOST_BYTES, damaged

if TYPE_CHECKING:
    import struct

    from numpy.typing import NDArray

    from twtop.core.sockets import Mask

_MOST_TEXT: Final = 1 << 24
_LONGEST_TEXT: Final = 4096


def decompressed(packed: bytes, size: int) -> bytes:
    """Return what a stream holds, which must be as much as was said; RecordingError otherwise."""
    if size > MOST_BYTES:
        raise damaged(f"it claims to hold {size:,} bytes, and {MOST_BYTES:,} are the most")
    stream = zlib.decompressobj()
    try:
        # One byte more, so that the end of the stream is reached.
        raw = stream.decompress(packed, size + 1)
    except zlib.error as error:
        raise damaged("it cannot be decompressed") from error
    if len(raw) != size or not stream.eof or stream.unused_data:
        raise damaged("it does not hold as many bytes as it claims")
    return raw


class Reader:
    """Takes a body apart; every method raises RecordingError where it makes no sense.

    Nothing is allocated that was not bounded before: by the bytes that are there, or by a limit.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return bytes as they are."""
        stop = self._at + size
        if stop > len(self._raw):
            raise damaged("it ends too early")
        part = self._raw[self._at : stop]
        self._at = stop
        return part

    def fields(self, layout: struct.Struct) -> tuple[Any, ...]:
        """Return numbers of a fixed layout."""
        return layout.unpack(self.take(layout.size))

    def time(self, value: float) -> float:
        """Return a time in seconds; it must be one that can be counted with."""
        # What is not a number fails this, too.
        if not -LATEST_S <= value <= LATEST_S:
            raise damaged("a time is out of range")
        return value

    def byte(self, most: int) -> int:
        """Return a number of 8 bits."""
        value = self.take(1)[0]
        if value > most:
            raise damaged(f"{value} means nothing where {most} is the most")
        return value

    def count(self, most: int) -> int:
        """Return a number of 32 bits."""
        value = int.from_bytes(self.take(4), "little")
        if value > most:
            raise damaged(f"it counts {value:,} where {most:,} are the most")
        return value

    def column(self, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        """Return numbers of any order, not to be written to; ``count`` must be bounded already."""
        if not count:
            return np.zeros(0, dtype)
        mask = self.take(1)[0]
        first = np.frombuffer(self.take(dtype.itemsize), dtype)
        if mask >> dtype.itemsize:
            raise damaged("a column has more bytes than its numbers")
        if not mask:
            return np.broadcast_to(first.astype(dtype.newbyteorder("=")), count)
        values = np.full(count, first, dtype)
        planes = values.view(np.uint8).reshape(count, dtype.itemsize)
        for at in range(dtype.itemsize):
            if mask >> at & 1:
                planes[:, at] = np.frombuffer(self.take(count), np.uint8)
        return values.astype(dtype.newbyteorder("="), copy=False)

    def ascending(self, dtype: np.dtype[Any], count: int, *, repeated: bool = False) -> NDArray[Any]:
        """Return numbers of which each is greater than the one before, or as great if so allowed."""
        if not count:
            return np.zeros(0, dtype)
        values = np.empty(count, dtype.newbyteorder("="))
        values[:1] = np.frombuffer(self.take(dtype.itemsize), dtype)
        values[1:] = self.column(dtype, count - 1)
        np.add.accumulate(values, out=values)
        # Sums may have gone beyond the largest number.
        falls = values[1:] < values[:-1] if repeated else values[1:] <= values[:-1]
        if falls.any():
            raise damaged("numbers do not ascend")
        return values

    def rows(self, count: int, table: int) -> NDArray[np.intp]:
        """Return ascending row numbers of a table of so many rows."""
        if count > table:
            raise damaged(f"it names {count:,} rows of {table:,}")
        rows = self.ascending(np.dtype("<u4"), count)
        if count and rows[-1] >= table:
            raise damaged(f"it names row {int(rows[-1]):,} of {table:,}")
        return rows.astype(np.intp)

    def bits(self, count: int) -> Mask:
        """Return truths."""
        packed = np.frombuffer(self.take(-(-count // 8)), np.uint8)
        return np.unpackbits(packed, count=count).view(np.bool_)

    def texts(self, most: int) -> list[str]:
        """Return texts, fit for a terminal."""
        count, whole = self.count(most), self.take(self.count(_MOST_TEXT))
        if whole.count(b"\n") != max(0, count - 1) or (whole and not count):
            raise damaged("it has not as many texts as it claims")
        try:
            texts = whole.decode().split("\n") if count else []
        except UnicodeDecodeError as error:
            raise damaged("a text is not UTF-8") from error
        if any(len(text) > _LONGEST_TEXT for text in texts):
            raise damaged(f"a text is longer than {_LONGEST_TEXT:,} characters")
        return [printable(text) for text in texts]

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self._at != len(self._raw):
            raise damaged("there is more than there should be")
