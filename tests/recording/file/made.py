"""Looks made up for files, and files of them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from twtop.recording.file.writer import About, Writer
from twtop.recording.tape import Look, Mark, Part, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_S: Final = 1_795_000_000.0
HOST: Final = Stream(0, "host", "web-1", "6.18", "host", False)
STREAMS: Final = {0: HOST}
ABOUT: Final = About("web-1", "dport = :443")
CHAPTER: Final = 10


def look(number: int, *, is_key: bool | None = None, body: bytes | None = None) -> Look:
    """Make the look of a second; every tenth is a key look."""
    key = number % CHAPTER == 0 if is_key is None else is_key
    part = Part(0, b"%d" % number if body is None else body)
    return Look(START_S + number, 100.0 + number, key, False, number, (part,))


def mark(number: int, text: str = "ports are nearly gone") -> Mark:
    return Mark(START_S + number, "found", 2, text)


def fill(writer: Writer, looks: int, body: bytes | None = None) -> None:
    """Add looks of consecutive seconds, each with a mark where a chapter begins."""
    for number in range(looks):
        made = look(number, body=body)
        writer.add(made, STREAMS, [mark(number)] if made.is_key else [])


def recorded(path: Path, looks: int = 25, body: bytes | None = None) -> Path:
    """Write a finished recording."""
    writer = Writer(path, ABOUT, START_S)
    fill(writer, looks, body)
    writer.finish(START_S + looks)
    return path


def begun(path: Path, looks: int = 25, body: bytes | None = None) -> Writer:
    """Begin a recording that goes on."""
    writer = Writer(path, ABOUT, START_S)
    fill(writer, looks, body)
    return writer


def endless(writer: Writer, body: bytes) -> Iterator[Look]:
    """Add looks as the writer wants them, and yield each that was added."""
    last_key = 0
    for number in itertools.count():
        is_key = writer.wants_key or number - last_key >= CHAPTER
        last_key = number if is_key else last_key
        made = look(number, is_key=is_key, body=body)
        writer.add(made, STREAMS, [])
        yield made
