"""Where the keys and values of a TOML text stand: tomllib tells what a file says, but not where it says it.

TOML 1.0, https://toml.io/en/v1.0.0. The scan takes time in proportion to the text. It accepts more than TOML,
and tomllib judges; but it refuses what takes tomllib without end.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

KeyPath = tuple[str, ...]
"""The names that lead to a value, outermost first."""

MOST_PARTS: Final = 16
"""Of a key with dots, for which tomllib takes time by the square, and of arrays within arrays."""

_SPACE: Final = re.compile(r"[ \t]*")
_BETWEEN: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY_PART: Final = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_OPENING: Final = re.compile(r"\[{1,2}")
_CLOSING: Final = re.compile(r"[ \t]*\]{1,2}[ \t]*")
_STRINGS: Final = {
    '"""': re.compile(r'"""(?:[^\\]|\\.)*?"""+', re.DOTALL),
    "'''": re.compile(r"'''.*?'''+", re.DOTALL),
    '"': re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    "'": re.compile(r"'[^'\n]*'"),
}
"""By what they begin with; the longer ones first."""
_BARE: Final = re.compile(r"[^,\]}#\r\n]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A value with its key, or the header of a table; as offsets into the text."""

    path: KeyPath
    key: int
    start: int
    """Where the value begins; for a header, where what follows it does."""
    end: int
    is_header: bool = False


class TooDeepError(Exception):
    """A key of more parts, or arrays within more arrays, than any sensible file has; with its offset."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class _NotTomlError(Exception):
    """What is here begins nothing that the scan knows."""


def places(text: str) -> list[Place]:
    """Return all keys and headers of a TOML text, in their order; of other texts those before the mistake.

    Raises:
        TooDeepError: tomllib would take minutes, or overflow the stack.
    """
    found: list[Place] = []
    try:
        for place in _Scan(text).places():
            found.append(place)  # noqa: PERF402 - what was found stays when the scan ends in a mistake
    except _NotTomlError:
        pass
    return found


def line_of(text: str, offset: int) -> int:
    """Return the number of the line in which an offset is, from 1."""
    return text.count("\n", 0, offset) + 1


class _Scan:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def places(self) -> Iterator[Place]:
        table: KeyPath = ()
        while self._skip(_BETWEEN):
            key = self._at
            if self._next == "[":
                self._take(_OPENING)
                table = self._key()
                self._take(_CLOSING)
                yield Place(table, key, self._at, self._at, is_header=True)
            else:
                yield from self._pair(table)

    def _pair(self, table: KeyPath, depth: int = 0) -> Iterator[Place]:
        key = self._at
        path = table + self._key()
        if self._next != "=":
            raise _NotTomlError
        self._at += 1
        self._skip(_SPACE)
        start = self._at
        yield from self._value(path, depth)
        yield Place(path, key, start, self._at)

    def _value(self, path: KeyPath, depth: int) -> Iterator[Place]:
        """Pass over a value; yield the keys of tables within it."""
        if depth > MOST_PARTS:
            raise TooDeepError(self._at)
        if self._next in ("[", "{"):
            yield from self._listed(path, depth)
        elif self._next in ('"', "'"):
            opening = next(quotes for quotes in _STRINGS if self._text.startswith(quotes, self._at))
            self._take(_STRINGS[opening])
        else:
            bare = self._take(_BARE)
            self._at -= len(bare) - len(bare.rstrip())

    def _listed(self, path: KeyPath, depth: int) -> Iterator[Place]:
        is_table = self._next == "{"
        self._at += 1
        while self._skip(_BETWEEN) and self._next not in ("]", "}"):
            yield from self._pair(path, depth + 1) if is_table else self._value(path, depth + 1)
            self._skip(_BETWEEN)
            self._at += self._next == ","
        self._at += 1

    def _key(self) -> KeyPath:
        start = self._at
        parts: list[str] = []
        while not parts or self._next == ".":
            self._at += bool(parts)
            self._skip(_SPACE)
            parts.append(_spelled(self._take(_KEY_PART)))
            self._skip(_SPACE)
            if len(parts) > MOST_PARTS:
                raise TooDeepError(start)
        return tuple(parts)

    @property
    def _next(self) -> str:
        """The character that comes next; empty at the end."""
        return self._text[self._at : self._at + 1]

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Pass over what may be there; tell whether anything is left."""
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at < len(self._text)

    def _take(self, pattern: re.Pattern[str]) -> str:
        """Pass over what must be there."""
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _NotTomlError
        self._at = match.end()
        return match[0]


def _spelled(part: str) -> str:
    """Return the name that a part of a key spells."""
    if part[0] == "'":
        return part[1:-1]
    if part[0] != '"':
        return part
    try:
        name: str = tomllib.loads(f"name = {part}")["name"]
    except ValueError:
        raise _NotTomlError from None
    return name
