"""Sockets grouped by a chain of keys, every level sorted, without a Python step per socket or group.

Runs of sockets that no key tells apart are measured, as a rule the bundles of the snapshot; the finest groups
are merged from them, and the levels above from those below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twtop.core.lookup import find
from twtop.core.mixing import mixed
from twtop.core.runs import Runs, ranges
from twtop.core.sorting import lexsorted
from twtop.core.table.keys import KEYS
from twtop.core.table.measures import Measures, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from twtop.core.changes import Moment
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U64, Mask, Rows, Sockets


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """All groups of one depth, siblings next to each other and sorted."""

    identity: U64
    """The same for the same group in every snapshot of this process."""
    row: Rows
    """One socket of each group, to read the key's text from."""
    parent: Rows
    """Index of the group in the level above; empty at the top."""
    first: Rows
    last: Rows
    """The group's children: ``first`` to ``last`` (exclusive) in the level below, or in `Groups.rows`."""
    measures: Measures

    def __len__(self) -> int:
        return len(self.identity)


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """A tree of groups over the sockets of one moment."""

    keys: tuple[str, ...]
    levels: tuple[Level, ...]
    rows: Rows
    """The sockets' rows, one finest group after the other."""

    def rows_of(self, depth: int, index: int) -> Rows:
        """Return the rows of all sockets in one group."""
        return self.rows[self.span_of(depth, index)]

    def span_of(self, depth: int, index: int) -> slice:
        """Return where in ``rows`` those of one group are."""
        last = index + 1
        for level in self.levels[depth:]:
            index, last = int(level.first[index]), int(level.last[last - 1])
        return slice(index, last)


def group(
    moment: Moment,
    chosen: Mask | None,
    gone: Mask | None,
    keys: Sequence[str],
    sort_value: Callable[[Measures], NDArray[np.int64]],
    descending: bool = True,
) -> Groups:
    """Group the chosen sockets (None: all) by ``keys``, outermost first.

    Siblings are sorted by ``sort_value`` of their measures; equal ones by their keys' own order.
    """
    snapshot = moment.snapshot
    sockets, server = snapshot.sockets, snapshot.server
    gone_sockets = moment.gone if gone is None else moment.gone.take(gone)
    gone_server = moment.gone_server if gone is None else moment.gone_server[gone]

    runs = _runs(snapshot, chosen, keys)
    identities = _identities(snapshot, runs.heads, keys)
    order = _grouped(identities)
    runs = runs.arranged(order)
    gone_identities = identities_of_all(gone_sockets, gone_server, keys)
    levels = _levels(runs.heads, measure(moment, runs), [each[order] for each in identities])
    levels = [
        replace(level, measures=replace(level.measures, gone=_count(gone_identity, level.identity)))
        for level, gone_identity in zip(levels, gone_identities, strict=True)
    ]
    *above, bottom = _sorted(levels, sockets, server, keys, sort_value, descending)
    bottom, rows = _lay_out(bottom, runs)
    return Groups(tuple(keys), (*above, bottom), rows)


def _runs(snapshot: Snapshot, chosen: Mask | None, keys: Sequence[str]) -> Runs:
    """Return runs of the chosen sockets, each of them within one finest group."""
    if not any(KEYS[name].splits_bundles for name in keys):
        return snapshot.bundles if chosen is None else snapshot.bundles.where(chosen)
    rows = np.arange(len(snapshot.sockets)) if chosen is None else np.flatnonzero(chosen)
    runs = Runs.of(_identities(snapshot, rows, keys)[-1])
    return Runs(rows[runs.rows], runs.starts)


def _identities(snapshot: Snapshot, rows: Rows, keys: Sequence[str]) -> list[U64]:
    """Return the identities of some sockets: of many picked from those of all, of few after picking."""
    sockets, server = snapshot.sockets, snapshot.server
    if _are_many(rows, sockets):
        return [identity[rows] for identity in identities_of_all(sockets, server, keys)]
    return identities_of_all(sockets.take(rows), server[rows], keys)


