"""Real processes, real sockets: who is found to hold them."""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kernel.processes.held import as_nobody, child, forked
from tests.lab.oracle import eventually
from twtop.core.sockets import Sockets
from twtop.kernel.processes.reading import read_process
from twtop.sources.live import LiveSource
from twtop.sources.owners.finder import CPU_SHARE, FIRST_S, OwnerFinder, find_all_owners

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.owners.holdings import Holdings
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

LISTEN_ON = "s = socket.create_server(('127.0.0.1', {port})); print(os.fstat(s.fileno()).st_ino)"


CHECK_EVERY_S = 0.3


class Watched:
    """A finder that is told of what is in one namespace."""

    def __init__(self, host: Host, finder: OwnerFinder) -> None:
        self.finder = finder
        self._host = host

    def tell(self) -> Holdings:
        with self._host.entered(), LiveSource() as source:
            self.finder.look_for(source.take().sockets)
        return self.finder.holdings()

    def settled(self) -> Holdings:
        """Tell it of the sockets, and wait for what it knows then: it may rest from its budget first."""
        self.tell()
        eventually(lambda: self.finder.holdings().looking, expected=False)
        return self.finder.holdings()

    def holder(self, inode: int) -> int:
        """Tell it of the sockets once more; return the pid that it knows for one of them, 0 for none."""
        return holder(self.tell(), inode)


def holder(holdings: Holdings, inode: int) -> int:
    at = holdings.inode.tolist().index(inode) if inode in holdings.inode else -1
    return holdings.holders[int(holdings.holder[at])].pid if at >= 0 else 0


@pytest.fixture
def watched(lab: Lab) -> Iterator[Watched]:
    finder = OwnerFinder(check_every_s=CHECK_EVERY_S)
    finder.start()
    yield Watched(lab.client, finder)
    finder.stop()


@contextmanager
def listener(host: Host) -> Iterator[tuple[socket.socket, int]]:
    with host.entered(), socket.create_server(("127.0.0.1", 0)) as made:
        yield made, os.fstat(made.fileno()).st_ino


def test_sockets_that_are_still_to_be_looked_for_are_not_said_to_be_held_by_nobody(
    watched: Watched,
) -> None:
    watched.tell()
    eventually(lambda: watched.finder.holdings().looking, expected=False)
    watched.finder.stop()
    assert watched.tell().looking


def test_who_asks_for_a_holder_gets_him_with_the_answer(lab: Lab, watched: Watched) -> None:
    for _ in range(2):
        with listener(lab.client) as (_, inode), lab.client.entered(), LiveSource() as source:
            found = watched.finder.find(source.take().sockets, 30)
        assert (holder(found, inode), found.looking) == (os.getpid(), False)


def test_nobody_waits_for_a_finder_that_does_not_work() -> None:
    finder = OwnerFinder()
    assert finder.find(Sockets.empty(), 3600).looking
    finder.start()
    finder.stop()
    assert finder.find(Sockets.empty(), 3600).looking


def test_the_holder_of_a_new_socket_is_found(lab: Lab, watched: Watched) -> None:
    with lab.client.entered(), child() as held:
        eventually(lambda: watched.tell().looking, expected=False)
        inode = int(held.run(LISTEN_ON.format(port=0)))
        eventually(lambda: watched.holder(inode), held.pid)
        holdings = watched.finder.holdings()
        owner = next(each for each in holdings.holders if each.pid == held.pid)
        process = read_process(held.pid)
        assert process is not None
        assert (owner.start, owner.command, owner.uid) == (process.start, process.command, process.uid)
        assert owner.user == holdings.users[owner.uid]


def test_what_a_fork_shares_belongs_to_the_parent_and_then_to_the_child(lab: Lab, watched: Watched) -> None:
    with lab.client.entered(), child() as parent:
        inode = int(parent.run(LISTEN_ON.format(port=0)))
        copy = int(parent.run("pid = os.fork(); pid or __import__('signal').pause(); print(pid)"))
        try:
            eventually(lambda: watched.holder(inode), parent.pid)
            parent.run("s.close()")
            eventually(lambda: watched.holder(inode), copy)
        finally:
            os.kill(copy, 9)


