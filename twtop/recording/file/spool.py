"""Files that a recording goes into, one after the other."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.text import printable
from twtop.errors import RecordingError
from twtop.recording.file.saving import usual_path
from twtop.recording.file.writer import About, Writer, Written
from twtop.recording.tape import Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from twtop.recording.tape import Look, Stream

AGAIN_S: Final = 5.0
"""When it is tried again to write what could not be written."""
_MOST_MARKS: Final = 100


class Finished(NamedTuple):
    """A file that no look is added to any more."""

    path: Path
    """Where it is now."""
    written: Written


class _Gap(NamedTuple):
    """Looks that could not be written."""

    since_s: float
    """Unix time of the first."""
    reason: str
    again_s: float
    """Monotonic time of the next attempt."""


class Spool:
    """Takes looks as a `twtop.recording.tape.Sink`, and outlives what happens to files: full, deleted, moved.

    What could not be written is a gap, and a mark in the file that goes on says so.
    """

    def __init__(
        self,
        path: Path,
        about: About,
        began_s: float,
        most_bytes: int | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Begin a file, or one with the usual name in a folder; raises RecordingError.

        ``say`` is told in a sentence what happens to files.
        """
        self._say = say
        self._named = None if path.is_dir() else path
        """What the file shall be called."""
        self._folder = path if self._named is None else path.parent
        self._about = about
        self._most_bytes = most_bytes
        self._gap: _Gap | None = None
        self._marks: deque[Mark] = deque(maxlen=_MOST_MARKS)
        """What happened while nothing could be written."""
        self._writer: Writer | None = self._write(self._named or self._usual(began_s), began_s)
        self.path = self._writer.path
        """Of the file, or of the last one where there is none now."""

    @property
    def wants_key(self) -> bool:
        """Whether the next look must be a key look."""
        return self._writer is None or self._writer.wants_key or not self._writer.is_there

    def rests(self, instant_s: float) -> bool:
        """Whether it is not worth a look yet to try again what failed a moment ago."""
        return self._gap is not None and instant_s < self._gap.again_s

    def add(self, look: Look, streams: Mapping[int, Stream], marks: Sequence[Mark]) -> None:
        """Write a look, into a new file where there is none any more.

        Raises RecordingError where that is impossible; the next look can be tried all the same.
        """
        try:
            if self._writer is not None and not self._writer.is_there:
                self._say(f"{printable(str(self.path))} was deleted or cut: going on in another file")
                self._writer.discard()
                self._writer = None
            if self._writer is None:
                self._writer = self._begin(look.wall_s)
            gap = () if self._gap is None else (_mark(self._gap, look.wall_s),)
            self._writer.add(look, streams, (*self._marks, *gap, *marks))
        except RecordingError as error:
            since_s = look.wall_s if self._gap is None else self._gap.since_s
            self._gap = _Gap(since_s, str(error), look.instant_s + AGAIN_S)
            raise
        self._gap = None
        self._marks.clear()

    def mark(self, mark: Mark) -> None:
        """Write a mark at once, or with the next look where that is impossible."""
        self._marks.append(mark)
        if self._writer is not None and self._writer.is_there:
            with suppress(RecordingError):
                self._writer.mark(tuple(self._marks))
                self._marks.clear()

    def finish(self, ended_s: float) -> Finished | None:
        """End the file, if there is one; raises RecordingError where it cannot be ended as it should be."""
        if self._gap is not None:
            self.mark(_mark(self._gap, ended_s))
            self._gap = None
        writer, self._writer = self._writer, None
        if writer is None:
            return None
        place = writer.place
        return Finished(place, writer.finish(ended_s))

    def _begin(self, wall_s: float) -> Writer:
        """Go on under the name that was asked for, unless another file has it now, else beside that."""
        path = self._named
        if path is None or not _is_free(path):
            path = self._usual(wall_s)
        writer = self._write(path, wall_s)
        self.path = writer.path
        return writer

    def _write(self, path: Path, began_s: float) -> Writer:
        return Writer(path, self._about, began_s, self._most_bytes)

    def _usual(self, wall_s: float) -> Path:
        return usual_path(self._folder, self._about.hostname, wall_s)


def _is_free(path: Path) -> bool:
    # logrotate(8) makes an empty file in place of the one that it moved away.
    with suppress(OSError):
        return not path.lstat().st_size
    return True


def _mark(gap: _Gap, until_s: float) -> Mark:
    since, until = (time.strftime("%H:%M:%S", time.localtime(moment)) for moment in (gap.since_s, until_s))
    return Mark(gap.since_s, "failure", 0, f"not recorded from {since} to {until}: {gap.reason}")
