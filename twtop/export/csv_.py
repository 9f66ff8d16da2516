"""A snapshot as CSV (RFC 4180): a header, then one line per group or per socket; what is unknown is empty.

The columns of sockets are those of `SocketRecord`, ``namespace`` only where there are several, ``label`` only
where the user has labels; where owners were looked for, then those of `OwnerRecord`. Those of groups are the
grouping keys, then those members of `GroupRecord` that one instant has, the histogram in a column per part
(``left_0`` ends first).
"""

from __future__ import annotations

import csv
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

from twtop.core.owners.owner import NO_OWNERS
from twtop.core.table.measures import HISTOGRAM_BINS
from twtop.export.records import OwnerRecord, SocketRecord, group_records, owner_record, socket_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twtop.core.table.view import View
    from twtop.export.records import GroupRecord


def sockets_csv(view: View, limit: int | None = None) -> Iterator[str]:
    """Yield the header and every matching socket, or the first so many."""
    sockets = view.moment.snapshot.sockets
    left_out = {"owner", "certainty"}
    left_out |= set() if len(sockets.namespaces) > 1 else {"namespace"}
    left_out |= set() if sockets.labels else {"label"}
    columns = [name for name in SocketRecord._fields if name not in left_out]
    values = itemgetter(*map(SocketRecord._fields.index, columns))
    if sockets.owners is NO_OWNERS:
        yield from csv_lines(chain([columns], map(values, socket_records(view, limit))))
        return
    nobody = (None,) * len(OwnerRecord._fields)
    rows = ((*values(record), *(owner_record(record) or nobody)) for record in socket_records(view, limit))
    yield from csv_lines(chain([(*columns, *OwnerRecord._fields)], rows))


def groups_csv(view: View, limit: int | None = None) -> Iterator[str]:
    """Yield the header and every group of the finest level, or those within the first so many of each."""
    rows = map(group_cells, group_records(view, limit))
    yield from csv_lines(chain([group_columns(view.groups.keys)], rows))


def group_columns(keys: Iterable[str]) -> tuple[str, ...]:
    """Name the columns of groups by some keys."""
    parts = (f"left_{number}" for number in range(HISTOGRAM_BINS))
    return (*keys, "sockets", "soon", "shortest_ms", "longest_ms", "rqueue", "wqueue", *parts)


def group_cells(group: GroupRecord) -> tuple[object, ...]:
    """Return what stands in these columns."""
    return (
        *group.key.values(),
        group.sockets,
        group.soon,
        group.shortest_ms,
        group.longest_ms,
        group.rqueue,
        group.wqueue,
        *group.histogram,
    )


class _Line:
    """What csv.writer takes for a file: it hands every line back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Write rows, a header among them, each ended by CR and LF; None is empty."""
    writer = csv.writer(_Line())
    for cells in rows:
        yield writer.writerow(cells)  # what write() returned