def identities_of_all(sockets: Sockets, server: Mask, keys: Sequence[str]) -> list[U64]:
    """Return per level the identity of the group that each socket is in: its keys down to that level."""
    found: list[U64] = []
    for name in keys:
        found.append(mixed(KEYS[name].columns(sockets, server), found[-1] if found else None))
    return found


def _are_many(rows: Rows, sockets: Sockets) -> bool:
    return 2 * len(rows) > len(sockets)


def _grouped(identities: list[U64]) -> Rows:
    """Return an order that brings the members of every group together, whatever its level."""
    order = np.arange(len(identities[-1]))
    for identity in reversed(identities):
        order = order[Runs.of(identity[order]).rows]
    return order


def _levels(row: Rows, measures: Measures, identities: list[U64]) -> list[Level]:
    """Build all levels from runs of sockets: one row of each, their measures, their identities per level.

    The runs of a group are next to each other at every level, so its groups are runs of what is below.
    """
    nothing = np.zeros(0, np.intp)
    levels: list[Level] = []
    for depth in reversed(range(len(identities))):
        first = _run_starts(identities[depth])
        end = np.append(first[1:], len(row)).astype(np.intp)
        row, measures = row[first], measures.merged(first)
        identities = [identity[first] for identity in identities[: depth + 1]]
        if levels:
            levels[0] = replace(levels[0], parent=np.repeat(np.arange(len(first)), end - first))
        levels.insert(0, Level(identities[depth], row, nothing, first, end, measures))
    return levels


def _run_starts(values: U64) -> Rows:
    """Return the position of the first of each run of equal values."""
    return np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])[: len(values)])


def _lay_out(finest: Level, runs: Runs) -> tuple[Level, Rows]:
    """Bring the sockets' rows into the order of the finest groups, so that every group is one run of them."""
    rows = runs.arranged(ranges(finest.first, finest.last)).rows
    last = np.cumsum(finest.measures.sockets)
    return replace(finest, first=last - finest.measures.sockets, last=last), rows


def _count(values: U64, groups: U64) -> NDArray[np.int64]:
    """Count how many of the values belong to each group."""
    different, counts = np.unique(values, return_counts=True)
    at, found = find(groups, different)
    return np.where(found, counts[at], 0) if len(different) else np.zeros(len(groups), np.int64)


def _sorted(
    levels: list[Level],
    sockets: Sockets,
    server: Mask,
    keys: Sequence[str],
    sort_value: Callable[[Measures], NDArray[np.int64]],
    descending: bool,
) -> list[Level]:
    """Sort the siblings of every level, from the top down, and renumber parents and children."""
    result: list[Level] = []
    new_place: Rows | None = None
    for depth, level in enumerate(levels):
        value = sort_value(level.measures)
        tie = _order_columns(sockets, server, level.row, keys[depth])
        arrangement = [*reversed(tie), -value if descending else value]
        if new_place is not None:
            arrangement.append(new_place[level.parent])
        order = lexsorted(arrangement)
        parent = level.parent if new_place is None else new_place[level.parent[order]]
        if result:
            size = np.bincount(parent, minlength=len(result[-1]))
            last = np.cumsum(size)
            result[-1] = replace(result[-1], first=last - size, last=last)
        result.append(
            Level(
                level.identity[order],
                level.row[order],
                parent,
                level.first[order],
                level.last[order],
                level.measures.take(order),
            )
        )
        new_place = np.empty(len(order), np.intp)
        new_place[order] = np.arange(len(order))
    return result


def _order_columns(sockets: Sockets, server: Mask, rows: Rows, key: str) -> list[NDArray[np.unsignedinteger]]:
    """Return the columns that bring some sockets into the order of a key."""
    columns = KEYS[key].order or KEYS[key].columns
    if _are_many(rows, sockets):
        return [column[rows] for column in columns(sockets, server)]
    return list(columns(sockets.take(rows), server[rows]))
