"""A snapshot for people: the states, then groups as on the screen, or sockets as ``ss`` lists them."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from twtop.core.format import count_text, duration_text
from twtop.core.owners.owner import NO_OWNERS
from twtop.core.states import IN_LIFE_ORDER
from twtop.core.table.fields import FIELDS, Cell
from twtop.core.table.keys import KEYS
from twtop.export.records import socket_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from twtop.core.signs import Signs
    from twtop.core.table.fields import Field
    from twtop.core.table.view import View
    from twtop.export.records import SocketRecord

OF_ONE_INSTANT: Final = tuple(field for field in FIELDS.values() if field.name not in ("born", "gone"))
"""The screen's columns without those that compare two snapshots."""

_SOCKET_TITLES: Final = (
    "STATE",
    "RECV-Q",
    "SEND-Q",
    "LOCAL ADDRESS:PORT",
    "PEER ADDRESS:PORT",
    "TIMER",
    "LEFT",
)
_TO_THE_RIGHT: Final = frozenset({1, 2})
_CHUNK: Final = 1000
"""So many lines are aligned with each other at a time."""


def groups_table(
    view: View,
    signs: Signs,
    width: int,
    limit: int | None = None,
    fields: Sequence[Field] = OF_ONE_INSTANT,
) -> Iterator[str]:
    """Yield the states and the tree of groups, of siblings only the first ``limit``.

    Beside a group stands whose it is, as on the screen, if anybody looked.
    """
    yield from _strip(view, width)
    titles = [f"{field.title:>{field.width}}" for field in fields]
    keys = ", ".join(KEYS[name].title for name in view.groups.keys)
    yield f"{' '.join(titles)}  {keys.upper()}\n"
    cell = Cell(view.moment, signs, 0)
    yield from _groups(view, cell, fields, 0, range(len(view.groups.levels[0])), limit)


def sockets_table(view: View, width: int, limit: int | None = None) -> Iterator[str]:
    """Yield the states and the matching sockets, one group after the other, only the first ``limit``."""
    yield from _strip(view, width)
    sockets = view.moment.snapshot.sockets
    more: dict[str, Callable[[SocketRecord], str]] = {}
    if len(sockets.namespaces) > 1:
        more["NAMESPACE"] = lambda record: record.namespace or ""
    if sockets.owners is not NO_OWNERS:
        more["OWNER"] = lambda record: record.owner.described(record.certainty)
    records = socket_records(view, limit)
    rows = ((*_socket(record), *(text(record) for text in more.values())) for record in records)
    yield from _aligned((*_SOCKET_TITLES, *more), rows)
    if limit is not None and view.matching > limit:
        yield f"{view.matching - limit:,} more\n"


def _strip(view: View, width: int) -> Iterator[str]:
    """Yield the number of matching sockets in each state, as many to a line as fit."""
    line = ""
    for state in IN_LIFE_ORDER:
        item = f"{state.label} {count_text(view.state_matches[state])}"
        if line and len(line) + 3 + len(item) > width:
            yield f"{line}\n"
            line = ""
        line += f"   {item}" if line else item
    yield f"{line}\n\n"


def _groups(
    view: View, cell: Cell, fields: Sequence[Field], depth: int, indexes: range, limit: int | None
) -> Iterator[str]:
    level = view.groups.levels[depth]
    indent = "  " * (depth + 1)
    sockets, server = view.moment.snapshot.sockets, view.moment.snapshot.server
    for index in indexes[:limit]:
        row = int(level.row[index])
        cells = (f"{field.group_text(cell, level.measures, index):>{field.width}}" for field in fields)
        text = KEYS[view.groups.keys[depth]].text(sockets, row, bool(server[row]))
        whose = view.whose.group(view.groups.keys[: depth + 1], view.groups.span_of(depth, index))
        yield f"{' '.join(cells)}{indent}{text}{whose and '  '}{whose}\n"
        if depth + 1 < len(view.groups.levels):
            children = range(int(level.first[index]), int(level.last[index]))
            yield from _groups(view, cell, fields, depth + 1, children, limit)
    hidden = len(indexes) - len(indexes[:limit])
    if hidden:
        blank = " ".join(" " * field.width for field in fields)
        yield f"{blank}{indent}{hidden:,} more\n"


def _socket(socket: SocketRecord) -> tuple[str, ...]:
    return (
        socket.state,
        str(socket.rqueue),
        str(socket.wqueue),
        _endpoint(socket.local_address, socket.local_port),
        _endpoint(socket.remote_address, socket.remote_port),
        _timer(socket),
        "" if socket.time_left_ms is None else duration_text(socket.time_left_ms),
    )


def _endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port or '*'}" if ":" in address else f"{address}:{port or '*'}"


def _timer(socket: SocketRecord) -> str:
    if socket.timer is None or socket.remaining_ms is None:
        return ""
    text = f"{socket.timer} {duration_text(socket.remaining_ms)}"
    return f"{text} /{socket.retrans}" if socket.retrans else text


def _aligned(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Align columns; later lines may be wider than the first ones, never narrower."""
    widths = [0] * len(titles)
    lines = chain([titles], rows)
    while chunk := list(islice(lines, _CHUNK)):
        longest = (max(map(len, column)) for column in zip(*chunk, strict=True))
        widths = list(map(max, widths, longest))
        for line in chunk:
            cells = (
                text.rjust(width) if number in _TO_THE_RIGHT else text.ljust(width)
                for number, (text, width) in enumerate(zip(line, widths, strict=True))
            )
            yield " ".join(cells).rstrip() + "\n"
