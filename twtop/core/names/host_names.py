"""Names of hosts as the DNS tells them: made fit to be shown, and remembered for a while."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Final, NamedTuple

LONGEST: Final = 100
"""Characters of a name that are shown; the DNS allows 253 (RFC 1035, 2.3.4)."""
MOST_NAMES: Final = 10_000
KNOWN_FOR_S: Final = 600.0
UNKNOWN_FOR_S: Final = 60.0
"""How long it is remembered that an address has no name, or that nobody answered."""

_FOREIGN: Final = re.compile(r"[^A-Za-z0-9._-]")
_ADDRESS: Final = re.compile(r"[0-9.]*|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*")


def host_text(answer: str) -> str:
    """Return a name that somebody's name server told, fit to be shown; empty where it is none.

    Whoever has an address names it as he likes. What is no letter, digit, hyphen, underscore or dot is
    replaced, what is too long is cut, and what looks like an address is none of our peer's names.
    """
    name = answer.removesuffix(".")
    if not name or _ADDRESS.fullmatch(name):
        return ""
    shown = _FOREIGN.sub("?", name[: LONGEST + 1])
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 3]}..."


class _Entry(NamedTuple):
    name: str
    until_s: float


class HostNames:
    """Names by address, those without one too; the ones longest unused make way for new ones."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._entries: OrderedDict[tuple[int, int], _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, address: tuple[int, int], now_s: float) -> tuple[str, bool]:
        """Return the name of an address, empty for none, and whether it should be asked for (again)."""
        entry = self._entries.get(address)
        if entry is None:
            return "", True
        self._entries.move_to_end(address)
        return entry.name, now_s >= entry.until_s

    def add(self, address: tuple[int, int], name: str, now_s: float) -> None:
        """Remember a name; empty if there is none."""
        self._entries[address] = _Entry(name, now_s + (KNOWN_FOR_S if name else UNKNOWN_FOR_S))
        self._entries.move_to_end(address)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
