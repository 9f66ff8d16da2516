"""The file of options as it is on the disk; every fault of it is one line that says where it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from twtop.config.user_files import read_user_file, shown_path
from twtop.core.options.kinds import quoted
from twtop.core.text import printable
from twtop.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twtop.config.toml_text import KeyPath, Place

MOST_BYTES: Final = 256 * 1024
_LONGEST_COMPLAINT: Final = 200
_WHERE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_MANY_DIGITS: Final = re.compile(r"[0-9_]{4000}")
_IN_QUOTES: Final = 'invalid value; a text stands in quotes, as in theme = "nord"'


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that was read; ``text`` is empty and ``values`` too where there is none."""

    path: Path
    text: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The path for people."""
        return shown_path(self.path)

    def complaint(self, at: tuple[str, ...], message: str) -> UsageError:
        """Return the complaint about a key: file, line, and what is wrong."""
        return UsageError(f"{self.where(at)}: {message}")

    def where(self, at: tuple[str, ...]) -> str:
        """Return file and line of a key; the file alone where it has no such key."""
        from twtop.config.toml_text import line_of, places

        for place in places(self.text):
            if place.path[: len(at)] == at:
                return f"{self.name}:{line_of(self.text, place.key)}"
        return self.name


def read_file(path: Path, *, needed: bool) -> ConfigFile:
    """Read a file of options; a missing one says nothing, unless it is ``needed``.

    Raises:
        UsageError: it cannot be read, or it is not TOML.
    """
    content = read_user_file(path, MOST_BYTES, needed=needed)
    if content is None:
        return ConfigFile(path)
    if len(content) > MOST_BYTES:
        raise UsageError(
            f"{shown_path(path)}: it has more than {MOST_BYTES // 1024} KB; no options need that"
        )
    return parsed(path, content)


def parsed(path: Path, content: bytes) -> ConfigFile:
    """Parse what a file has.

    Raises:
        UsageError: it is not TOML.
    """
    import tomllib

    from twtop.config.toml_text import TooDeepError, line_of, places

    def wrong(line: int, message: str) -> UsageError:
        return UsageError(f"{shown_path(path)}:{line}: {printable(message[:_LONGEST_COMPLAINT])}")

    try:
        text = content.decode("utf-8-sig")
        found = places(text)
        return ConfigFile(path, text, tomllib.loads(text))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise wrong(line, f"expected UTF-8, found the byte 0x{content[error.start]:02x}") from error
    except TooDeepError as error:
        raise wrong(line_of(text, error.offset), "expected keys and lists of few levels") from error
    except tomllib.TOMLDecodeError as error:
        raise wrong(*_place_and_message(str(error), text, found)) from error
    except (ValueError, RecursionError) as error:
        # Python converts no number of more digits than these.
        digits = _MANY_DIGITS.search(text)
        raise wrong(line_of(text, digits.start() if digits else 0), "expected a smaller number") from error


def _place_and_message(complaint: str, text: str, found: list[Place]) -> tuple[int, str]:
    """Return the line that tomllib complains about, and what it says, in clearer words where we have some."""
    from twtop.config.toml_text import line_of

    at = _WHERE.search(complaint)
    line = int(at[1]) if at and at[1] else line_of(text, len(text.rstrip()))
    message = complaint[: at.start()] if at else complaint
    if message == "Cannot overwrite a value":
        first: dict[KeyPath, int] = {}
        for place in found:
            if place.path in first and not place.is_header:
                earlier = line_of(text, first[place.path])
                key = quoted(".".join(place.path))
                return line_of(text, place.key), f"{key} is there twice; the first is on line {earlier}"
            first[place.path] = place.key
    column = f", column {at[2]}" if at and at[2] else ""
    message = _IN_QUOTES if message == "Invalid value" else message[:1].lower() + message[1:]
    return line, f"not TOML{column}: {message}"