def test_what_is_passed_on_changes_hands(lab: Lab, watched: Watched) -> None:
    ours, theirs = socket.socketpair()
    with (
        ours,
        theirs,
        lab.client.entered(),
        socket.create_server(("127.0.0.1", 0)) as made,
        child(theirs.fileno()) as held,
    ):
        inode = os.fstat(made.fileno()).st_ino
        eventually(lambda: watched.holder(inode), os.getpid())
        socket.send_fds(ours, [b"x"], [made.fileno()])
        held.run(f"u = socket.socket(fileno={theirs.fileno()}); got = socket.recv_fds(u, 1, 1)[1]")
        made.close()
        eventually(lambda: watched.holder(inode), held.pid)


def test_an_exec_changes_the_name(lab: Lab, watched: Watched) -> None:
    def name() -> str:
        holdings = watched.tell()
        return next((each.command for each in holdings.holders if each.pid == held.pid), "")

    with listener(lab.client) as (made, inode), child(made.fileno()) as held:
        made.close()
        eventually(lambda: watched.holder(inode), held.pid)
        held.become_sleep()
        eventually(name, "sleep")
        assert watched.holder(inode) == held.pid


def test_what_a_process_that_ended_held_keeps_its_name_for_a_moment(lab: Lab, watched: Watched) -> None:
    with lab.client.entered(), child() as held:
        inode = int(held.run(LISTEN_ON.format(port=0)))
        eventually(lambda: watched.holder(inode), held.pid)
        pid = held.pid
    eventually(lambda: pid in watched.finder._search._ledger.slots, expected=False)
    eventually(lambda: watched.tell().looking, expected=False)
    assert watched.holder(inode) == pid


def test_what_nobody_holds_is_said_to_be_looked_for_only_once(lab: Lab, watched: Watched) -> None:
    with listener(lab.client) as (made, inode):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            # On its way from one process to another it is in nobody's hands.
            socket.send_fds(ours, [b"x"], [made.fileno()])
            made.close()
            eventually(lambda: watched.tell().looking, expected=False)
            assert inode not in watched.finder.holdings().inode


def test_once_for_all(lab: Lab) -> None:
    with listener(lab.client) as (made, inode), LiveSource() as source, forked():
        taken = source.take()
        holdings = find_all_owners(taken.sockets)
        assert holder(holdings, inode) == os.getpid()
        assert not holdings.looking
        assert holdings.lack is None
        assert made.fileno() >= 0


def test_others_sockets_without_the_privilege(lab: Lab) -> None:
    with lab.client.entered(), child() as held:
        inode = int(held.run(LISTEN_ON.format(port=0)))
        said = as_nobody(
            "from twtop.sources.live import LiveSource\n"
            "from twtop.sources.owners.finder import find_all_owners\n"
            "import pwd, numpy, encodings.idna; numpy.unique(numpy.zeros(3), return_index=True)",
            "with LiveSource() as source: sockets = source.take().sockets\n"
            "found = find_all_owners(sockets)\n"
            f"print({inode} in sockets.inode, {inode} in found.inode)\n"
            f"print(found.users.get({os.getuid()}), found.looking, found.lack)",
        )
    lack = "the rest needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
    assert said == f"True False\nroot False {lack}"


def test_the_cgroup_of_every_socket_is_named(lab: Lab) -> None:
    with listener(lab.client) as (_made, inode), LiveSource() as source:
        sockets = source.take().sockets
        row = sockets.inode.tolist().index(inode)
        if not sockets.cgroup[row]:
            pytest.skip("this kernel tells no cgroup ids")
        holdings = find_all_owners(sockets)
    assert holdings.cgroups[int(sockets.cgroup[row])].startswith("/")


def test_nothing_new_costs_no_new_object_and_the_budget_holds(lab: Lab, watched: Watched) -> None:
    with listener(lab.client) as (_made, inode):
        start_s = time.monotonic()
        eventually(lambda: watched.holder(inode), os.getpid())
        eventually(lambda: watched.settled() is watched.settled(), expected=True)
        schedstat = Path(f"/proc/self/task/{watched.finder._thread.native_id}/schedstat")
        cpu_s = int(schedstat.read_text().split()[0]) / 1e9
        # One reading of a large process may be overdrawn.
        assert cpu_s <= FIRST_S + CPU_SHARE * (time.monotonic() - start_s) + 0.2


def test_a_process_without_descriptors_to_spare_says_so(lab: Lab) -> None:
    import resource

    with listener(lab.client) as (_made, inode), LiveSource() as source:
        sockets = source.take().sockets
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            holdings = find_all_owners(sockets)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert holdings.lack == "processes cannot be read: Too many open files"
    assert inode not in holdings.inode
