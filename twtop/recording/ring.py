"""The last minutes, in memory: what was recorded before anybody knew that it would be needed."""

from __future__ import annotations

from collections import deque
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.errors import RecordingError
from twtop.recording.tape import Index

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twtop.recording.tape import Look, Mark, Stream

SPAN_S: Final = 600.0
MOST_BYTES: Final = 32 << 20
_CHAPTERS_AT_LEAST: Final = 4
"""A chapter that takes more than its share of the memory is ended, so that the oldest can be dropped."""
_KEY_LOOKS: Final = 2
"""But not before it takes as much as so many of its key looks, which cost the most time and memory."""
_PART_BYTES: Final = 150
"""What Python needs for a part besides its body."""
_MOST_MARKS: Final = 10_000


class Ring:
    """Looks of the last `SPAN_S` seconds, as far as `MOST_BYTES` reach; for several threads.

    The oldest are dropped by whole chapters: without its key look none can be decoded. One chapter is always
    kept. Of more than two million sockets it may take more than `MOST_BYTES`: some 15 bytes a socket, a tenth
    of what twtop needs for the sockets themselves.
    """

    name: Final = "live"
    filter: Final = ""

    def __init__(self, span_s: float = SPAN_S, most_bytes: int = MOST_BYTES) -> None:
        self._lock = Lock()
        self._span_s = span_s
        self._most_bytes = most_bytes
        self._looks: deque[Look] = deque()
        self._first = 0
        """Number of the oldest look."""
        self._bytes = 0
        self._chapter_bytes = 0
        """Those of the chapter that goes on."""
        self._key_bytes = 0
        """Those of its key look."""
        self._streams: dict[int, Stream] = {}
        self._marks: deque[Mark] = deque(maxlen=_MOST_MARKS)

    @property
    def size(self) -> int:
        """How many bytes the looks take."""
        return self._bytes

    @property
    def span_s(self) -> float:
        """How much time there is between the oldest look and the newest."""
        with self._lock:
            return self._looks[-1].instant_s - self._looks[0].instant_s if self._looks else 0.0

    @property
    def wants_key(self) -> bool:
        """Whether the next look must be a key look."""
        share = max(self._most_bytes // _CHAPTERS_AT_LEAST, _KEY_LOOKS * self._key_bytes)
        return not self._looks or self._chapter_bytes > share

    def add(self, look: Look, streams: Mapping[int, Stream], marks: Sequence[Mark]) -> None:
        """Keep a look, and drop what is too old or too much."""
        with self._lock:
            self._looks.append(look)
            self._streams.update(streams)
            self._marks.extend(marks)
            size = _size(look)
            self._bytes += size
            if look.is_key:
                self._chapter_bytes, self._key_bytes = 0, size
            self._chapter_bytes += size
            while self._is_too_much(look):
                self._drop_chapter()

    def index(self) -> Index:
        """Return what there is now."""
        with self._lock:
            looks = list(self._looks)
            first = self._first
        return Index(
            number=np.arange(first, first + len(looks)),
            wall_s=np.array([look.wall_s for look in looks], np.float64),
            is_key=np.array([look.is_key for look in looks], np.bool_),
            sockets=np.array([look.sockets for look in looks], np.int64),
        )

    def look(self, number: int) -> Look:
        """Return one look; raises RecordingError where it is not there any more."""
        with self._lock:
            at = number - self._first
            if not 0 <= at < len(self._looks):
                raise RecordingError("that moment is not kept any more")
            return self._looks[at]

    def stream(self, number: int) -> Stream:
        """Return what is known of a namespace; raises RecordingError where nothing is any more."""
        with self._lock:
            if number not in self._streams:
                raise RecordingError("that namespace is not kept any more")
            return self._streams[number]

    def marks(self) -> list[Mark]:
        """Return the marks of the time that is kept."""
        with self._lock:
            since_s = self._looks[0].wall_s if self._looks else 0.0
            return [mark for mark in self._marks if mark.wall_s >= since_s]

    def _is_too_much(self, newest: Look) -> bool:
        second = self._second_chapter()
        if second is None:
            return False
        # The whole span is there without the oldest chapter.
        is_old = self._looks[second].instant_s <= newest.instant_s - self._span_s
        return is_old or self._bytes > self._most_bytes

    def _second_chapter(self) -> int | None:
        """Return where the second chapter begins; None where there is only one."""
        keys = (at for at, look in enumerate(islice(self._looks, 1, None), 1) if look.is_key)
        return next(keys, None)

    def _drop_chapter(self) -> None:
        for _ in range(self._second_chapter() or 0):
            self._bytes -= _size(self._looks.popleft())
            self._first += 1
        left = {part.stream for look in self._looks for part in look.parts}
        self._streams = {number: stream for number, stream in self._streams.items() if number in left}


def _size(look: Look) -> int:
    return look.size + _PART_BYTES * len(look.parts)
