from __future__ import annotations

import numpy as np

from twtop.core.owners import registry as module
from twtop.core.owners.owner import NOBODY, Owner
from twtop.core.owners.registry import Registry


def owner(pid: int) -> Owner:
    return Owner(pid, pid, f"c{pid}", 0, "root")


def test_nobody_has_the_first_slot() -> None:
    registry = Registry()
    assert registry.slot(NOBODY) == 0
    assert registry.slot(owner(1)) == registry.slot(owner(1)) == 1
    assert registry.table().has_process.tolist() == [False, True]


def test_equal_texts_have_equal_numbers_and_others_do_not() -> None:
    registry = Registry()
    slots = [registry.slot(one) for one in (owner(1), owner(1)._replace(pid=2), owner(3))]
    table = registry.table()
    assert len(set(table.identity[slots].tolist())) == 3
    assert len(set(table.command[slots].tolist())) == 2
    assert len(set(table.user[slots].tolist())) == 1


def test_forgotten_slots_are_given_away_and_older_tables_stay_right() -> None:
    registry = Registry()
    slots = [registry.slot(owner(pid)) for pid in range(1, 200)]
    before = registry.table()
    kept = np.array(slots[::2], np.uint32)
    registry.prune([kept])
    assert len(registry) == 1 + len(kept)
    new = registry.slot(owner(1000))
    assert new in slots[1::2]
    assert before.records[new] == owner(new)
    assert [registry.table().records[slot] for slot in kept.tolist()] == [
        owner(slot) for slot in kept.tolist()
    ]
    assert registry.table().records[new] == owner(1000)
    assert registry.table().identity[kept].tolist() == before.identity[kept].tolist()


def test_where_there_is_no_room_processes_are_told_apart_no_more() -> None:
    registry = Registry()
    for pid in range(1, module.ROOM + 10):
        registry.slot(owner(pid)._replace(command="curl"))
    assert registry.is_crowded
    first, second = (registry.slot(owner(pid)._replace(command="curl")) for pid in (10**6, 10**6 + 1))
    assert first == second
    assert registry.table().records[first] == Owner(command="curl", uid=0, user="root")
    for number in range(20_000):
        last = registry.slot(Owner(command=f"x{number}"))
    assert last == 0
    assert len(registry) <= 1.2 * module.ROOM
