from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.core.build import table
from twtop.core.states import State
from twtop.sources.owners.held import Held, Unknown, likeness, missing

if TYPE_CHECKING:
    from twtop.core.sockets import U32

ESTAB, LISTEN, TIME_WAIT = State.ESTAB, State.LISTEN, State.TIME_WAIT


def inodes(*numbers: int) -> U32:
    return np.array(numbers, np.uint32)


def test_sockets_that_nobody_can_hold_are_left_out() -> None:
    held = Held.of(
        table(state=[ESTAB, TIME_WAIT, ESTAB], inode=[7, 0, 0], cgroup=[0, 0, 5], local_port=[1, 2, 3])
    )
    assert held.inode.tolist() == [7, 0]
    assert held.local_port.tolist() == [1, 3]
    assert missing(held.inode, inodes(8))[1].tolist() == [True, False]
    assert missing(held.inode, inodes(7))[1].tolist() == [False, False]


def test_who_has_sockets_like_it_is_suspect() -> None:
    sockets = table(
        state=[LISTEN, ESTAB, ESTAB, ESTAB, ESTAB],
        inode=[1, 2, 3, 4, 5],
        local_port=[443, 443, 40_000, 40_001, 443],
        remote_port=[0, 50_000, 5432, 5432, 5432],
    )
    known = np.array([True, False, True, False, False])
    # Holders 0 and 1 have the listener and a connection to the database; 2 has nothing.
    slot = np.array([0, 0, 1, 0, 0], np.uint32)
    assert likeness(Held.of(sockets), slot, known, ~known, 3).tolist() == [1, 1, 0]
    assert likeness(Held.of(sockets), slot, known, np.array([False] * 3 + [True, False]), 3).tolist() == [
        0,
        1,
        0,
    ]


def test_what_is_unknown_is_sought_until_everybody_was_read_since() -> None:
    unknown = Unknown()
    unknown.see(inodes(7, 9), 100.0, -np.inf)
    assert (unknown.sought, unknown.newest_s) == (2, 100.0)
    assert unknown.find(inodes(1, 7)) == 1
    assert unknown.sought == 1
    unknown.end_pass(100.5)
    assert (unknown.sought, unknown.missed) == (0, 1)


def test_what_was_missed_is_not_sought_again_and_what_is_new_is() -> None:
    unknown = Unknown()
    unknown.see(inodes(9), 100.0, -np.inf)
    unknown.end_pass(100.5)
    unknown.see(inodes(9, 11), 101.0, 100.5)
    assert (unknown.sought, unknown.missed, unknown.newest_s) == (1, 1, 101.0)
    unknown.see(inodes(11), 102.0, 100.5)
    assert (unknown.sought, unknown.missed, unknown.newest_s) == (1, 0, 101.0)
    unknown.see(inodes(), 103.0, 100.5)
    assert (unknown.sought, unknown.missed) == (0, 0)
