"""Saves the looks of a tape, as of the last minutes in memory, in a file of their own."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.errors import RecordingError
from twtop.recording.file.writer import About, Writer

if TYPE_CHECKING:
    from pathlib import Path

    from twtop.recording.tape import Mark, Tape

SUFFIX: Final = ".twtop"
_LONGEST_HOST: Final = 64


class Saved(NamedTuple):
    """What was written."""

    path: Path
    size: int
    """Bytes."""
    span_s: float
    """Time from the oldest look to the newest."""
    looks: int


def usual_path(folder: Path, hostname: str, wall_s: float) -> Path:
    """Return what a recording that begins at a time is called, in local time; no file has that name yet."""
    host = re.sub(r"[^A-Za-z0-9._-]", "_", hostname)[:_LONGEST_HOST] or "host"
    moment = time.strftime("%Y%m%d-%H%M%S", time.localtime(wall_s))
    stem = f"twtop-{host}-{moment}"
    names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
    free = (folder / f"{name}{SUFFIX}" for name in names)
    return next((path for path in free if not os.path.lexists(path)), folder / f"{stem}{SUFFIX}")


def save(tape: Tape, path: Path) -> Saved:
    """Write all looks of a tape, with its marks, into a new file; a tape may go on meanwhile.

    Raises RecordingError, with the reason, where the tape has none, or the file exists, cannot be made or has
    no room; nothing is left of it then.
    """
    index = tape.index()
    if not len(index):
        raise RecordingError("nothing is recorded yet")
    hostname = _hostname(tape, int(index.number[-1]))
    writer = Writer(path, About(hostname, tape.filter), float(index.wall_s[0]))
    try:
        _copy(tape, index.number.tolist(), writer)
        written = writer.finish(time.time())
    except BaseException:
        writer.discard()
        raise
    return Saved(path, written.size, written.span_s, written.looks)


def _hostname(tape: Tape, number: int) -> str:
    return tape.stream(tape.look(number).parts[0].stream).hostname


def _copy(tape: Tape, numbers: list[int], writer: Writer) -> None:
    waiting: list[Mark] = sorted(tape.marks(), key=lambda mark: mark.wall_s)
    is_whole = False
    for number in numbers:
        try:
            look = tape.look(number)
        except RecordingError:
            # The oldest may be dropped while the newest come; in a file, any may be damaged.
            is_whole = False
            continue
        is_whole |= look.is_key
        if not is_whole:
            continue
        streams = {part.stream: tape.stream(part.stream) for part in look.parts}
        marks = [mark for mark in waiting if mark.wall_s <= look.wall_s]
        waiting = waiting[len(marks) :]
        writer.add(look, streams, marks)
