"""The users that are on this host itself, without asking a directory service, which may be slow."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from twtop.core.text import printable
from twtop.kernel.files import read_regular_file

_PASSWD: Final = Path("/etc/passwd")
_MOST_BYTES: Final = 1 << 20
LONGEST_USER: Final = 32
"""Characters of a name that are shown; useradd(8) allows no more."""


def local_users(passwd: Path = _PASSWD) -> dict[int, str]:
    """Return names by uid as passwd(5) has them, of several the first; none if it cannot be read."""
    users: dict[int, str] = {}
    with suppress(OSError):
        for line in (read_regular_file(passwd, _MOST_BYTES) or b"").decode("utf-8", "replace").splitlines():
            name, _, rest = line.partition(":")
            uid = rest.partition(":")[2].partition(":")[0]
            if name and uid.isascii() and uid.isdigit() and len(uid) <= 10:
                users.setdefault(int(uid), printable(name)[:LONGEST_USER])
    return users
