"""The name of an address, as this host's resolver finds it."""

from __future__ import annotations

import socket


def reverse_name(address: str) -> str | None:
    """Ask for the name of an address, which may take a minute; empty where there is none, None for no answer.

    That is getnameinfo(3): /etc/hosts, the DNS, or whatever else nsswitch.conf(5) names. The answer is as it
    came: not fit to be shown.
    """
    try:
        return socket.getnameinfo((address, 0), socket.NI_NAMEREQD | socket.NI_NUMERICSERV)[0]
    except socket.gaierror as error:
        return None if error.errno == socket.EAI_AGAIN else ""
    except (OSError, UnicodeError):
        return ""
