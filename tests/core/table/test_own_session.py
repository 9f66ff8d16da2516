"""The connection that twtop is used over, as the table has it: marked, or left out like by a filter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.core.build import table
from twtop.core.changes import Moment, follow
from twtop.core.filter import Everything, parse
from twtop.core.snapshot import snapshot
from twtop.core.states import State
from twtop.core.table.notes import holds_own_session
from twtop.core.table.view import Spec, view

STATES = [State.ESTAB, State.ESTAB, State.CLOSE_WAIT, State.ESTAB]
SESSION = 2


def moment(*session: int) -> Moment:
    """Two instants; the socket with the cookie 4 is gone in the second."""
    before = snapshot(table(state=STATES, inode=[9] * 4), own_session=session)
    now = snapshot(before.sockets.take(slice(3)), instant_s=1.0, own_session=session)
    return follow(follow(None, before), now)


@pytest.mark.parametrize("text", ["", "state estab"])
def test_it_is_left_out_as_if_a_filter_did(text: str) -> None:
    expression = parse(text) if text else Everything()
    whole = view(moment(SESSION), Spec(expression))
    hidden = view(moment(SESSION), Spec(expression, hides_session=True))
    assert whole.matching - hidden.matching == 1
    assert whole.state_matches[State.ESTAB] - hidden.state_matches[State.ESTAB] == 1
    assert whole.state_deltas == hidden.state_deltas
    assert 1 not in hidden.groups.rows.tolist()
    assert int(hidden.groups.levels[0].measures.sockets.sum()) == hidden.matching


def test_its_end_is_left_out_too() -> None:
    assert view(moment(4), Spec()).state_deltas[State.ESTAB] == -1
    assert view(moment(4), Spec(hides_session=True)).state_deltas[State.ESTAB] == 0


def test_without_a_session_nothing_is_left_out() -> None:
    assert view(moment(), Spec(hides_session=True)).matching == 3


def test_who_holds_it() -> None:
    now = moment(SESSION)
    assert holds_own_session(now, np.array([0, 1]))
    assert not holds_own_session(now, np.array([0, 2]))
    # What is claimed and is not there marks nobody.
    assert not holds_own_session(moment(99), np.arange(3))
    assert not holds_own_session(replace(now, snapshot=moment().snapshot), np.arange(3))
