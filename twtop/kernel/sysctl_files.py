"""Read what the configuration files for sysctls say, in the order of sysctl.d(5).

A file of /etc/sysctl.d hides those of the same name in /run/sysctl.d, /usr/local/lib/sysctl.d and
/usr/lib/sysctl.d. What is left is applied by file name, whatever the folder, and /etc/sysctl.conf last, as
``sysctl --system`` does it (sysctl(8)); a later line overrides an earlier one.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twtop.core.settings import Setting
from twtop.core.text import printable
from twtop.kernel.files import read_regular_file
from twtop.kernel.sysctl import WATCHED

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDERS: Final = ("etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d")
_LAST: Final = "etc/sysctl.conf"
_MOST_FILES: Final = 256
_LIMIT: Final = 65536
"""Bytes of a file that are read."""


def read_sysctl_files(root: Path = Path("/")) -> dict[str, Setting]:
    """Return what the files set of `WATCHED` sysctls; files that cannot be read, and globs, are left out."""
    found: dict[str, Setting] = {}
    for path in (*_in_order(root), root / _LAST):
        file = printable(str(path))
        found.update((name, Setting(value, file)) for name, value in _settings(path) if name in WATCHED)
    return found


def _in_order(root: Path) -> list[Path]:
    by_name: dict[str, Path] = {}
    for folder in _FOLDERS:
        # A folder that is missing has no files.
        with suppress(OSError):
            for path in islice((root / folder).iterdir(), _MOST_FILES):
                if path.suffix == ".conf":
                    by_name.setdefault(path.name, path)
    return [by_name[name] for name in sorted(by_name)]


def _settings(path: Path) -> Iterator[tuple[str, str]]:
    for line in _read(path).decode("utf-8", "replace").splitlines():
        key, equals, value = line.partition("=")
        # "-" says only that errors are to be ignored.
        name = key.strip().removeprefix("-").strip()
        if equals and not name.startswith(("#", ";")):
            yield _dotted(name), printable(" ".join(value.split()))


def _dotted(name: str) -> str:
    """Write ``net/ipv4/tcp_tw_reuse`` with dots; where the first separator is a dot, it is so already."""
    first = next((character for character in name if character in "./"), ".")
    return name.replace("/", ".") if first == "/" else name


def _read(path: Path) -> bytes:
    """Return the beginning of a regular file, up to the last whole line; nothing of anything else."""
    data: bytes | None = None
    with suppress(OSError):
        data = read_regular_file(path, _LIMIT + 1)
    data = data or b""
    return data if len(data) <= _LIMIT else data[: data.rfind(b"\n", 0, _LIMIT) + 1]
