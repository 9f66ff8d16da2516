from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import moments, table, unhurried
from twtop.core.changes import Moment, follow
from twtop.core.snapshot import snapshot
from twtop.core.states import State
from twtop.core.table.subject import Subject, subject_at
from twtop.core.table.view import Line, Lines, Spec, view

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYS = ("state", "remote-port")


def moment(states: Sequence[int]) -> Moment:
    count = len(states)
    return follow(None, snapshot(table(state=states, remote_port=[80 + at % 2 for at in range(count)])))


@unhurried
@given(moments, st.sampled_from((KEYS, ("role",), ("peer", "state", "local"))))
def test_every_line_is_about_its_group(now: Moment, keys: tuple[str, ...]) -> None:
    shown = view(now, Spec(keys=keys))
    lines = Lines(shown, {})
    for depth, level in enumerate(shown.groups.levels):
        for index in range(len(level)):
            subject = subject_at(lines, Line("group", depth, index))
            rows = shown.groups.rows_of(depth, index)
            found = subject.rows(shown)
            assert found is not None
            assert found.tolist() == rows.tolist()
            assert len(subject.names(shown, rows)) == depth + 1
            if depth == len(keys) - 1:
                below = {subject_at(lines, Line("socket", depth + 1, int(row))) for row in rows}
                assert below == {subject}
            else:
                assert subject_at(lines, Line("more", depth + 1, index)) == subject


def test_a_group_is_found_again_in_another_view() -> None:
    before, after = moment([State.ESTAB] * 2), moment([State.LISTEN, State.ESTAB, State.ESTAB])
    shown = view(before, Spec(keys=KEYS))
    subject = subject_at(Lines(shown, {}), Line("group", 0, 0))
    assert subject.keys == ("state",)
    again = view(after, Spec(keys=KEYS, sort="sockets", descending=False))
    rows = subject.rows(again)
    assert rows is not None
    assert sorted(rows.tolist()) == [1, 2]
    assert subject.names(again, rows) == ["ESTAB"]


def test_a_group_that_is_not_there_is_not_found() -> None:
    shown = view(moment([State.ESTAB]), Spec(keys=KEYS))
    subject = subject_at(Lines(shown, {}), Line("group", 1, 0))
    assert subject.rows(view(moment([State.LISTEN]), Spec(keys=KEYS))) is None
    assert subject.rows(view(moment([State.ESTAB]), Spec(keys=("remote-port", "state")))) is None
    assert subject.rows(view(moment([State.ESTAB]), Spec(keys=("state",)))) is None


def test_without_a_line_it_is_everything() -> None:
    shown = view(moment([State.ESTAB, State.LISTEN]), Spec(keys=KEYS))
    subject = subject_at(Lines(shown, {}), None)
    rows = subject.rows(shown)
    assert subject == Subject()
    assert rows is not None
    assert sorted(rows.tolist()) == [0, 1]
    assert subject.names(shown, rows) == ["everything"]
    assert subject.names(shown, np.zeros(0, np.intp)) == ["everything"]
