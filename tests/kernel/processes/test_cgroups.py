from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kernel.processes.held import child
from twtop.core.states import State
from twtop.kernel.processes.cgroups import CgroupTree
from twtop.kernel.processes.reading import read_process
from twtop.kernel.sockdiag.dumps import SockDiag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.lab import Lab


@pytest.fixture
def tree() -> CgroupTree:
    found = CgroupTree.find()
    if found is None:
        pytest.skip("no cgroup v2 hierarchy is mounted here")
    return found


@pytest.fixture
def group(tree: CgroupTree) -> Iterator[str]:
    """A cgroup of our own, two deep, by its path."""
    prefix = tree.root.rstrip("/")
    path = f"/twtop-test-{os.getpid()}.slice/inner.service"
    folder = Path(tree.mount + path)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    try:
        yield prefix + path
    finally:
        for each in (folder, folder.parent):
            with suppress(OSError):
                each.rmdir()


def test_a_path_has_an_id_and_the_walk_finds_both(tree: CgroupTree, group: str) -> None:
    number = tree.id_of(group)
    assert number is not None
    assert (number, group) in list(tree.walk())
    assert tree.id_of(tree.root) == Path(tree.mount).stat().st_ino


def test_what_is_gone_or_outside_has_none(tree: CgroupTree) -> None:
    assert tree.id_of("/there/is/no/such") is None
    assert tree.id_of("/../outside") is None
    assert CgroupTree(tree.mount, "/some/part").id_of("/other") is None


def test_sock_diag_tells_the_id_of_the_cgroup_that_the_process_is_in(
    tree: CgroupTree, group: str, lab: Lab
) -> None:
    with lab.client.entered(), child() as held:
        Path(tree.mount + group.removeprefix(tree.root.rstrip("/")), "cgroup.procs").write_text(str(held.pid))
        port = held.run("s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1])")
        process = read_process(held.pid)
        assert process is not None
        assert process.cgroup == group
        with SockDiag() as diag:
            sockets = diag.dump_tcp(State.LISTEN.bit).sockets
        row = sockets.local_port.tolist().index(int(port))
        if not sockets.cgroup[row]:
            pytest.skip("this kernel tells no cgroup ids")
        assert int(sockets.cgroup[row]) == tree.id_of(group)


def test_no_mount_is_no_tree(tmp_path: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text("22 27 0:21 / /proc rw - proc proc rw\n")
    assert CgroupTree.find(mountinfo) is None
    assert CgroupTree.find(tmp_path / "missing") is None


def test_the_mount_that_shows_most_is_chosen(tmp_path: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(
        "1 0 0:1 /a.slice /mnt/part rw - cgroup2 cgroup2 rw\n"
        "2 0 0:1 / /mnt/with\\040space rw,nosuid - cgroup2 cgroup2 rw\n"
        "3 0 0:2 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
    )
    assert CgroupTree.find(mountinfo) == CgroupTree("/mnt/with space", "/")
