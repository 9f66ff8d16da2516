"""Whose connections were, on the real kernel: after processes that close, end, fork, and pass them on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from tests.kernel.processes.held import child
from tests.lab.oracle import eventually
from twtop.core.owners.certainty import Certainty
from twtop.core.states import State
from twtop.core.table.view import Spec, view
from twtop.kernel.processes.reading import read_process
from twtop.lab.host import endpoint
from twtop.sources.live import LiveSource
from twtop.sources.observer import Observer
from twtop.sources.owners.finder import OwnerFinder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kernel.processes.held import Child
    from twtop.core.changes import Moment
    from twtop.core.owners.owner import Owner
    from twtop.lab.host import Host, Socket
    from twtop.lab.lab import Lab

MANY: Final = 60
CLOSE: Final = "[s.close() for s in ss]"
CONNECT: Final = "ss = [socket.create_connection(('{}', {})) for _ in range({})]"
ACCEPT: Final = "ss = [l.accept()[0] for _ in range({})]; print(*[s.getpeername()[1] for s in ss])"


class Whose(NamedTuple):
    owner: Owner
    certainty: Certainty


class Watch:
    """Looks at a host as the screen does, with a thread that finds owners."""

    def __init__(self, host: Host) -> None:
        self._host = host
        with host.entered():
            self._source = LiveSource()
        self._observer = Observer(self._source.host)
        self._finder = OwnerFinder(check_every_s=0.3)
        self._finder.start()
        self.moment: Moment | None = None

    def close(self) -> None:
        self._finder.stop()
        self._source.close()

    def look(self, state: State, *, by: str = "local_port") -> dict[int, Whose]:
        """Take a snapshot; return whose the sockets in a state are, by one of their ports."""
        with self._host.entered():
            taken = self._source.take()
        self.moment = self._observer.observe(taken, self._finder.holdings()).moment
        sockets = self.moment.snapshot.sockets
        self._finder.look_for(sockets)
        there = sockets.take(sockets.state == state)
        return {
            port: Whose(sockets.owners.records[slot], Certainty(certainty))
            for port, slot, certainty in zip(
                getattr(there, by).tolist(), there.owner.tolist(), there.certainty.tolist(), strict=True
            )
        }

    def holders(self, state: State, *, by: str = "local_port") -> dict[int, int]:
        """Return the pids of those that hold the sockets in a state now, by port."""
        return {
            port: whose.owner.pid
            for port, whose in self.look(state, by=by).items()
            if whose.certainty is Certainty.HELD
        }


@pytest.fixture
def clients(lab: Lab) -> Iterator[Watch]:
    watch = Watch(lab.client)
    yield watch
    watch.close()


@pytest.fixture
def servers(lab: Lab) -> Iterator[Watch]:
    watch = Watch(lab.server)
    yield watch
    watch.close()


def connected(lab: Lab, client: Child, listener: Socket, accepted: list[Socket]) -> list[int]:
    """Let a process open many connections; return its ports."""
    ports = client.run(
        f"{CONNECT.format(*endpoint(listener), MANY)}; print(*[s.getsockname()[1] for s in ss])"
    )
    accepted += [lab.server.accept(listener) for _ in range(MANY)]
    return [int(port) for port in ports.split()]


def close_after_them(accepted: list[Socket]) -> None:
    for made in accepted:
        assert made.recv(1) == b""
        made.close()


def check(found: dict[int, Whose], truth: dict[int, int]) -> None:
    """At least 99 % are attributed exactly, and none to somebody else."""
    assert found.keys() == truth.keys()
    wrong = {port: found[port] for port, pid in truth.items() if found[port].owner.pid not in (0, pid)}
    assert wrong == {}
    exact = [port for port in truth if found[port].certainty is Certainty.WAS and found[port].owner.pid]
    assert len(exact) >= 0.99 * len(truth)


def test_time_waits_of_clients_that_close_end_fork_and_pass_connections_on(lab: Lab, clients: Watch) -> None:
    listener = lab.server.listen(backlog=1000)
    accepted: list[Socket] = []
    ours, theirs = socket.socketpair()
    with ExitStack() as stack:
        stack.enter_context(ours)
        stack.enter_context(theirs)
        stack.enter_context(lab.client.entered())
        closes, ends, forks, gives = (
            stack.enter_context(child(theirs.fileno()) if at == 3 else child()) for at in range(4)
        )
        takes = stack.enter_context(child(ours.fileno()))
        ports = {each: connected(lab, each, listener, accepted) for each in (closes, ends, forks, gives)}
        copy = int(forks.run("pid = os.fork(); pid or __import__('signal').pause(); print(pid)"))
        stack.callback(os.kill, copy, signal.SIGKILL)
        gives.run(f"u = socket.socket(fileno={theirs.fileno()})")
        gives.run("socket.send_fds(u, [b'x'], [s.fileno() for s in ss])")
        takes.run(f"u = socket.socket(fileno={ours.fileno()}); got = socket.recv_fds(u, 1, 253)[1]")
        forks.run(CLOSE)
        gives.run(CLOSE)
        last = {closes: closes.pid, ends: ends.pid, forks: copy, gives: takes.pid}
        truth = {port: pid for each, pid in last.items() for port in ports[each]}
        eventually(lambda: clients.holders(State.ESTAB), truth)

        closes.run(CLOSE)
        ends.end()
        takes.run("[os.close(fd) for fd in got]")
    close_after_them(accepted)
    eventually(lambda: len(clients.look(State.TIME_WAIT)), len(truth))
    for _ in range(3):
        check(clients.look(State.TIME_WAIT), truth)


def test_time_waits_of_a_server_that_ended(lab: Lab, servers: Watch) -> None:
    with lab.server.entered(), child() as server:
        port = int(server.run("l = socket.create_server(('', 0), backlog=1000); print(l.getsockname()[1])"))
        made = [lab.client.connect(lab.server.address(), port) for _ in range(MANY)]
        truth = dict.fromkeys(map(int, server.run(ACCEPT.format(MANY)).split()), server.pid)
        eventually(lambda: servers.holders(State.ESTAB, by="remote_port"), truth)
    close_after_them(made)
    eventually(lambda: len(servers.look(State.TIME_WAIT, by="remote_port")), MANY)
    check(servers.look(State.TIME_WAIT, by="remote_port"), truth)


def test_a_reused_pid_is_another_owner(lab: Lab, clients: Watch) -> None:
    listener = lab.server.listen(backlog=1000)
    accepted: list[Socket] = []
    with lab.client.entered():
        with child() as first:
            before = connected(lab, first, listener, accepted)
            process = read_process(first.pid)
            assert process is not None
            eventually(lambda: clients.holders(State.ESTAB), dict.fromkeys(before, first.pid))
            first.run(CLOSE)
            close_after_them(accepted)
            eventually(lambda: len(clients.look(State.TIME_WAIT)), MANY)
        address, port = endpoint(listener)
        with born_again(first.pid, f"import socket; {CONNECT.format(address, port, MANY)}"):
            for _ in range(MANY):
                lab.server.accept(listener)
            eventually(lambda: [*clients.holders(State.ESTAB).values()], [first.pid] * MANY)
            found = clients.look(State.TIME_WAIT)
            after = clients.look(State.ESTAB)
    check(found, dict.fromkeys(before, first.pid))
    assert {whose.owner.start for whose in found.values()} == {process.start}
    assert process.start not in {whose.owner.start for whose in after.values()}
    assert clients.moment is not None
    groups = view(clients.moment, Spec(keys=("owner",))).groups
    assert groups.levels[0].measures.sockets.tolist() == [MANY, MANY]


BORN_AGAIN: Final = """
import ctypes, os, signal, sys
pid, script = int(sys.argv[1]), sys.argv[2]
wanted = (ctypes.c_int32 * 1)(pid)
# struct clone_args (include/uapi/linux/sched.h): the fifth is exit_signal, the last are set_tid and its size.
arguments = (ctypes.c_uint64 * 10)(0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(wanted), 1)
system = ctypes.CDLL(None, use_errno=True)
made = system.syscall(435, arguments, ctypes.sizeof(arguments))  # clone3
if made == 0:
    os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", script])
print(os.strerror(ctypes.get_errno()) if made < 0 else "", flush=True)
if made > 0:
    os.waitpid(made, 0)
"""


@contextmanager
def born_again(pid: int, script: str) -> Iterator[None]:
    """Run a script in a new process with a pid that somebody else had; it lives on to the end."""
    lasting = f"{script}\nimport signal; signal.pause()"
    # Not from here: what other threads have locked would stay locked in a process that was cloned.
    argv = [sys.executable, "-I", "-S", "-c", BORN_AGAIN, str(pid), lasting]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        if problem := parent.stdout.readline().strip():
            pytest.skip(f"no process can be given a pid here: {problem}")
        try:
            yield
        finally:
            os.kill(pid, signal.SIGKILL)
