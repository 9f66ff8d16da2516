"""Groups of sockets at two moments side by side, without a Python step per socket or group.

Of every group: how many sockets it has at each moment, and where the difference comes from. A socket appeared
if it was nowhere at the earlier moment, and vanished if it is nowhere at the later one; else it is still in
its group, or came from another one, or left for another one, as when its state changed. So the numbers of
each group add up: ``after = before + appeared + came - vanished - left``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.comparison.side import NOWHERE
from twtop.core.runs import Runs
from twtop.core.table.grouping import identities_of_all
from twtop.core.table.view import chosen_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twtop.core.comparison.side import Pairs, Side
    from twtop.core.sockets import U64, Rows
    from twtop.core.table.view import Spec

_STATES: Final = 16
GONE: Final = 0
"""In place of the number of a state: there is no such socket."""


class Counts(NamedTuple):
    """The numbers of one group, or of all; the last four are 0 where no socket can be found again."""

    before: int
    after: int
    appeared: int
    vanished: int
    came: int
    left: int

    @property
    def change(self) -> int:
        """How many more there are."""
        return self.after - self.before

    @property
    def stayed(self) -> int:
        """How many were in the group at both moments."""
        return self.after - self.appeared - self.came

    @property
    def rank(self) -> tuple[int, int, int]:
        """What sorts groups by how much they changed, the most first; that of equals is the same."""
        return -abs(self.change), -sum(self[2:]), -max(self.before, self.after)


class GroupChange(NamedTuple):
    """What became of one group."""

    counts: Counts
    in_after: bool
    """Whether ``row`` is of the later moment."""
    row: int
    """A socket of the group, to read its keys' texts from."""
    became: tuple[int, ...]
    """Its sockets at the earlier moment by what they are at the later one: by state number, or `GONE`."""
    were: tuple[int, ...]
    """Its sockets at the later moment by what they were at the earlier one."""

    @property
    def word(self) -> str:
        """What happened to it, in a word; empty where nothing did."""
        counts = self.counts
        renewed = "renewed" if counts.appeared or counts.came else ""
        return word_of(counts.before, counts.after) or renewed


def word_of(before: int, after: int) -> str:
    """Return what happened to what there were so many of; empty where there are as many."""
    if before == after:
        return ""
    if not before or not after:
        return "vanished" if before else "appeared"
    return "grew" if after > before else "shrank"


@dataclass(frozen=True, slots=True, eq=False)
class GroupChanges:
    """The groups that changed the most."""

    keys: tuple[str, ...]
    total: Counts
    """Of all sockets that the filter lets through: ``came`` and ``left`` are those that it let through, or
    lets through, only at one of the moments."""
    shown: tuple[GroupChange, ...]
    """The greatest change first; of equals the one in which more came and went."""
    others: Counts
    """The sums of all other groups."""
    others_changed: int
    """How many of these changed."""
    others_same: int
    """How many of these did not."""


class _Side(NamedTuple):
    """The chosen sockets of one moment and their groups."""

    rows: Rows
    group: Rows
    """Per socket, chosen or not: the number of its group, or `NOWHERE`."""
    partner: Rows
    """Per socket, chosen or not: its row at the other moment, or `NOWHERE`."""


