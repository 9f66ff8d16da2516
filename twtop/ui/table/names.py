"""What the peer and the port of a line are called: beside the numbers, which are the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.table.keys import has_remote
from twtop.ui.table.row_text import representative

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twtop.core.sockets import Sockets
    from twtop.core.table.view import Line, Lines

_NAME_PEER: Final = ("peer", "remote", "remote-address")
"""Keys whose text has the peer's address."""
_NAME_LOCAL_PORT: Final = ("peer", "local", "local-port")
_NAME_REMOTE_PORT: Final = ("peer", "remote", "remote-port")
_FEWEST: Final = 12
"""Less of a name says nothing."""
_GAP: Final = "  "


class LineNames(NamedTuple):
    """Empty where there is no name, or where a line above has it."""

    label: str = ""
    """What the user calls the peer."""
    host: str = ""
    """What the DNS calls it."""
    service: str = ""
    """What the served port is registered for."""


def line_names(
    lines: Lines, line: Line, services: Mapping[int, str], host_name: Callable[[int, int], str]
) -> LineNames:
    """Name the peer and the served port of a line. ``host_name`` is asked for peers that are on it alone."""
    if line.kind == "more":
        return LineNames()
    sockets = lines.view.moment.snapshot.sockets
    row = representative(lines, line)
    server = bool(lines.view.moment.snapshot.server[row])
    serves = server or not has_remote(int(sockets.state[row]))
    label = host = service = ""
    if has_remote(int(sockets.state[row])) and _tells(lines, line, _NAME_PEER):
        peer = int(sockets.remote_hi[row]), int(sockets.remote_lo[row])
        above = lines.view.groups.keys[: line.depth]
        label, host = "" if "label" in above else sockets.labels.text(*peer), host_name(*peer)
    # A client's own port was given to it by chance, whatever it is registered for.
    if _tells(lines, line, _NAME_LOCAL_PORT if serves else _NAME_REMOTE_PORT):
        service = services.get(_served_port(sockets, row, serves=serves), "")
    return LineNames(label, host, service)


def no_name(_high: int, _low: int) -> str:
    """Know nobody."""
    return ""


def _served_port(sockets: Sockets, row: int, *, serves: bool) -> int:
    return int(sockets.local_port[row] if serves else sockets.remote_port[row])


def _tells(lines: Lines, line: Line, keys: tuple[str, ...]) -> bool:
    """Tell whether a line is the first from the top that has what some keys tell."""
    chain = lines.view.groups.keys
    above = chain[: line.depth]
    return not any(key in keys for key in above) and (line.kind == "socket" or chain[line.depth] in keys)


def beside(name: str, room: int, ellipsis: str = "") -> str:
    """Write a name behind something, whole, or with an ``ellipsis`` as much of it as says something."""
    room -= len(_GAP)
    if len(name) <= room:
        return f"{_GAP}{name}" if name else ""
    cut = name[: room - len(ellipsis)]
    # Digits and dots alone would be taken for an address.
    says_something = room >= _FEWEST and any(map(str.isalpha, cut))
    return f"{_GAP}{cut}{ellipsis}" if ellipsis and says_something else ""
