"""Names of TCP services, from the host's service database."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

from twtop.core.names.services import parse_services
from twtop.kernel.files import read_regular_file

_FILE: Final = Path("/etc/services")
_LIMIT: Final = 2_000_000
"""Bytes of the file that are read; the largest that are about have 1 MB."""


def service_port(name: str) -> int | None:
    """Return the TCP port of a service such as ``https``, None if the host knows none of that name."""
    try:
        return socket.getservbyname(name, "tcp")
    except (OSError, ValueError):  # ValueError: no name may hold a NUL or a lone surrogate.
        return None


def read_services(path: Path = _FILE) -> dict[int, str]:
    """Return the names of TCP ports as services(5) has them; none where there is no such file.

    The file is read once, and not asked port by port: ``getservbyport`` opens and searches it each time.
    """
    found: bytes | None = None
    with suppress(OSError):
        found = read_regular_file(path, _LIMIT)
    return parse_services((found or b"").decode("utf-8", "replace"))
