"""What is mounted where, as this process sees it. Source: proc_pid_mountinfo(5)."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOUNTINFO: Final = Path("/proc/self/mountinfo")
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A file system, or a part of it, and its place."""

    place: str
    root: str
    """The path within the file system of what is mounted."""
    options: Mapping[str, str]
    """Those of the file system, empty texts for those without a value."""


def mounts(kind: str, mountinfo: Path = MOUNTINFO) -> Iterator[Mount]:
    """Yield the mounts of file systems of a kind such as ``proc``, those mounted last at the end.

    None where that is not told.
    """
    lines: list[str] = []
    with suppress(OSError):
        lines = mountinfo.read_text("utf-8", "surrogateescape").splitlines()
    for line in lines:
        before, _, behind = line.partition(" - ")
        fields, told = before.split(), behind.split()
        if len(fields) > 4 and len(told) > 2 and told[0] == kind:
            options = dict(option.partition("=")[::2] for option in told[2].split(","))
            yield Mount(_unescaped(fields[4]), _unescaped(fields[3]), options)


def _unescaped(field: str) -> str:
    r"""Undo the escapes of mountinfo (``\040`` for a space)."""
    return _OCTAL.sub(lambda code: chr(int(code[1], 8)), field)
