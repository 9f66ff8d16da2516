"""Names of the services that ports are registered for."""

from __future__ import annotations

from typing import Final

from twtop.core.text import printable

_HIGHEST_PORT: Final = 65535
_LONGEST: Final = 24
"""Characters of a name; IANA allows 15 (RFC 6335, 5.1)."""


def parse_services(text: str) -> dict[int, str]:
    """Return the names of TCP ports in the lines of services(5), of several names for a port the first one.

    Lines that say nothing of TCP, and those that make no sense, are passed over.
    """
    names: dict[int, str] = {}
    for line in text.splitlines():
        name, port, protocol = _entry(line.partition("#")[0].split())
        if protocol == "tcp" and port.isascii() and port.isdigit() and 0 < int(port[:6]) <= _HIGHEST_PORT:
            names.setdefault(int(port), printable(name)[:_LONGEST])
    return names


def _entry(words: list[str]) -> tuple[str, str, str]:
    if len(words) < 2:
        return "", "", ""
    port, _, protocol = words[1].partition("/")
    return words[0], port, protocol.lower()
