"""A snapshot as CSV (RFC 4180): a header, then one line per group or per socket; what is unknown is empty.

The columns of sockets are those of `SocketRecord`, ``namespace`` only where there are several, ``label`` only
where the user has labels; where owners were looked for, then those of `OwnerRecord`. Those of groups are the
grouping keys, then the members of `GroupRecord`, the histogram in a column per part (``left_0`` ends first).
"""

from __future__ import annotations

import csv
from operator import itemgetter
from typing import TYPE_CHECKING

from twtop.core.owners.owner import NO_OWNERS
from twtop.core.table.measures import HISTOGRAM_BINS
from twtop.export.records import OwnerRecord, SocketRecord, group_records, owner_record, socket_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from twtop.core.table.view import View


def sockets_csv(view: View) -> Iterator[str]:
    """Yield the header and every matching socket."""
    sockets = view.moment.snapshot.sockets
    left_out = {"owner", "certainty"}
    left_out |= set() if len(sockets.namespaces) > 1 else {"namespace"}
    left_out |= set() if sockets.labels else {"label"}
    columns = [name for name in SocketRecord._fields if name not in left_out]
    values = itemgetter(*map(SocketRecord._fields.index, columns))
    if sockets.owners is NO_OWNERS:
        yield from _lines(columns, map(values, socket_records(view)))
        return
    nobody = (None,) * len(OwnerRecord._fields)
    rows = ((*values(record), *(owner_record(record) or nobody)) for record in socket_records(view))
    yield from _lines((*columns, *OwnerRecord._fields), rows)


def groups_csv(view: View) -> Iterator[str]:
    """Yield the header and every group of the finest level."""
    parts = (f"left_{number}" for number in range(HISTOGRAM_BINS))
    header = (*view.groups.keys, "sockets", "soon", "shortest_ms", "longest_ms", "rqueue", "wqueue", *parts)
    rows = (
        (
            *group.key.values(),
            group.sockets,
            group.soon,
            group.shortest_ms,
            group.longest_ms,
            group.rqueue,
            group.wqueue,
            *group.histogram,
        )
        for group in group_records(view)
    )
    yield from _lines(header, rows)


class _Line:
    """What csv.writer takes for a file: it hands every line back."""

    def write(self, line: str) -> str:
        return line


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(header)  # what write() returned
    for row in rows:
        yield writer.writerow(row)
