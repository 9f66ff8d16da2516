"""Groups against dictionaries."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import later, moment_of, moments, rows_of, table, unhurried
from twtop.core.changes import follow
from twtop.core.sockets import Sockets
from twtop.core.states import State
from twtop.core.table.fields import FIELDS
from twtop.core.table.grouping import Groups, group
from twtop.core.table.keys import DEFAULT_KEYS, KEYS
from twtop.core.table.measures import HISTOGRAM_BINS, SOON_MS, Measures
from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twtop.core.changes import Moment
    from twtop.core.sockets import Mask

Chain: TypeAlias = tuple[tuple[int, ...], ...]
"""The values of a group's keys, outermost first."""

chains = st.lists(st.sampled_from(list(KEYS)), min_size=1, max_size=4, unique=True)
sorts = st.sampled_from(list(FIELDS))


def chain_of(sockets: Sockets, server: Mask, keys: Sequence[str]) -> list[Chain]:
    values: list[list[tuple[int, ...]]] = []
    for name in keys:
        columns = [column.tolist() for column in KEYS[name].columns(sockets, server)]
        values.append(list(zip(*columns, strict=True)))
    return list(zip(*values, strict=True))


def place_of(sockets: Sockets, server: Mask, name: str) -> list[tuple[int, ...]]:
    """What equally great groups of a key are sorted by."""
    columns = (KEYS[name].order or KEYS[name].columns)(sockets, server)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def measured(moment: Moment, rows: Iterable[int], gone: int) -> dict[str, object]:
    """Measure a group socket by socket."""
    taken = moment.snapshot
    sockets = rows_of(taken.sockets)
    rows = list(rows)
    left = [int(taken.left_ms[row]) for row in rows]
    mortal = [ms for ms in left if ms != NO_END]
    histogram = [0] * HISTOGRAM_BINS
    for ms in mortal:
        histogram[min(ms // (taken.life_ms // HISTOGRAM_BINS), HISTOGRAM_BINS - 1)] += 1
    return {
        "sockets": len(rows),
        "born": sum(bool(moment.born[row]) for row in rows),
        "gone": gone,
        "soon": sum(ms < SOON_MS for ms in mortal),
        "shortest_ms": min(left),
        "longest_ms": max(mortal, default=-1),
        "rqueue": sum(sockets[row].rqueue for row in rows),
        "wqueue": sum(sockets[row].wqueue for row in rows),
        "restarted": sum(bool(moment.restarted[row]) for row in rows),
        "histogram": histogram,
    }


def at(measures: Measures, index: int) -> dict[str, object]:
    return {field.name: getattr(measures, field.name)[index].tolist() for field in fields(Measures)}


def check(
    moment: Moment, chosen: Mask | None, gone: Mask | None, keys: list[str], sort: str, down: bool
) -> Groups:
    value = FIELDS[sort].group_value
    groups = group(moment, chosen, gone, keys, value, down)
    taken = moment.snapshot
    of_row = chain_of(taken.sockets, taken.server, keys)
    of_gone = chain_of(moment.gone, moment.gone_server, keys)
    present = [row for row in range(len(of_row)) if chosen is None or chosen[row]]
    left = [chain for nth, chain in enumerate(of_gone) if gone is None or gone[nth]]
    assert groups.keys == tuple(keys)
    assert sorted(groups.rows.tolist()) == present
    above: list[Chain] = [()]
    for depth, level in enumerate(groups.levels):
        found: dict[Chain, list[int]] = {}
        for row in present:
            found.setdefault(of_row[row][: depth + 1], []).append(row)
        # All groups are there, each with its own sockets ...
        here = [of_row[row][: depth + 1] for row in level.row.tolist()]
        assert len(here) == len(level) == len(found)
        for index, chain in enumerate(here):
            assert sorted(groups.rows_of(depth, index).tolist()) == found[chain]
            gone_from_here = sum(other[: depth + 1] == chain for other in left)
            assert at(level.measures, index) == measured(moment, found[chain], gone_from_here)
        # ... in the order asked for, below the groups that hold them.
        place = place_of(taken.sockets, taken.server, keys[depth])
        order = {
            chain: (above.index(chain[:-1]), -amount if down else amount, place[row])
            for chain, amount, row in zip(
                here, value(level.measures).tolist(), level.row.tolist(), strict=True
            )
        }
        assert here == sorted(here, key=order.__getitem__)
        if depth:
            assert [above[parent] for parent in level.parent.tolist()] == [chain[:-1] for chain in here]
            upper = groups.levels[depth - 1]
            for index, (first, last) in enumerate(zip(upper.first, upper.last, strict=True)):
                assert {chain[:-1] for chain in here[first:last]} == {above[index]}
            assert (upper.last - upper.first).sum() == len(level)
        above = here
    return groups


@unhurried
@given(moments, chains, sorts, st.booleans())
def test_groups_are_those_of_dictionaries(moment: Moment, keys: list[str], sort: str, down: bool) -> None:
    check(moment, None, None, keys, sort, down)


@unhurried
@given(moments, chains, sorts, st.booleans(), st.integers(0, 2**32), st.sampled_from((0, 0.1, 0.9, 1)))
def test_groups_of_some_sockets(
    moment: Moment, keys: list[str], sort: str, down: bool, seed: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    chosen = rng.random(len(moment.snapshot.sockets)) < share
    check(moment, chosen, rng.random(len(moment.gone)) < share, keys, sort, down)


@unhurried
@given(moments, chains, st.integers(0, 2**32))
def test_a_group_is_the_same_in_the_next_snapshot(moment: Moment, keys: list[str], seed: int) -> None:
    following = follow(moment, later(moment.snapshot, seed, 30))
    seen: list[dict[Chain, int]] = []
    for each in (moment, following):
        groups = group(each, None, None, keys, FIELDS["sockets"].group_value)
        chain = chain_of(each.snapshot.sockets, each.snapshot.server, keys)
        seen.append(
            {
                chain[row][: depth + 1]: identity
                for depth, level in enumerate(groups.levels)
                for row, identity in zip(level.row.tolist(), level.identity.tolist(), strict=True)
            }
        )
    before, after = seen
    assert {chain: before[chain] for chain in before.keys() & after.keys()} == {
        chain: after[chain] for chain in before.keys() & after.keys()
    }
    both = before | after
    assert len(set(both.values())) == len(both)


@pytest.mark.parametrize("keys", [["state"], list(DEFAULT_KEYS), list(KEYS)])
@pytest.mark.parametrize("count", [0, 1])
def test_nobody_and_one(keys: list[str], count: int) -> None:
    moment = moment_of(table(state=[State.ESTAB] * count))
    groups = check(moment, None, None, keys, "sockets", True)
    assert [len(level) for level in groups.levels] == [count] * len(keys)
    check(moment, np.zeros(count, np.bool_), None, keys, "sockets", True)


def test_what_is_gone_counts_only_where_something_is_left() -> None:
    before = moment_of(table(state=[State.ESTAB] * 3, remote_port=[1, 1, 2]))
    now = moment_of(table(state=[State.ESTAB], remote_port=[1])).snapshot
    groups = group(follow(before, now), None, None, ["state", "remote-port"], FIELDS["sockets"].group_value)
    assert [level.measures.gone.tolist() for level in groups.levels] == [[2], [1]]


def test_a_hundred_thousand_groups() -> None:
    count = 100_000
    ports = np.arange(count) % 50_000
    moment = moment_of(
        table(
            state=[State.TIME_WAIT] * count,
            timer=[3] * count,
            remote_port=ports.tolist(),
            remote_lo=(1 + np.arange(count) // 50_000).tolist(),
            expires_ms=(np.arange(count) % 60_000).tolist(),
        )
    )
    groups = group(moment, None, None, ["state", "remote-address", "remote"], FIELDS["left"].group_value)
    assert [len(level) for level in groups.levels] == [1, 2, count]
    finest = groups.levels[-1]
    left = moment.snapshot.left_ms[finest.row].astype(np.int64)
    for parent in (0, 1):
        assert (np.diff(left[finest.parent == parent]) <= 0).all()
    assert np.array_equal(finest.row, groups.rows)
    assert groups.rows_of(0, 0).tolist() == groups.rows.tolist()
    assert np.unique(finest.identity).size == count


def test_an_empty_table_has_empty_levels() -> None:
    groups = group(moment_of(Sockets.empty()), None, None, DEFAULT_KEYS, FIELDS["sockets"].group_value)
    assert [len(level.measures) for level in groups.levels] == [0, 0]
    assert groups.levels[0].measures.histogram.shape == (0, HISTOGRAM_BINS)
