"""``twtop watch`` as scripts, pipes and people run it, in hosts of the lab."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import signal
import subprocess
import termios
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.export.oracle import twtop
from tests.lab.tenants import tenant
from tests.warm import TWTOP
from twtop.cli.watch import watch_parser
from twtop.core.table.fields import FIELDS
from twtop.core.table.keys import KEYS
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

QUICK = ("--interval", "0.1")
HOSTILE = b'a\x1b[2J",\n\r=1'
AS_SHOWN = 'a?[2J",??=1'


def start(host: Host, *arguments: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
    with host.entered():
        return subprocess.Popen(
            [*TWTOP, "watch", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            # Where readline was imported children are told of a terminal that may not be theirs.
            env={name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")},
        )


def line_of(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline()


def leave(running: subprocess.Popen[str]) -> None:
    """Read no more."""
    assert running.stdout is not None
    running.stdout.close()


def ended(running: subprocess.Popen[str]) -> tuple[int, str]:
    """How it ended, and what it complained about."""
    assert running.stderr is not None
    complaint = running.stderr.read()
    return running.wait(timeout=100), complaint


def record(host: Host, *arguments: str) -> dict[str, Any]:
    """The first one."""
    (told,) = twtop(host, "watch", "--format", "jsonl", "--count", "1", *arguments).splitlines()
    found: dict[str, Any] = json.loads(told)
    return found


def connected(lab: Lab) -> None:
    """Let the server have a listener with two connections."""
    listener = lab.server.listen(8080)
    for _ in range(2):
        lab.client.connect(*endpoint(listener))
        lab.server.accept(listener)


def test_what_comes_is_told_per_second(lab: Lab) -> None:
    listener = lab.server.listen(8080)
    with start(lab.server, "--format", "jsonl", "--by", "state", "--filter", "estab") as running:
        assert json.loads(line_of(running))["sockets"] == 0
        for _ in range(5):
            lab.client.connect(*endpoint(listener))
            lab.server.accept(listener)
        while not (told := json.loads(line_of(running)))["sockets"]:
            pass
        running.send_signal(signal.SIGINT)
    # The other ones may be in the next record: these came since the record before.
    born = round(told["born_per_s"] * told["seconds"])
    assert (born, told["gone_per_s"]) == (told["sockets"], 0)
    assert [group["born_per_s"] for group in told["groups"]] == [told["born_per_s"]]


def test_findings_are_headlines_about_what_matches(lab: Lab) -> None:
    lab.server.sysctl("net.ipv4.tcp_rfc1337", 1)
    lab.server.listen(8080)
    (found,) = [each for each in record(lab.server)["findings"] if each["rule"] == "rfc1337-on"]
    assert list(found) == ["rule", "subject", "severity", "headline"]
    assert found["headline"].startswith("tcp_rfc1337 is on")
    other = record(lab.server, "--filter", "sport = :1")
    assert (other["findings"], other["sockets"]) == ([], 0)


def test_all_namespaces_are_told_side_by_side(lab: Lab) -> None:
    connected(lab)
    with tenant(lab.server):
        ran = lab.server.run([*TWTOP, "watch", "--netns", "all", "--format", "jsonl", "--count", "1"])
    told = json.loads(ran.stdout)
    assert (told["host"]["namespace"], told["ports"], told["by"]) == ("all", None, [])
    inode = lab.server.namespace.inode
    (ours,) = [each for each in told["namespaces"] if each["number"] == inode]
    assert (ours["problem"], ours["sockets"], ours["states"]["ESTAB"]) == (None, 3, 2)
    assert ours["ports"]["worst"] is None


@pytest.fixture
def hostile_owner() -> Iterator[None]:
    """Let the process that holds the sockets of the lab have a name that no terminal should see."""
    name = Path("/proc/self/comm")
    before = name.read_bytes().strip()
    name.write_bytes(HOSTILE)
    yield
    name.write_bytes(before)


@pytest.mark.usefixtures("hostile_owner")
@pytest.mark.parametrize("output_format", ["table", "csv", "jsonl"])
def test_a_hostile_name_is_but_a_name(lab: Lab, output_format: str) -> None:
    connected(lab)
    text = twtop(lab.server, "watch", "--by", "command", "--count", "1", "--format", output_format)
    assert {character for character in text if ord(character) < 32} <= set("\r\n")
    if output_format == "csv":
        assert [row["command"] for row in csv.DictReader(text.splitlines(), strict=True)] == [AS_SHOWN]
    elif output_format == "jsonl":
        (told,) = text.splitlines()
        assert [group["key"] for group in json.loads(told)["groups"]] == [{"command": AS_SHOWN}]
    else:
        assert text.splitlines()[-2].endswith(f"  {AS_SHOWN}")


@pytest.mark.parametrize(
    "arguments", [("--format", "csv", *QUICK), ("--format", "jsonl", "--interval", "3600")]
)
def test_it_goes_with_its_reader(lab: Lab, arguments: tuple[str, ...]) -> None:
    """Also while it waits, and would have nothing to write for an hour."""
    with start(lab.server, *arguments) as running:
        assert line_of(running)
        leave(running)
        assert ended(running) == (-signal.SIGPIPE, "")


def test_the_shell_sees_no_error_where_enough_was_read(lab: Lab) -> None:
    script = 'set -o pipefail; "$@" watch --format jsonl --interval 0.1 | head -3; echo ${PIPESTATUS[0]}'
    *told, status = lab.server.run(["bash", "-c", script, "bash", *TWTOP]).stdout.splitlines()
    assert status == "141"
    assert len([json.loads(line) for line in told]) == 3


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_it_ends_quietly_when_told_to(lab: Lab, number: int, status: int) -> None:
    with start(lab.server, "--format", "jsonl", "--by", "command") as running:
        assert line_of(running)
        running.send_signal(number)
        assert ended(running) == (status, "")


@pytest.mark.parametrize("output_format", ["csv", "jsonl"])
def test_a_look_that_fails_is_told_and_the_next_is_tried(lab: Lab, output_format: str) -> None:
    with tenant(lab.client) as pid:
        running = start(lab.server, "--netns", str(pid), "--format", output_format, *QUICK)
        assert line_of(running)
    with running:
        told = running.stdout if output_format == "jsonl" else running.stderr
        assert told is not None
        complaints: list[str] = []
        while len(complaints) < 2:
            complaints += [line for line in [told.readline()] if "is gone" in line]
        leave(running)
        running.send_signal(signal.SIGTERM)
    if output_format == "jsonl":
        assert all(json.loads(line).keys() == {"schema", "time", "problem"} for line in complaints)
    else:
        assert re.match(r"twtop: \d\d:\d\d:\d\d: namespace .* is gone: ", complaints[0])


def test_on_a_terminal_titles_come_again_when_they_are_out_of_sight(lab: Lab) -> None:
    """A line has as many states as there is room for."""
    ours, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (6, 80))
    with start(lab.server, "--count", "7", *QUICK, stdout=terminal) as running:
        # So little fits into the terminal's buffer.
        assert ended(running) == (0, "")
    lines = os.read(ours, 4096).decode().splitlines()
    os.close(ours)
    os.close(terminal)
    assert [number for number, line in enumerate(lines) if "TIME " in line] == [1, 6, 11]
    assert max(map(len, lines)) <= 80
    assert lines[1].split()[4:] == ["SENT", "RECV", "ESTAB", "WAIT-1", "WAIT-2", "WAIT", "WAIT"]


def test_help_names_every_key_and_field() -> None:
    text = " ".join(watch_parser().format_help().split())
    assert f"KEYS of {', '.join(KEYS)};" in text
    assert f"FIELD one of {', '.join(FIELDS)} " in text
