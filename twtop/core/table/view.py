"""What the table shows: a pure function of a moment, a filter, grouping keys and a sort order."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from twtop.core.filter import Everything, names_owners
from twtop.core.table.fields import DEFAULT_SORT, FIELDS
from twtop.core.table.grouping import Groups, group
from twtop.core.table.keys import DEFAULT_KEYS, KEYS
from twtop.core.table.whose import Whose, whose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twtop.core.changes import Moment
    from twtop.core.filter import Expr
    from twtop.core.sockets import U64, Mask, Rows, Sockets

Unfolding = Literal["none", "some", "all"]

SOME: Final = 4
"""Children of a group that are shown until all are asked for."""
_FEW: Final = 200
"""Up to so many groups of a level show some of their children unasked."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What the user chose to see."""

    filter: Expr = field(default_factory=Everything)
    keys: tuple[str, ...] = DEFAULT_KEYS
    sort: str = DEFAULT_SORT
    descending: bool = True
    columns: tuple[str, ...] = tuple(FIELDS)
    """Names of FIELDS, from the left."""
    hides_session: bool = False
    """Whether the SSH connection that twtop is used over is left out, as if a filter did."""

    @property
    def names_owners(self) -> bool:
        """Whether what is to be seen depends on whose sockets are."""
        return names_owners(self.filter) or any(KEYS[key].of_owners for key in self.keys)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table.

    ``group``: ``index`` is the group's in its level. ``socket``: it is the socket's row.
    ``more``: it is the index of the group whose other children are not shown.
    """

    kind: Literal["group", "socket", "more"]
    depth: int
    index: int


class LineIdentity(NamedTuple):
    """What stays the same while lines move: the cursor holds on to it."""

    kind: str
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """All groups that match, before any is unfolded."""

    moment: Moment
    spec: Spec
    groups: Groups
    state_matches: tuple[int, ...]
    """Matching sockets by state number."""
    state_deltas: tuple[int, ...]
    """Their change since the snapshot before, by state number."""
    whose: Whose
    """Whose the sockets are, in the order of ``groups.rows``."""

    @property
    def matching(self) -> int:
        """The number of sockets that match the filter."""
        return len(self.groups.rows)


def view(moment: Moment, spec: Spec) -> View:
    """Filter, group and sort a moment."""
    session = moment.snapshot.own_session
    chosen, gone = (chosen_by(spec, sockets, session) for sockets in (moment.snapshot.sockets, moment.gone))
    value = FIELDS[spec.sort].group_value
    groups = group(moment, chosen, gone, spec.keys, value, spec.descending)
    states, born, left = moment.snapshot.sockets.state, moment.born, moment.gone.state
    matches = moment.snapshot.state_counts()
    if chosen is not None and gone is not None:
        states, born, left = states[chosen], born[chosen], left[gone]
        matches = np.bincount(states, minlength=16)
    deltas = np.bincount(states[born], minlength=16)[:16] - np.bincount(left, minlength=16)[:16]
    held = whose(moment.snapshot.sockets, groups.rows)
    return View(moment, spec, groups, tuple(matches.tolist()), tuple(deltas.tolist()), held)


def chosen_by(spec: Spec, sockets: Sockets, own_session: tuple[int, ...]) -> Mask | None:
    """Tell which sockets are to be seen; None for all. ``own_session``: as `Snapshot.own_session`."""
    session = own_session if spec.hides_session else ()
    everything = isinstance(spec.filter, Everything)
    if everything and not session:
        return None
    chosen = np.ones(len(sockets), np.bool_) if everything else spec.filter.mask(sockets)
    return chosen & ~np.isin(sockets.cookie, np.array(session, np.uint64)) if session else chosen


class _Segment(NamedTuple):
    kind: Literal["group", "socket", "more"]
    depth: int
    indexes: Rows | range


class Lines:
    """The lines of a view under a set of unfoldings; holds no line, finds each when asked.

    A group that is not in ``unfolded`` shows some of its groups, and none of its sockets.
    """

    def __init__(self, view: View, unfolded: Mapping[int, Unfolding]) -> None:
        self.view = view
        self._unfolded = unfolded
        self._opened = np.fromiter(unfolded.keys(), np.uint64, len(unfolded))
        self._segments = list(self._children_of_level(0, range(len(view.groups.levels[0]))))
        self._ends = list(accumulate(len(segment.indexes) for segment in self._segments))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, position: int) -> Line:
        number = bisect_right(self._ends, position)
        segment = self._segments[number]
        offset = position - (self._ends[number] - len(segment.indexes))
        return Line(segment.kind, segment.depth, int(segment.indexes[offset]))

    def unfolding(self, line: Line) -> Unfolding:
        """Tell how far a group is unfolded."""
        return self._unfolding_of(line.depth, line.index)

    def hidden(self, line: Line) -> int:
        """Return how many children a ``more`` line stands for."""
        level = self.view.groups.levels[line.depth - 1]
        return int(level.last[line.index] - level.first[line.index]) - SOME

    def identity(self, line: Line) -> LineIdentity:
        """Return what the cursor holds on to."""
        if line.kind == "socket":
            return LineIdentity("socket", int(self.view.moment.snapshot.sockets.cookie[line.index]))
        depth = line.depth if line.kind == "group" else line.depth - 1
        return LineIdentity(line.kind, int(self.view.groups.levels[depth].identity[line.index]))

    def find(self, wanted: LineIdentity) -> int | None:
        """Return the position of a line, None if it is not shown."""
        start = 0
        for segment in self._segments:
            if segment.kind == wanted.kind:
                found = np.flatnonzero(self._identities(segment) == np.uint64(wanted.number))
                if found.size:
                    return start + int(found[0])
            start += len(segment.indexes)
        return None

    def _identities(self, segment: _Segment) -> U64:
        indexes = np.asarray(segment.indexes, np.intp)
        if segment.kind == "socket":
            return self.view.moment.snapshot.sockets.cookie[indexes]
        depth = segment.depth if segment.kind == "group" else segment.depth - 1
        return self.view.groups.levels[depth].identity[indexes]

    def _unfolding_of(self, depth: int, index: int) -> Unfolding:
        identity = int(self.view.groups.levels[depth].identity[index])
        return self._unfolded.get(identity, "some" if self._shows_some(depth) else "none")

    def _shows_some(self, depth: int) -> bool:
        levels = self.view.groups.levels
        return depth < len(levels) - 1 and len(levels[depth]) <= _FEW

    def _children_of_level(self, depth: int, indexes: range) -> Iterator[_Segment]:
        """Yield groups with what is unfolded below them; runs of folded ones as one segment."""
        if self._shows_some(depth):
            stops = list(indexes)
        else:
            identities = self.view.groups.levels[depth].identity[indexes.start : indexes.stop]
            stops = (np.flatnonzero(np.isin(identities, self._opened)) + indexes.start).tolist()
        start = indexes.start
        for index in stops:
            yield _Segment("group", depth, range(start, index + 1))
            start = index + 1
            yield from self._below(depth, index)
        if start < indexes.stop:
            yield _Segment("group", depth, range(start, indexes.stop))

    def _below(self, depth: int, index: int) -> Iterator[_Segment]:
        unfolding = self._unfolding_of(depth, index)
        if unfolding == "none":
            return
        level = self.view.groups.levels[depth]
        if level is self.view.groups.levels[-1]:
            yield _Segment("socket", depth + 1, self._sorted_sockets(self.view.groups.rows_of(depth, index)))
            return
        children = range(int(level.first[index]), int(level.last[index]))
        if unfolding == "all" or len(children) <= SOME + 1:
            yield from self._children_of_level(depth + 1, children)
            return
        yield from self._children_of_level(depth + 1, children[:SOME])
        yield _Segment("more", depth + 1, range(index, index + 1))

    def _sorted_sockets(self, rows: Rows) -> Rows:
        """Sort a group's sockets by the chosen field, then by who goes first."""
        moment, spec = self.view.moment, self.view.spec
        value = FIELDS[spec.sort].socket_value(moment, rows)
        left = moment.snapshot.left_ms[rows]
        ascending = spec.sort == DEFAULT_SORT or not spec.descending
        order = np.lexsort((moment.snapshot.sockets.cookie[rows], left, value if ascending else -value))
        sorted_rows: Rows = rows[order]
        return sorted_rows
