"""Lines against a plain recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import later, moment_of, moments, rows_of, table, unhurried
from tests.core.filter.strategies import expressions
from twtop.core.changes import follow
from twtop.core.filter import Everything, parse
from twtop.core.states import State, Timer
from twtop.core.table.fields import DEFAULT_SORT, FIELDS
from twtop.core.table.keys import KEYS
from twtop.core.table.view import SOME, Line, LineIdentity, Lines, Spec, Unfolding, View, view

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twtop.core.changes import Moment

FEW = 200

specs = st.builds(
    Spec,
    st.just(Everything()) | expressions(),
    st.lists(st.sampled_from(list(KEYS)), min_size=1, max_size=3, unique=True).map(tuple),
    st.sampled_from(list(FIELDS)),
    st.booleans(),
)


def groups_of(shown: View) -> list[int]:
    return [identity for level in shown.groups.levels for identity in level.identity.tolist()]


def unfolded_at_random(shown: View, seed: int) -> dict[int, Unfolding]:
    rng = np.random.default_rng(seed)
    choices: list[Unfolding] = ["none", "some", "all"]
    share = rng.choice([0.0, 0.1, 0.8])
    return {identity: choices[rng.integers(3)] for identity in groups_of(shown) if rng.random() < share}


def unfolding(shown: View, unfolded: Mapping[int, Unfolding], depth: int, index: int) -> Unfolding:
    level = shown.groups.levels[depth]
    at_first: Unfolding = "some" if depth < len(shown.groups.levels) - 1 and len(level) <= FEW else "none"
    return unfolded.get(int(level.identity[index]), at_first)


def slowly(shown: View, unfolded: Mapping[int, Unfolding]) -> Iterator[Line]:
    def level(depth: int, indexes: range) -> Iterator[Line]:
        for index in indexes:
            yield Line("group", depth, index)
            yield from below(depth, index, unfolding(shown, unfolded, depth, index))

    def below(depth: int, index: int, how: Unfolding) -> Iterator[Line]:
        if how == "none":
            return
        if depth == len(shown.groups.levels) - 1:
            for row in sockets_slowly(shown, shown.groups.rows_of(depth, index).tolist()):
                yield Line("socket", depth + 1, row)
            return
        here = shown.groups.levels[depth]
        children = range(int(here.first[index]), int(here.last[index]))
        if how == "some" and len(children) > SOME + 1:
            yield from level(depth + 1, children[:SOME])
            yield Line("more", depth + 1, index)
        else:
            yield from level(depth + 1, children)

    yield from level(0, range(len(shown.groups.levels[0])))


def sockets_slowly(shown: View, rows: list[int]) -> list[int]:
    moment, spec = shown.moment, shown.spec
    # Sockets have no number of sockets: who goes first comes first then.
    down = spec.descending and spec.sort != DEFAULT_SORT

    def order(row: int) -> tuple[int, int, int]:
        (value,) = FIELDS[spec.sort].socket_value(moment, np.array([row])).tolist()
        left = int(moment.snapshot.left_ms[row])
        return (-value if down else value), left, int(moment.snapshot.sockets.cookie[row])

    return sorted(rows, key=order)


@unhurried
@given(moments, specs, st.integers(0, 2**32))
def test_lines_are_those_of_a_recursion(moment: Moment, spec: Spec, seed: int) -> None:
    shown = view(moment, spec)
    unfolded = unfolded_at_random(shown, seed)
    lines = Lines(shown, unfolded)
    expected = list(slowly(shown, unfolded))
    assert len(lines) == len(expected)
    assert [lines[position] for position in range(len(lines))] == expected
    with pytest.raises(IndexError):
        lines[len(lines)]


@unhurried
@given(moments, specs, st.integers(0, 2**32))
def test_a_line_is_found_where_it_is(moment: Moment, spec: Spec, seed: int) -> None:
    shown = view(moment, spec)
    unfolded = unfolded_at_random(shown, seed)
    lines = Lines(shown, unfolded)
    identities = [lines.identity(lines[position]) for position in range(len(lines))]
    assert len(set(identities)) == len(identities)
    assert [lines.find(identity) for identity in identities] == list(range(len(lines)))
    for line in map(lines.__getitem__, range(len(lines))):
        if line.kind == "group":
            assert lines.unfolding(line) == unfolding(shown, unfolded, line.depth, line.index)
    assert lines.find(LineIdentity("socket", 2**63)) is None
    assert lines.find(LineIdentity("more", 12345)) is None


@unhurried
@given(moments, specs)
def test_with_everything_unfolded_every_socket_is_there_once(moment: Moment, spec: Spec) -> None:
    shown = view(moment, spec)
    lines = Lines(shown, dict.fromkeys(groups_of(shown), "all"))
    seen = [line for line in map(lines.__getitem__, range(len(lines))) if line.kind == "socket"]
    matching = np.flatnonzero(spec.filter.mask(moment.snapshot.sockets)).tolist()
    assert sorted(line.index for line in seen) == matching
    assert shown.matching == len(matching)
    folded = Lines(shown, dict.fromkeys(groups_of(shown), "none"))
    assert len(folded) == len(shown.groups.levels[0])


@unhurried
@given(moments, specs)
def test_states_of_what_matches(moment: Moment, spec: Spec) -> None:
    shown = view(moment, spec)
    rows = rows_of(moment.snapshot.sockets)
    mask = spec.filter.mask(moment.snapshot.sockets)
    matching = [nth for nth in range(len(rows)) if mask[nth]]
    left = [row.state for row in rows_of(moment.gone.take(spec.filter.mask(moment.gone)))]
    for state in State:
        now = [nth for nth in matching if rows[nth].state == state]
        born = sum(bool(moment.born[nth]) for nth in now)
        assert shown.state_matches[state] == len(now)
        assert shown.state_deltas[state] == born - left.count(state)


def peers(count: int) -> Moment:
    """As many destinations as sockets."""
    return moment_of(
        table(
            state=[State.TIME_WAIT] * count,
            timer=[Timer.TIMEWAIT] * count,
            expires_ms=list(range(count)),
            remote_port=range(1, count + 1),
        )
    )


@pytest.mark.parametrize(
    ("count", "shown", "hidden"), [(1, 1, 0), (SOME, SOME, 0), (SOME + 1, SOME + 1, 0), (SOME + 2, SOME, 2)]
)
def test_more_stands_for_several_groups_or_is_not_there(count: int, shown: int, hidden: int) -> None:
    lines = Lines(view(peers(count), Spec(keys=("state", "remote"))), {})
    kinds = [lines[position].kind for position in range(len(lines))]
    assert kinds == ["group"] * (1 + shown) + ["more"] * bool(hidden)
    if hidden:
        assert lines.hidden(lines[len(lines) - 1]) == hidden


def test_more_of_one_group_is_not_its_group() -> None:
    shown = view(peers(30), Spec(keys=("state", "remote")))
    lines = Lines(shown, {})
    state, more = lines.identity(lines[0]), lines.identity(lines[len(lines) - 1])
    assert (state.number, more.kind) == (more.number, "more")
    assert lines.find(state) == 0
    everything = Lines(shown, {state.number: "all"})
    assert len(everything) == 31
    assert everything.find(more) is None


@pytest.mark.parametrize(("count", "shown"), [(FEW, 2 * FEW), (FEW + 1, FEW + 1)])
def test_many_groups_show_their_children_only_when_asked(count: int, shown: int) -> None:
    folded = view(peers(count), Spec(keys=("remote-port", "state")))
    lines = Lines(folded, {})
    assert len(lines) == shown
    wanted = lines.identity(lines[0])
    unfolded = Lines(folded, {wanted.number: "some"})
    assert len(unfolded) == (shown if shown > count else shown + 1)
    position = unfolded.find(wanted)
    assert position is not None
    assert unfolded[position + 1].depth == 1


def test_the_cursor_finds_its_line_in_the_next_view() -> None:
    moment = peers(300)
    spec = Spec(keys=("state", "remote"), sort="left")
    before = Lines(view(moment, spec), {})
    wanted = before.identity(before[2])
    next_moment = follow(moment, later(moment.snapshot, 1, 0))
    for changed in (spec, Spec(keys=spec.keys, sort="sockets"), Spec(keys=spec.keys, descending=False)):
        shown = view(next_moment, changed)
        state = int(shown.groups.levels[0].identity[0])
        lines = Lines(shown, {state: "all"})
        position = lines.find(wanted)
        text = KEYS["remote"].text
        if position is None:
            assert wanted.number not in groups_of(shown)
            continue
        row = shown.groups.levels[1].row[lines[position].index]
        old_row = before.view.groups.levels[1].row[before[2].index]
        assert text(next_moment.snapshot.sockets, row, False) == text(moment.snapshot.sockets, old_row, False)


@pytest.mark.parametrize("text", ["", "exclude all", "dport = :1"])
@pytest.mark.parametrize("count", [0, 1])
def test_hardly_anything(count: int, text: str) -> None:
    shown = view(peers(count), Spec(parse(text)))
    lines = Lines(shown, {})
    matches = count if text != "exclude all" else 0
    assert (shown.matching, len(lines)) == (matches, 2 * matches)
    assert shown.state_matches[State.TIME_WAIT] == matches


def test_a_hundred_thousand_lines_are_found_without_being_made() -> None:
    count = 60_000
    shown = view(peers(count), Spec(keys=("state", "remote"), sort="left"))
    lines = Lines(shown, {groups_of(shown)[0]: "all"})
    assert len(lines) == count + 1
    for position in (0, 1, count // 2, count):
        assert lines.find(lines.identity(lines[position])) == position
    assert shown.groups.levels[1].row[lines[1].index] == count - 1
