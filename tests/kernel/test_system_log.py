"""Lines as a daemon at /dev/log gets them."""

from __future__ import annotations

import os
import re
import resource
import socket
from typing import TYPE_CHECKING

import pytest

from twtop.kernel.system_log import SystemLog, who_runs_this

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[tuple[socket.socket, Path]]:
    """A socket of our own in place of /dev/log."""
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(path))
        made.settimeout(5)
        yield made, path


def test_a_line_is_one_that_any_daemon_understands(daemon: tuple[socket.socket, Path]) -> None:
    listening, path = daemon
    with SystemLog(path) as log:
        log.write("closed ESTAB 10.0.0.1:1 -> 10.0.0.2:2")
        assert log.lack is None
    line = listening.recv(4096).decode()
    # LOG_AUTHPRIV (10) and LOG_NOTICE (5).
    pattern = r"<85>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d twtop\[(\d+)\]: closed ESTAB 10\.0\.0\.1:1 -> .*"
    match = re.fullmatch(pattern, line)
    assert match
    assert int(match[1]) == os.getpid()


def test_nobody_can_write_a_second_line_into_one(daemon: tuple[socket.socket, Path]) -> None:
    listening, path = daemon
    with SystemLog(path) as log:
        log.write("owner=evil\n<0>kernel: panic \x1b[2J")
        log.write("x" * 5000)
    assert listening.recv(4096).decode().endswith("owner=evil?<0>kernel: panic ?[2J")
    assert len(listening.recv(10_000)) == 900


def test_where_nobody_listens_it_says_so(tmp_path: Path) -> None:
    with SystemLog(tmp_path / "log") as log:
        assert log.lack == f"nobody takes the log at {tmp_path / 'log'}: no such file or directory"
        log.write("nothing happens")


def test_without_a_descriptor_left_it_says_so(daemon: tuple[socket.socket, Path]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        log = SystemLog(daemon[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with log:
        log.write("nothing happens")
        assert log.lack == f"nobody takes the log at {daemon[1]}: too many open files"


def test_a_daemon_that_dies_meanwhile_is_noticed(daemon: tuple[socket.socket, Path]) -> None:
    listening, path = daemon
    with SystemLog(path) as log:
        listening.close()
        log.write("one")
        assert log.lack == "the system log took no more: connection refused"
        log.write("two")


def test_a_daemon_that_stands_still_does_not_hold_us_up(daemon: tuple[socket.socket, Path]) -> None:
    _, path = daemon
    with SystemLog(path) as log:
        # unix(7): net.unix.max_dgram_qlen lines wait for it, then the writer does.
        for _ in range(100_000):
            log.write("again")
            if log.lack:
                break
        assert str(log.lack).startswith("the system log took no more: ")


def test_who_it_is() -> None:
    told = who_runs_this({"SUDO_USER": "ann\n" + "x" * 100})
    assert told.startswith(f"uid={os.getuid()}")
    assert f" SUDO_USER=ann?{'x' * 60}" in told
    assert len(told) < 300
    assert "SUDO_USER" not in who_runs_this({})
