"""What ``twtop watch`` writes, in each format, of hosts with sockets in every state."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Any

from tests.export.oracle import snapshot, twtop
from tests.lab.oracle import states
from tests.warm import TWTOP
from twtop.core.states import IN_LIFE_ORDER
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

QUICK = ("--interval", "0.1")
STATES = [state.label for state in IN_LIFE_ORDER]


def watch(host: Host, *arguments: str) -> str:
    return twtop(host, "watch", *QUICK, *arguments)


def listed(host: Host) -> dict[str, int]:
    """How many sockets ``ss`` has in each state; that of iproute2 6.1 lists none that are only bound."""
    return dict.fromkeys(STATES[:-1], 0) | dict(states(host))


def without_unconn(told: dict[str, Any]) -> dict[str, int]:
    return {name: int(told[name]) for name in STATES[:-1]}


def connected(lab: Lab, connections: int) -> None:
    """Let the server have a listener with some connections."""
    listener = lab.server.listen(8080)
    for _ in range(connections):
        lab.client.connect(*endpoint(listener))
        lab.server.accept(listener)


def test_json_lines_tell_what_a_snapshot_tells_under_the_same_names(every_state: Lab) -> None:
    host, words = every_state.client, ("--by", "state,local-port")
    counted = listed(host)
    once = snapshot(host, *words)
    text = watch(host, "--format", "jsonl", "--count", "2", *words)
    first, second = told = [json.loads(line) for line in text.splitlines()]
    for record in told:
        assert without_unconn(record["states"]) == counted
        same = ("schema", "host", "filter", "by", "states", "degraded", "owners_lack")
        assert {name: record[name] for name in same} == {name: once[name] for name in same}
        assert record["sockets"] == sum(record["states"].values())
        assert [group["key"] for group in record["groups"]] == [group["key"] for group in once["groups"]]
        assert record["groups"][0].keys() == {*once["groups"][0], "born_per_s", "gone_per_s"}
        assert record["ports"].keys() == once["ports"].keys() - {"destinations", "pools"} | {"worst"}
        assert record["ports"]["worst"].keys() == once["ports"]["destinations"][0].keys()
    assert first["seconds"] is first["born_per_s"] is first["groups"][0]["gone_per_s"] is None
    assert second["seconds"] > 0
    assert first["time"] < second["time"]


def test_csv_has_a_line_per_look_and_a_column_per_state(every_state: Lab) -> None:
    counted = listed(every_state.client)
    text = watch(every_state.client, "--format", "csv", "--count", "3")
    header, *rows = csv.reader(text.splitlines(), strict=True)
    assert header == ["time", "sockets", "born_per_s", "gone_per_s", *STATES]
    assert len(rows) == 3
    for row in rows:
        told = dict(zip(header, row, strict=True))
        assert without_unconn(told) == counted
        assert int(told["sockets"]) == sum(int(told[name]) for name in STATES)
    assert [row[2] != "" for row in rows] == [False, True, True]


def test_csv_has_a_line_per_group_and_look(lab: Lab) -> None:
    connected(lab, 3)
    arguments = ("--format", "csv", "--by", "state,local-port", "--filter", "sport = :8080")
    rows = list(csv.DictReader(watch(lab.server, *arguments, "--count", "2").splitlines()))
    assert [(row["state"], row["local-port"], row["sockets"]) for row in rows] == [
        ("ESTAB", ":8080", "3"),
        ("LISTEN", ":8080", "1"),
    ] * 2
    once = twtop(lab.server, "snapshot", *arguments).splitlines()[0]
    assert list(rows[0]) == ["time", *once.split(","), "born_per_s", "gone_per_s"]
    assert rows[0]["time"] == rows[1]["time"] < rows[2]["time"]


def test_a_file_gets_every_state_in_the_table(every_state: Lab) -> None:
    counted = listed(every_state.client)
    # Where readline was imported children are told of a terminal that may not be theirs.
    anywhere = ["env", "-u", "COLUMNS", *TWTOP, "watch", "--count", "2", *QUICK]
    upper, lower, *lines = every_state.client.run(anywhere).stdout.splitlines()
    assert upper.split() == ["SYN-", "SYN-", "FIN-", "FIN-", "CLOSE-", "LAST-", "TIME-"]
    assert lower.split()[:4] == ["TIME", "SOCKETS", "+/s", "-/s"]
    assert len(lines) == 2
    for line in lines:
        assert without_unconn(dict(zip(STATES, line.split()[4:], strict=True))) == counted
    assert lines[0].split()[2:4] == ["-", "-"]


def test_a_block_of_groups_per_look(lab: Lab) -> None:
    connected(lab, 3)
    text = watch(lab.server, "--by", "state,local-port", "--limit", "1", "--count", "2")
    blocks = re.split(r"(?m)^\d\d:\d\d:\d\d  ", text)[1:]
    assert [block.splitlines()[0] for block in blocks] == [
        "4 sockets, - born/s, - gone/s",
        "4 sockets, 0 born/s, 0 gone/s",
    ]
    for block in blocks:
        below = block.partition(" SOCKETS ")[2].splitlines()
        assert below[0] == "  +/s   -/s   <10s    LEFT  0..life     RQ/SQ  STATE, LOCAL PORT"
        names = [line.split()[-1] for line in below[1:] if line]
        assert names == ["ESTAB", ":8080", "more"]


def test_a_limit_holds_for_every_level(lab: Lab) -> None:
    connected(lab, 3)
    for limit, keys in ((1, [("ESTAB", ":8080")]), (2, [("ESTAB", ":8080"), ("LISTEN", ":8080")])):
        arguments = ("--format", "jsonl", "--by", "state,local-port", "--limit", str(limit), "--count", "1")
        record = json.loads(watch(lab.server, *arguments))
        assert [tuple(group["key"].values()) for group in record["groups"]] == keys
        assert record["sockets"] == 4
