"""Owners in what is printed; what the lab holds is held by the process that runs the tests."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.oracle import eventually, states
from tests.warm import TWTOP
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

PID = os.getpid()
COMMAND = Path("/proc/self/comm").read_text().strip()
OWNER = f"{COMMAND}[{PID}]"

AS_NOBODY = """
import os, sys
# Imported before root's files cannot be read any more.
import locale, twtop.cli, twtop.commands.snapshot
from twtop.__main__ import main
os.environ["HOME"] = "/nonexistent"
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
sys.exit(main())
"""


@pytest.fixture
def server(lab: Lab) -> Host:
    """A listener with three connections: accepted, not accepted, and one that it closed: TIME-WAIT."""
    listener = lab.server.listen(8080)
    for keeps in (False, True):
        client = lab.client.connect(*endpoint(listener))
        accepted = lab.server.accept(listener)
        if not keeps:
            accepted.close()
            assert client.recv(1) == b""
            client.close()
    lab.client.connect(*endpoint(listener))
    eventually(lambda: states(lab.server), {"LISTEN": 1, "ESTAB": 2, "TIME-WAIT": 1})
    return lab.server


def printed(host: Host, *arguments: str) -> str:
    """What is printed, with nothing amiss but owners."""
    ended = host.run([*TWTOP, "snapshot", *arguments])
    assert re.sub("twtop: owners of .*\n", "", ended.stderr) == ""
    return str(ended.stdout)


def document(host: Host, *arguments: str) -> Any:
    return json.loads(printed(host, "--format", "json", *arguments))


def test_json_says_whose_each_socket_is_and_how_that_is_known(server: Host) -> None:
    found = document(server, "--sockets", "--owners")
    assert found["owners_lack"] is None
    owners = [(socket["state"], socket["owner"]) for socket in found["sockets"]]
    assert {owner["pid"] for _, owner in owners} == {PID}
    assert {owner["command"] for _, owner in owners} == {COMMAND}
    assert sorted((state, owner["certainty"]) for state, owner in owners) == [
        ("ESTAB", "held"),
        ("ESTAB", "listener"),
        ("LISTEN", "held"),
        ("TIME-WAIT", "listener"),
    ]
    assert set(owners[0][1]) == {"pid", "command", "user", "unit", "cgroup", "certainty"}


def test_without_owners_nobody_is_named(server: Host) -> None:
    found = document(server, "--sockets")
    assert "--owners" in found["owners_lack"]
    assert {socket["owner"] for socket in found["sockets"]} == {None}
    assert "OWNER" not in printed(server, "--sockets")


def test_groups_of_owners(server: Host) -> None:
    groups = document(server, "--by", "command,owner")["groups"]
    assert [(group["key"], group["sockets"]) for group in groups] == [
        ({"command": COMMAND, "owner": OWNER}, 4)
    ]


def test_a_filter_by_owner_loses_no_evidence(server: Host) -> None:
    # The listener, which tells whose the TIME-WAIT is, does not match.
    text = printed(server, "--sockets", "--filter", f"pid = {PID} and time-wait")
    assert text.splitlines()[-1].endswith(f" listener {OWNER}")
    assert (
        printed(server, "--sockets", "--filter", "proc = nobody-runs-this").splitlines()[-1].endswith("OWNER")
    )


def test_csv_has_columns_for_owners_where_they_were_looked_for(server: Host) -> None:
    text = printed(server, "--sockets", "--format", "csv", "--filter", "owner = held estab")
    (row,) = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    assert (row["pid"], row["command"], row["certainty"]) == (str(PID), COMMAND, "held")
    header = printed(server, "--sockets", "--format", "csv").splitlines()[0]
    assert header.endswith(",role")


def test_a_table_of_sockets_has_a_column_for_owners(server: Host) -> None:
    lines = printed(server, "--sockets", "--owners").partition("\n\n")[2].splitlines()
    assert lines[0].endswith(" OWNER")
    assert [line.rpartition("  ")[2].strip() for line in lines if "TIME-WAIT" in line] == [
        f"listener {OWNER}"
    ]
    assert sum(line.endswith(f" {OWNER}") for line in lines) == 4


def test_who_may_not_see_a_process_is_told_so(server: Host) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    arguments = ["snapshot", "--by", "owner", "--filter", "estab and owner = held"]
    ended = server.run([TWTOP[0], "-c", AS_NOBODY, *arguments])
    assert "user root" in ended.stdout
    assert re.search(r"twtop: owners of 0 of \d+ sockets; .*CAP_SYS_PTRACE", ended.stderr)


def test_a_table_of_groups_says_whose_they_are_and_how_that_is_known(server: Host) -> None:
    ends = [line.rpartition("  ")[2] for line in printed(server, "--by", "owner,state").splitlines()[4:]]
    assert ends[0] == "2 held, 2 listener"
    assert printed(server, "--owners", "--by", "state").splitlines()[-1].endswith(f"  {OWNER}")
