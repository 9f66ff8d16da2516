"""What of the chosen sockets is closed, and what is left out, with the reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.core.build import table
from twtop.core.closing.kinds import Kind
from twtop.core.closing.plan import Lacks, Rest, Why, plan
from twtop.core.closing.tally import Tally
from twtop.core.owners.certainty import Certainty
from twtop.core.owners.owner import Owner
from twtop.core.owners.registry import Registry
from twtop.core.states import State, Timer

STATES = [State.ESTAB, State.ESTAB, State.TIME_WAIT, State.UNCONN, State.FIN_WAIT_2, State.LAST_ACK, 14]
SOCKETS = table(
    state=STATES,
    inode=[11, 12, 0, 14, 0, 0, 0],
    timer=[0, 0, Timer.TIMEWAIT, 0, Timer.TIMEWAIT, Timer.ON, 0],
)


def reasons(rest: list[Rest]) -> dict[Why, int]:
    return {each.why: each.sockets for each in rest}


def test_time_waits_are_left_alone_unless_they_are_asked_for() -> None:
    usual = plan(SOCKETS)
    assert reasons(usual.rest) == {Why.BOUND: 1, Why.UNKNOWN: 1, Why.TIME_WAIT: 1}
    assert usual.count == 4
    assert Kind.TIME_WAIT not in usual.agreed
    asked = plan(SOCKETS, time_wait=True)
    assert reasons(asked.rest) == {Why.BOUND: 1, Why.UNKNOWN: 1}
    assert asked.by_kind[0] == (Kind.ESTAB, 2)
    assert asked.agreed == {Kind.ESTAB, Kind.TIME_WAIT, Kind.FIN_WAIT_2_MINI, Kind.LAST_ACK}


def test_the_own_session_and_twtops_own_are_never_closed() -> None:
    made = plan(SOCKETS, session=(1,), own=np.array([12, 99], np.uint32))
    assert made.why.tolist()[:2] == [Why.OWN_SESSION, Why.TWTOP]
    assert "SSH" in made.rest[0].text


def test_no_inode_is_nobodys_own() -> None:
    made = plan(SOCKETS, own=np.array([0], np.uint32))
    assert Why.TWTOP not in reasons(made.rest)


def test_what_the_kernel_cannot_close_is_said_before() -> None:
    lacks = Lacks(minis="no minis here", orphans="no orphans here")
    made = plan(SOCKETS, lacks=lacks, time_wait=True)
    assert reasons(made.rest) == {Why.BOUND: 1, Why.UNKNOWN: 1, Why.MINI: 2, Why.ORPHAN: 1}
    texts = [each.text for each in made.rest]
    assert "no minis here" in texts
    assert "no orphans here" in texts


def test_other_namespaces_are_left_alone() -> None:
    sockets = replace(SOCKETS, netns=np.array([5, 6, 5, 5, 5, 5, 5], np.uint32))
    made = plan(sockets, served=(5,))
    assert reasons(made.rest)[Why.NAMESPACE] == 1
    assert made.why[1] == Why.NAMESPACE


def test_the_owners_add_up_with_the_unknown_as_one() -> None:
    registry = Registry()
    slots = [registry.slot(Owner(pid=7, start=1, command=name)) for name in ("nginx", "php")]
    sockets = replace(
        table(state=[State.ESTAB] * 6, inode=[9] * 6),
        owner=np.array([0, slots[0], slots[0], slots[1], slots[0], slots[0]], np.uint32),
        certainty=np.array([0, 1, 1, 1, Certainty.WAS, 1], np.uint8),
        owners=registry.table(),
    )
    made = plan(sockets)
    assert made.by_owner == [("nginx[7]", 3), ("?", 1), ("was nginx[7]", 1), ("php[7]", 1)]
    assert sum(count for _, count in made.by_owner) == made.count


def test_nothing_chosen_is_nothing_to_do() -> None:
    made = plan(SOCKETS.take(slice(0)), 3)
    assert (made.count, made.by_kind, made.by_owner, made.rest, made.missing) == (0, [], [], [], 3)


def test_a_tally_adds_up() -> None:
    tally = Tally(10, closed=4, gone=2)
    tally.changed["TIME-WAIT"] += 1
    tally.refused["no"] += 2
    assert (tally.done, tally.left) == (9, 1)
