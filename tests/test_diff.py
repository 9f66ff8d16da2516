"""``twtop diff`` as scripts and people run it, on recordings."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.sources.replay.tapes import incident, lives, taped
from tests.ui.frames import WALL_S, frames
from tests.ui.test_namespaces_pictures import SHOP, all_of_them
from tests.warm import TWTOP
from twtop.cli import run
from twtop.errors import UsageError
from twtop.recording.file.saving import save
from twtop.sources.watch import ALL

if TYPE_CHECKING:
    from pathlib import Path

    from twtop.lab.lab import Lab


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return incident(tmp_path_factory.mktemp("diff") / "incident.twtop")


def diff(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*TWTOP, "diff", str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def document(path: Path, *arguments: str) -> Any:
    ended = diff(path, "--format", "json", *arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


def test_a_table_has_the_sums_and_every_section(recorded: Path) -> None:
    ended = diff(recorded, "--until", "+9s")
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    before, after = (len(frames()[at].moment.snapshot.sockets) for at in (0, 9))
    told = frames()[0].host
    day = time.strftime("%Y-%m-%d", time.localtime(WALL_S))
    assert lines[0] == f"{recorded}: {told.hostname}, Linux {told.kernel}, namespace host, {day}"
    assert lines[1].endswith(", 9 s")
    assert lines[2].startswith(f"{before:,} sockets, then {after:,} ({after - before:+,}): {9 * 240:,} new")
    titles = [line.split()[-1] if "NOTHING" not in line else line for line in lines if line.isupper()]
    assert len(titles) == 6
    assert any(line.endswith("grew     TIME-WAIT  10.0.0.5:5432") for line in lines)
    assert any("     240 ActiveOpens" in line for line in lines)


def test_json_adds_up_and_takes_the_moments_in_either_order(recorded: Path) -> None:
    told = document(recorded, "--since", "end", "--until", "-10s", "--by", "peer,state")
    assert told["seconds"] == 10
    assert told["by"] == ["peer", "state"]
    for numbers in (told["total"], *told["groups"], *told["states"]):
        grown = numbers["appeared"] + numbers["came"] - numbers["vanished"] - numbers["left"]
        assert numbers["after"] == numbers["before"] + grown
    few = document(recorded, "--since", "end", "--until", "-10s", "--by", "peer,state", "--limit", "2")
    assert few["groups"] == told["groups"][:2]
    assert few["states"] == told["states"]
    assert len(few["states"]) > 2
    assert few["others"]["changed"] + few["others"]["same"] == len(told["groups"]) - 2
    for side in ("before", "after"):
        for each in (told, few):
            assert sum(group[side] for group in (*each["groups"], each["others"])) == each["total"][side]
    assert told["ports"][0]["after"] - told["ports"][0]["before"] == 2400
    assert {"name": "Tcp.ActiveOpens", "before": 72160, "after": 74560, "per_s": 240.0} in told["counters"]


def test_that_only_some_sockets_were_recorded_is_said(tmp_path: Path) -> None:
    path = incident(tmp_path / "some.twtop")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE about SET value = 'dport = :5432' WHERE name = 'filter'")
    assert f"{path} has only sockets that match dport = :5432" in diff(path).stdout.splitlines()
    assert document(path)["recording"] == {"name": str(path), "filter": "dport = :5432"}


def test_owners_are_told_beside_the_groups(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "owned.twtop"
    lab.pair()
    lab.client.run([*TWTOP, "record", "-o", str(path), "--for", "1s", "--interval", "0.3"])
    told = document(path)
    (owner,) = told["owners"]
    assert owner["key"] != {"command": "?"}
    assert owner["after"] == told["total"]["after"] == 1
    assert told["owners_others"]["after"] == 0
    asked = document(path, "--by", "command")
    assert asked["owners"] is asked["owners_others"] is None
    assert asked["groups"] == told["owners"]


def test_states_that_sockets_went_through_are_told(tmp_path: Path) -> None:
    path = tmp_path / "lives.twtop"
    save(taped((frame, "own") for frame in lives(range(31))), path)
    told = document(path, "--since", "+20s", "--filter", "not listening")
    (waits,) = (group for group in told["states"] if group["key"]["state"] == "TIME-WAIT")
    assert waits["came"] == waits["were"]["ESTAB"]
    assert waits["vanished"] == waits["became"]["none"]
    assert told["filter"] == "not state listening"


def test_namespaces_together_and_one_alone(tmp_path: Path) -> None:
    path = tmp_path / "all.twtop"
    save(taped([(all_of_them(), ALL)]), path)
    together = document(path)
    assert together["host"]["namespace"] == "all"
    assert together["by"] == ["namespace", "state", "peer"]
    assert together["ports"] is None
    assert {group["key"]["namespace"] for group in together["groups"]} >= {"host", SHOP.name}
    alone = document(path, "--netns", SHOP.name)
    assert alone["total"]["after"] == 41
    assert alone["ports"] is not None
    assert not any(group["word"] for group in together["groups"])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--since", "never"), "never"),
        (("--since", ""), "expected a time such as 14:05"),
        (("--netns", "other"), "--netns: the recording is of one network namespace, host, at that moment"),
        (("--filter", "state ill"), "state ill"),
        (("--limit", "0"), "--limit"),
    ],
)
def test_what_is_wrong_is_named(recorded: Path, arguments: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(UsageError) as raised:
        run(["diff", str(recorded), *arguments])
    assert complaint in str(raised.value)


def test_a_file_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    ended = diff(tmp_path / "none.twtop")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert "none.twtop: no such file or directory" in ended.stderr
