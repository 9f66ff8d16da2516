from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.warm import COLD, TWTOP
from twtop.__main__ import main
from twtop.lab.bulk import time_waits

if TYPE_CHECKING:
    from twtop.lab.lab import Lab

PRINTING = [
    ["--help"],
    ["--version"],
    ["snapshot", "--help"],
    ["explain"],
    ["explain", "time-wait"],
    ["snapshot"],
    ["snapshot", "--sockets"],
    ["snapshot", "--format", "csv"],
    ["snapshot", "--format", "json", "--sockets"],
    ["watch", "--count", "1"],
    ["watch", "--count", "1", "--format", "jsonl"],
    ["exporter", "--print-alerts"],
    ["completion", "zsh"],
    ["man"],
    ["unit", "record"],
]
COMMANDS = [[*COLD, *PRINTING[-1]], *([*TWTOP, *arguments] for arguments in PRINTING)]
"""One of them with the interpreter's own start and end."""
IDS = ["cold", *map(" ".join, PRINTING)]
MANY = 3000
"""Sockets whose list fills more than a pipe holds."""


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_a_full_disk_is_one_line(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ended.stderr == b"twtop: cannot write to standard output: No space left on device\n"
    assert ended.returncode == 2


@pytest.mark.parametrize("output_format", ["table", "csv", "json"])
def test_a_disk_that_fills_up_while_printing_is_one_line(lab: Lab, output_format: str) -> None:
    time_waits(lab.client, MANY)
    with lab.client.entered(), Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*TWTOP, "snapshot", "--sockets", "--format", output_format],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.stderr == b"twtop: cannot write to standard output: No space left on device\n"
    assert ended.returncode == 2


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_a_pipe_closed_before_is_silent(command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        ended = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, check=False)
    assert ended.stderr == b""
    assert ended.returncode == -signal.SIGPIPE


@pytest.mark.parametrize("output_format", ["table", "csv", "json"])
def test_a_pipe_closed_while_printing_is_silent(lab: Lab, output_format: str) -> None:
    time_waits(lab.client, MANY)
    with (
        lab.client.entered(),
        subprocess.Popen(
            [*TWTOP, "snapshot", "--sockets", "--format", output_format],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running,
    ):
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == -signal.SIGPIPE


def test_without_standard_output_there_is_one_line() -> None:
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *COLD, "snapshot"],
        stderr=subprocess.PIPE,
        check=False,
    )
    assert ended.stderr == b"twtop: standard output is closed\n"
    assert ended.returncode == 2


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_every_command_does_without_standard_output(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["twtop", *arguments])
    monkeypatch.setattr(sys, "stdout", None)
    assert main() == 2
    assert capsys.readouterr().err == "twtop: standard output is closed\n"


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_without_standard_error_a_remark_is_lost(redirection: str, tmp_path: Path) -> None:
    """What is printed by a program in a folder that a service cannot see has one."""
    (tmp_path / "twtop").write_text("from twtop.__main__ import main\nraise SystemExit(main())\n")
    command = [sys.executable, str(tmp_path / "twtop"), "unit", "record"]
    ended = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *command], capture_output=True, check=False
    )
    assert (ended.returncode, b"ExecStart=" in ended.stdout) == (0, True)


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_without_standard_error_the_status_is_left(redirection: str) -> None:
    ended = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *COLD, "explain", "nothing of the kind"],
        stdout=subprocess.PIPE,
        check=False,
    )
    assert (ended.stdout, ended.returncode) == (b"", 2)


def test_an_encoding_that_lacks_characters_is_no_error() -> None:
    ended = subprocess.run(
        [*COLD, "explain", "time-wait"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert ended.stdout.isascii()
