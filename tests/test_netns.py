"""``--netns`` on the command line, with real namespaces."""

from __future__ import annotations

import csv
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.tenants import tenant
from tests.warm import TWTOP
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.lab import Lab

OURS = ("--filter", "dport = :8080")
"""There are other namespaces on this machine, and who knows how many sockets in them."""
RANGE = "net.ipv4.ip_local_port_range"


def run(*arguments: str, status: int = 0) -> str:
    ended = subprocess.run(
        [*TWTOP, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == status, ended.stderr
    return ended.stderr if status == 2 else ended.stdout


@pytest.fixture
def client(lab: Lab) -> Iterator[str]:
    """The id of a process in the namespace of the lab's client, which has three connections."""
    listener = lab.server.listen(8080)
    for _ in range(3):
        lab.client.connect(*endpoint(listener))
        lab.server.accept(listener)
    lab.client.sysctl(RANGE, "40000 40999")
    lab.client.sysctl("net.ipv4.tcp_rfc1337", 1)
    with tenant(lab.client) as pid:
        yield str(pid)


def of(document: dict[str, Any], lab: Lab) -> dict[str, Any]:
    """What a document says of the client's namespace."""
    (found,) = [each for each in document["namespaces"] if each["number"] == lab.client.namespace.inode]
    assert isinstance(found, dict)
    return found


def test_a_snapshot_of_one(client: str) -> None:
    told = json.loads(run("snapshot", "--netns", client, "--format", "json", "--sockets"))
    assert told["host"]["namespace"] not in ("host", "all")
    assert told["states"]["ESTAB"] == len(told["sockets"]) == 3
    assert told["ports"]["range"] == {"low": 40000, "high": 40999}
    assert told["sysctls"][RANGE] == "40000 40999"
    assert "namespaces" not in told
    assert "namespace" not in told["sockets"][0]


def test_a_snapshot_of_all(lab: Lab, client: str) -> None:
    told = json.loads(run("snapshot", "--netns", "all", "--format", "json", "--sockets", *OURS))
    assert told["host"]["namespace"] == "all"
    assert told["by"] == ["namespace", "state", "peer"]
    assert told["ports"] is told["sysctls"] is told["sysctls_unreadable"] is None
    ours = of(told, lab)
    assert client in ours["name"] or "[" not in ours["name"]
    assert (ours["problem"], ours["sockets"], ours["states"]["ESTAB"]) == (None, 3, 3)
    assert ours["ports"]["range"] == {"low": 40000, "high": 40999}
    assert ours["sysctls"][RANGE] == "40000 40999"
    assert len([each for each in told["sockets"] if each["namespace"] == ours["name"]]) == 3
    assert len(told["sockets"]) == sum(told["states"].values())


def test_csv_has_the_namespace_where_there_are_several(client: str) -> None:
    one = list(
        csv.DictReader(run("snapshot", "--netns", client, "--format", "csv", "--sockets").splitlines())
    )
    assert len(one) == 3
    assert "namespace" not in one[0]
    several = list(
        csv.DictReader(run("snapshot", "--netns", "all", "--format", "csv", "--sockets", *OURS).splitlines())
    )
    assert all(row["namespace"] for row in several)
    assert "namespace" in run("snapshot", "--netns", "all", "--format", "csv", *OURS).splitlines()[0].split(
        ","
    )


def test_tables_of_all(client: str) -> None:
    assert "NETWORK NAMESPACE, STATE, PEER" in run("snapshot", "--netns", "all", *OURS)
    titles = run("snapshot", "--netns", "all", "--sockets", *OURS).split("\n\n")[1].splitlines()[0]
    assert "NAMESPACE" in titles.split()
    assert client


def test_the_filter_by_name(lab: Lab, client: str) -> None:
    name = of(json.loads(run("snapshot", "--netns", "all", "--format", "json", *OURS)), lab)["name"]
    arguments = (
        "snapshot",
        "--netns",
        "all",
        "--format",
        "csv",
        "--sockets",
        "--filter",
        f'netns = "{name}"',
    )
    rows = list(csv.DictReader(run(*arguments).splitlines()))
    assert [row["namespace"] for row in rows] == [name] * 3
    assert client


def test_the_doctor_of_one_and_of_all(lab: Lab, client: str) -> None:
    one = json.loads(run("doctor", "--netns", client, "--format", "json", status=1))
    (found,) = [finding for finding in one["findings"] if finding["rule"] == "rfc1337-on"]
    assert "namespace" not in found
    assert found["sysctls"]["net.ipv4.tcp_rfc1337"] == "1"
    every = json.loads(run("doctor", "--netns", "all", "--format", "json", status=1))
    assert every["host"]["namespace"] == "all"
    names = {finding["namespace"] for finding in every["findings"] if finding["rule"] == "rfc1337-on"}
    name = of(json.loads(run("snapshot", "--netns", "all", "--format", "json", *OURS)), lab)["name"]
    assert name in names
    assert f"{name}: tcp_rfc1337 is on" in run("doctor", "--netns", "all", status=1).replace("\n  ", " ")
    assert (
        "cannot run here" not in run("doctor", "--netns", client, "--rules").partition("rfc1337-on")[2][:400]
    )


@pytest.mark.parametrize("command", [["snapshot"], ["doctor"]])
def test_unknown_is_one_line(command: list[str]) -> None:
    complaint = run(*command, "--netns", "no-such-place", status=2)
    assert complaint.startswith("twtop: --netns: there is no network namespace 'no-such-place'; there ")
    assert complaint.count("\n") == 1


def test_the_demo_has_a_world_of_its_own() -> None:
    assert "unrecognized arguments: --netns" in run("demo", "--netns", "all", status=2)