def compare_groups(
    before: Side, after: Side, pairs: Pairs | None, spec: Spec, keys: Sequence[str], most: int
) -> GroupChanges:
    """Compare the groups of the sockets that a filter lets through; tell of the ``most`` that changed most.

    Without ``pairs`` no socket is found again, and all that is told is how many there are.
    """
    chosen = [_rows(side, spec) for side in (before, after)]
    identities = [_identities(side, rows, keys) for side, rows in zip((before, after), chosen, strict=True)]
    # Those of the later moment first: of each run the first row is one of them, if there is any.
    runs = Runs.of(np.concatenate(identities[::-1]))
    number = np.empty(len(runs.rows), np.intp)
    number[runs.rows] = np.repeat(np.arange(len(runs)), runs.sizes)
    late = len(chosen[1])
    earlier = _side(before, chosen[0], number[late:], None if pairs is None else pairs.of_before)
    later = _side(after, chosen[1], number[:late], None if pairs is None else pairs.of_after)
    counts = _counts(earlier, later, len(runs), is_paired=pairs is not None)
    order = _greatest_first(counts)
    shown, rest = order[:most], counts[:, order[most:]]
    became = _by_state(earlier, after.sockets.state, shown, len(runs))
    were = _by_state(later, before.sockets.state, shown, len(runs))
    found = []
    for place, at in enumerate(shown.tolist()):
        head = int(runs.heads[at])
        in_after = head < late
        row = int(chosen[1][head] if in_after else chosen[0][head - late])
        told = tuple(became[place].tolist()), tuple(were[place].tolist())
        found.append(GroupChange(Counts(*counts[:, at].tolist()), in_after, row, *told))
    changed = int(np.count_nonzero((rest[0] != rest[1]) | rest[2:].any(axis=0)))
    return GroupChanges(
        keys=tuple(keys),
        total=_total(earlier, later, is_paired=pairs is not None),
        shown=tuple(found),
        others=Counts(*rest.sum(axis=1).tolist()),
        others_changed=changed,
        others_same=rest.shape[1] - changed,
    )


def _rows(side: Side, spec: Spec) -> Rows:
    chosen = chosen_by(spec, side.sockets, side.own_session)
    return np.arange(len(side.sockets)) if chosen is None else np.flatnonzero(chosen)


def _identities(side: Side, rows: Rows, keys: Sequence[str]) -> U64:
    """Return a number per chosen socket, the same for those that agree in all keys."""
    return identities_of_all(side.sockets, side.server, keys)[-1][rows]


def _side(side: Side, rows: Rows, number: Rows, partner: Rows | None) -> _Side:
    group = np.full(len(side.sockets), NOWHERE, np.intp)
    group[rows] = number
    return _Side(rows, group, np.full(len(group), NOWHERE, np.intp) if partner is None else partner)


def _counts(earlier: _Side, later: _Side, count: int, *, is_paired: bool) -> NDArray[np.int64]:
    """Return the numbers of `Counts` as rows, a column for each of so many groups."""
    before, after = (np.bincount(side.group[side.rows], minlength=count) for side in (earlier, later))
    counts = np.zeros((len(Counts._fields), count), np.int64)
    counts[0], counts[1] = before, after
    if not is_paired:
        return counts
    for at, side in ((2, later), (3, earlier)):
        alone = side.rows[side.partner[side.rows] == NOWHERE]
        counts[at] = np.bincount(side.group[alone], minlength=count)
    both = later.rows[later.partner[later.rows] != NOWHERE]
    group = later.group[both]
    stayed = np.bincount(group[earlier.group[later.partner[both]] == group], minlength=count)
    counts[4] = after - counts[2] - stayed
    counts[5] = before - counts[3] - stayed
    return counts


def _total(earlier: _Side, later: _Side, *, is_paired: bool) -> Counts:
    """Take all chosen sockets for one group."""
    first, second = (
        side._replace(group=np.where(side.group == NOWHERE, NOWHERE, 0)) for side in (earlier, later)
    )
    return Counts(*_counts(first, second, 1, is_paired=is_paired)[:, 0].tolist())


def _greatest_first(counts: NDArray[np.int64]) -> Rows:
    before, after = counts[0], counts[1]
    turnover = counts[2:].sum(axis=0)
    return np.lexsort((-np.maximum(before, after), -turnover, -np.abs(after - before)))


def _by_state(side: _Side, states: NDArray[np.uint8], groups: Rows, count: int) -> NDArray[np.int64]:
    """Count the sockets of some groups by the states that they have at the other moment."""
    place = np.full(count, NOWHERE, np.intp)
    place[groups] = np.arange(len(groups))
    rows = side.rows[place[side.group[side.rows]] != NOWHERE] if count else side.rows
    partner = side.partner[rows]
    state = np.full(len(rows), GONE, np.intp)
    there = partner != NOWHERE
    state[there] = np.minimum(states[partner[there]], _STATES - 1)
    numbers = place[side.group[rows]] * _STATES + state if count else state[:0]
    return np.bincount(numbers, minlength=len(groups) * _STATES).reshape(-1, _STATES)
