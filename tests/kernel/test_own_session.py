"""What real processes tell of the SSH connection that something below them is used over."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually
from twtop.core.own_session import ends_told
from twtop.kernel.own_session import read_own_session
from twtop.kernel.sockdiag.dumps import SockDiag
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from twtop.lab.lab import Lab

TOLD = "198.51.100.7 50022 10.0.0.7 22"
PR_SET_NAME = 15

UNDER_SUDO = """
import os, subprocess, sys
below = subprocess.Popen(["sleep", "60"], env={})
print(below.pid, flush=True)
below.wait()
"""
"""A process with an environment that starts another one without."""


@contextmanager
def shell(environment: dict[str, str]) -> Iterator[int]:
    """Yield the pid of a process whose parent, and it alone, has this environment."""
    made = subprocess.Popen(
        [sys.executable, "-c", UNDER_SUDO], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert made.stdout is not None
    try:
        pid = int(made.stdout.readline())
        yield pid
    finally:
        os.kill(pid, signal.SIGTERM)
        made.stdout.close()
        made.wait()


def test_the_environment_of_a_process_above_is_read() -> None:
    expected = ends_told({"SSH_CONNECTION": TOLD})
    with shell({"SSH_CONNECTION": TOLD}) as pid:
        # Between fork and exec the child has its parent's memory.
        eventually(lambda: read_own_session(pid).ends >= {expected}, True)
    with shell({"SSH_CLIENT": "192.0.2.1 50022 22"}) as pid:
        assert ends_told({"SSH_CLIENT": "192.0.2.1 50022 22"}) in read_own_session(pid).ends


def test_nonsense_is_no_session() -> None:
    with shell({"SSH_CONNECTION": "UNKNOWN 65535 UNKNOWN 65535"}) as pid:
        assert None not in read_own_session(pid).ends


def test_a_process_that_is_gone_tells_nothing() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert read_own_session(ended.pid).ends == frozenset()


def test_the_sockets_of_an_sshd_above_are_read(lab: Lab) -> None:
    pair = lab.pair()
    inode = os.fstat(pair.server.fileno()).st_ino
    with below_sshd(pair.server) as pid:
        assert inode in read_own_session(pid).inodes
    assert inode not in read_own_session().inodes


@contextmanager
def below_sshd(connection: socket.socket) -> Iterator[int]:
    """Yield the pid of a process below one that is called sshd and holds the connection."""
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:
        ctypes.CDLL(None).prctl(PR_SET_NAME, b"sshd")
        child = os.fork()
        if child == 0:
            connection.close()
            signal.pause()
        os.write(writing, b"%d\n" % child)
        os.waitpid(child, 0)
        os._exit(0)
    pid = int(os.read(reading, 16))
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(parent, 0)
        os.close(reading)
        os.close(writing)


NAMED = """
import ctypes, subprocess, sys
ctypes.CDLL(None).prctl(15, sys.argv[1].encode())  # PR_SET_NAME
below = subprocess.Popen(["sleep", "60"], env={})
print(below.pid, flush=True)
below.wait()
"""


@contextmanager
def below(name: str, environment: dict[str, str]) -> Iterator[int]:
    """Yield the pid of a process below one of this name, which alone has this environment."""
    with subprocess.Popen(
        [sys.executable, "-c", NAMED, name], env=environment, stdout=subprocess.PIPE, text=True
    ) as made:
        assert made.stdout is not None
        pid = int(made.stdout.readline())
        try:
            yield pid
        finally:
            os.kill(pid, signal.SIGTERM)


@pytest.mark.parametrize(("server", "client"), [("tmux: server", "tmux: client"), ("screen", "screen")])
def test_below_a_multiplexer_it_is_those_of_its_clients(server: str, client: str) -> None:
    attached = ends_told({"SSH_CONNECTION": TOLD})
    with below(server, {}) as pid:
        assert attached not in read_own_session(pid).ends
        with below(client, {"SSH_CONNECTION": TOLD}):
            assert attached in read_own_session(pid).ends
        assert attached not in read_own_session(pid).ends
    with below("bash", {}) as pid, below(client, {"SSH_CONNECTION": TOLD}):
        assert attached not in read_own_session(pid).ends


def test_a_snapshot_knows_it(lab: Lab) -> None:
    """The lab's server plays the host that twtop runs on; this process is started with the environment."""
    pair = lab.pair()
    lab.pair()
    told = f"{pair.client_end[0]} {pair.client_end[1]} {pair.server_end[0]} {pair.server_end[1]}"
    code = (
        "from twtop.sources.live import LiveSource\n"
        "with LiveSource() as source: print(*source.take().own_session)"
    )
    with lab.server.entered():
        printed = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "SSH_CONNECTION": told},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        with SockDiag() as diag, LiveSource() as source:
            sockets = diag.dump_tcp().sockets
            assert source.take().own_session == ()
    (row,) = ((sockets.remote_port == pair.client_end[1]) & (sockets.inode != 0)).nonzero()[0].tolist()
    assert printed.split() == [str(int(sockets.cookie[row]))]
