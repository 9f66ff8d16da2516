"""The files of the user's own, in ``~/.config/twtop``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from twtop.core.text import printable
from twtop.errors import UsageError
from twtop.kernel.files import read_regular_file

if TYPE_CHECKING:
    from collections.abc import Mapping


def user_file(name: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return where a file of the user's would be; None where the user has no home.

    ``XDG_CONFIG_HOME`` counts if it is absolute (XDG Base Directory Specification 0.8).
    """
    configured = Path(environ.get("XDG_CONFIG_HOME", ""))
    if configured.is_absolute():
        return configured / "twtop" / name
    home = environ.get("HOME", "")
    return Path(home) / ".config" / "twtop" / name if home.startswith("/") else None


def shown_path(path: Path, environ: Mapping[str, str] = os.environ) -> str:
    """Write a path for people: short, and fit for a terminal."""
    home, text = environ.get("HOME", ""), str(path)
    return printable(f"~{text[len(home) :]}" if len(home) > 1 and text.startswith(f"{home}/") else text)


def read_user_file(path: Path, most_bytes: int, *, needed: bool = False) -> bytes | None:
    """Return the bytes of a file, one more than ``most_bytes`` if there are more; None where it is missing.

    Raises:
        UsageError: it cannot be read, is no regular file, or is missing but ``needed``.
    """
    try:
        if not (needed or _is_there(path)):
            return None
        content = read_regular_file(path, most_bytes + 1)
    except FileNotFoundError as error:
        raise UsageError(f"{shown_path(path)}: there is no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"{shown_path(path)} cannot be read: {reason}; make it readable, or remove it"
        ) from error
    if content is None:
        raise UsageError(f"{shown_path(path)} is no regular file; write one, or remove it")
    return content


def _is_there(path: Path) -> bool:
    """Tell whether a file is there; in a home that somebody else may not enter, as after sudo -u, none is."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False
    return True
