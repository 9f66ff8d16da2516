"""Names of TCP services, from the host's service database."""

from __future__ import annotations

import socket


def service_port(name: str) -> int | None:
    """Return the TCP port of a service such as ``https``, None if the host knows none of that name."""
    try:
        return socket.getservbyname(name, "tcp")
    except (OSError, ValueError):  # ValueError: no name may hold a NUL or a lone surrogate.
        return None
