"""The files of the user's own, in ``~/.config/twtop``."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from twtop.core.text import printable
from twtop.errors import UsageError

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


def read_user_file(path: Path, most_bytes: int) -> bytes | None:
    """Return the bytes of a file, one more than ``most_bytes`` if there are more; None where it is missing.

    Raises:
        UsageError: it cannot be read, or is no regular file.
    """
    try:
        # Without O_NONBLOCK a pipe would make us wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UsageError(f"{printable(str(path))} is no regular file; write one, or remove it")
        return os.read(descriptor, most_bytes + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(descriptor)


def _unreadable(path: Path, error: OSError) -> UsageError:
    reason = error.strerror or str(error)
    return UsageError(f"{printable(str(path))} cannot be read: {reason}; make it readable, or remove it")
