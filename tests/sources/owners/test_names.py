from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from twtop.kernel.processes.cgroups import CgroupTree
from twtop.kernel.processes.reading import Process
from twtop.kernel.users import local_users
from twtop.sources.owners.names import CgroupNames, UserNames, owner_of


@pytest.fixture
def tree(tmp_path: Path) -> CgroupTree:
    """A tree of folders, which has numbers as a tree of cgroups has."""
    (tmp_path / "a.slice/b.service").mkdir(parents=True)
    return CgroupTree(str(tmp_path), "/")


def walk(names: CgroupNames, now_s: float) -> int:
    steps = 0
    while names.step(now_s):
        steps += 1
    return steps


def number(tree: CgroupTree, path: str) -> int:
    found = tree.id_of(path)
    assert found is not None
    return found


def test_users_have_names_or_numbers() -> None:
    users = UserNames()
    assert users.name(os.getuid()) == pwd.getpwuid(os.getuid()).pw_name
    assert users.name(4_000_000_001) == "4000000001"
    assert users.name(0xFFFF_FFFF) == ""
    assert users.names.keys() == {*local_users(), os.getuid(), 4_000_000_001}


def test_the_cgroup_of_a_process_is_known_without_a_walk(tree: CgroupTree) -> None:
    names = CgroupNames(tree)
    assert names.learn("/a.slice/b.service") == number(tree, "/a.slice/b.service")
    names.want([number(tree, "/a.slice/b.service")], 0.0)
    assert walk(names, 0.0) == 0
    assert names.paths == {number(tree, "/a.slice/b.service"): "/a.slice/b.service"}


def test_a_unit_that_is_started_anew_has_another_id(tree: CgroupTree) -> None:
    names = CgroupNames(tree)
    first = names.learn("/a.slice/b.service")
    folder = Path(tree.mount, "a.slice/b.service")
    folder.rename(folder.with_name("old"))
    folder.mkdir()
    names.doubt()
    assert names.learn("/a.slice/b.service") != first


def test_other_ids_are_found_by_a_walk(tree: CgroupTree) -> None:
    names = CgroupNames(tree)
    names.want([number(tree, "/a.slice")], 0.0)
    assert walk(names, 0.0) == 1
    assert names.paths == {number(tree, "/a.slice"): "/a.slice"}


def test_an_id_that_is_nowhere_is_not_sought_again_at_once(tree: CgroupTree) -> None:
    names = CgroupNames(tree)
    names.want([1], 1000.0)
    assert walk(names, 1000.0) == 1
    names.want([1], 1030.0)
    assert walk(names, 1030.0) == 0
    names.want([1], 1061.0)
    assert walk(names, 1061.0) == 1


def test_without_a_tree_nothing_is_known() -> None:
    names = CgroupNames(None)
    names.want([1], 0.0)
    assert (names.learn("/x"), walk(names, 0.0), names.paths) == (0, 0, {})


def test_an_owner_is_fit_for_a_terminal() -> None:
    process = Process(7, 9, "php-fpm", 4_000_000_001, "/system.slice/\x1bphp.service")
    owner = owner_of(process, UserNames())
    assert owner == (
        7,
        9,
        "php-fpm",
        4_000_000_001,
        "4000000001",
        "/system.slice/?php.service",
        "?php.service",
    )
