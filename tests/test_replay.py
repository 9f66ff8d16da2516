"""Commands that read a recording instead of this host: they print what they would have printed then."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.pty.terminal import Terminal, python
from tests.sources.replay.tapes import incident
from tests.ui.frames import SECONDS, WALL_S, frames
from twtop.__main__ import main
from twtop.core.filter import parse
from twtop.core.signs import ASCII
from twtop.core.table.view import Spec, view
from twtop.export.json_ import json_text
from twtop.export.table import groups_table
from twtop.kernel.services import service_port
from twtop.kernel.sysctl import WATCHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RANGE = "which is of 2027-01-15 09:00:00 to 09:00:19 CET"


class Ended(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return incident(tmp_path_factory.mktemp("recorded") / "incident.twtop")


@pytest.fixture
def file(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name a recording of January 2027, read in Berlin by somebody without files of his own."""
    shutil.copy(recorded, tmp_path)
    monkeypatch.chdir(tmp_path)
    for name, value in {"TZ": "Europe/Berlin", "XDG_CONFIG_HOME": str(tmp_path), "LC_ALL": "C"}.items():
        monkeypatch.setenv(name, value)
    time.tzset()
    before = signal.getsignal(signal.SIGPIPE)
    yield "incident.twtop"
    signal.signal(signal.SIGPIPE, before)
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def twtop(
    file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Run a command in this process."""

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["twtop", *(file if each == "FILE" else each for each in arguments)])
        status = main()
        return Ended(status, *capsys.readouterr())

    return run


def test_a_snapshot_is_the_one_of_then(twtop: Callable[..., Ended]) -> None:
    for at, second in ((None, SECONDS - 1), ("09:00:07", 7), ("-10s", 9), ("+3s", 3), ("next", 0)):
        frame = frames()[second]
        ended = twtop(
            "snapshot", "--from", "FILE", *(("--at", at) if at else ()), "--format", "json", "--sockets"
        )
        assert (ended.status, ended.err) == (0, "")
        then = json.loads("".join(json_text(view(frame.moment, Spec()), frame.host, WATCHED, sockets=True)))
        told = ended.document
        assert told.pop("recording") == {"name": "incident.twtop", "filter": None}
        assert told.pop("owners_lack") == "owners were not looked for when this was recorded"
        assert then.pop("owners_lack")
        for document in (told, then):
            # The made-up host has tabs in them, which twtop's reading of /proc/sys leaves out.
            del document["sysctls"], document["sysctls_unreadable"]
            # The order of sockets within a group is that of the dump.
            document["sockets"].sort(key=lambda socket: socket["cookie"])
        assert told == then


def test_a_snapshot_in_every_format(twtop: Callable[..., Ended]) -> None:
    moment = frames()[-1].moment
    spec = Spec(filter=parse("dport = :5432", service_port), keys=("remote", "state"))
    chosen = ("--from", "FILE", "--filter", "dport = :5432", "--by", "remote,state")
    table = "".join(groups_table(view(moment, spec), ASCII, 80, 3))
    assert twtop("snapshot", *chosen, "--limit", "3") == (0, table, "")
    rows = list(csv.DictReader(twtop("snapshot", *chosen, "--format", "csv").out.splitlines()))
    assert [(row["remote"], row["state"], row["sockets"]) for row in rows] == [
        ("10.0.0.5:5432", "TIME-WAIT", "14160"),
        ("10.0.0.5:5432", "ESTAB", "24"),
    ]
    sockets = twtop("snapshot", *chosen, "--sockets", "--format", "csv").out
    assert len(sockets.splitlines()) == 1 + 14_160 + 24


def test_the_doctor_says_what_was_wrong_then(twtop: Callable[..., Ended]) -> None:
    for second in (3, 10, 19):
        ended = twtop("doctor", "--from", "FILE", "--at", f"+{second}s", "--format", "json")
        live = [finding for finding in frames()[second].findings if finding.over_s is None]
        assert ended.status == 1
        assert [finding["headline"] for finding in ended.document["findings"]] == [
            finding.headline for finding in live
        ]
        assert (ended.document["seconds"], ended.document["recording"]["name"]) == (second, "incident.twtop")
    ended = twtop("doctor", "--from", "FILE")
    assert ended.out.startswith("5 findings: 2 critical, 2 warning, 1 note (")
    assert "2027-01-15 09:00:19 in incident.twtop)" in " ".join(ended.out.split())
    assert twtop("doctor", "--from", "FILE", "--filter", "dport = :1").status == 0
    rules = twtop("doctor", "--from", "FILE", "--rules")
    assert (rules.status, rules.out.count("runs here")) == (0, 26)


def test_the_doctor_tells_all_that_came_and_went(twtop: Callable[..., Ended]) -> None:
    ended = twtop("doctor", "--from", "FILE", "--watch")
    assert (ended.status, ended.err) == (1, "")
    lines = [line.split(maxsplit=4)[:4] for line in ended.out.splitlines()]
    assert lines == [
        ["2027-01-15", "09:00:00", "critical", "connect-unanswered:"],
        ["2027-01-15", "09:00:00", "warning", "backlog-small:"],
        ["2027-01-15", "09:00:01", "warning", "time-wait-restarts:"],
        ["2027-01-15", "09:00:01", "note", "short-connections:"],
        ["2027-01-15", "09:00:04", "critical", "accept-queue-full:"],
        ["2027-01-15", "09:00:19", "note", "reuse-off:"],
        ["2027-01-15", "09:00:19", "warning", "connect-slow:"],
    ]
    events = twtop("doctor", "--from", "FILE", "--watch", "--format", "json").out.splitlines()
    assert [json.loads(event)["time"] for event in events][-1] == "2027-01-15T08:00:19.000Z"
    none = twtop("doctor", "--from", "FILE", "--watch", "--filter", "dport = :1")
    assert (none.status, none.out) == (0, "")


def test_a_stream_has_every_look(twtop: Callable[..., Ended]) -> None:
    ended = twtop("watch", "--from", "FILE", "--format", "jsonl")
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert [record["sockets"] for record in records] == [
        len(frame.moment.snapshot.sockets) for frame in frames()
    ]
    assert {record["born_per_s"] for record in records[1:]} == {240.0}
    assert len(records[-1]["findings"]) == 5
    assert records[0]["recording"] == {"name": "incident.twtop", "filter": None}
    assert records[0]["owners_lack"] == "owners were not looked for when this was recorded"
    assert len(twtop("watch", "--from", "FILE", "--count", "4").out.splitlines()) == 2 + 4


@pytest.mark.parametrize("command", ["snapshot", "watch"])
def test_who_groups_by_owners_is_told_once_that_nobody_looked(
    twtop: Callable[..., Ended], command: str
) -> None:
    ended = twtop(command, "--from", "FILE", "--by", "command")
    assert ended.err == "twtop: owners were not looked for when this was recorded\n"
    assert not twtop(command, "--from", "FILE", "--by", "state").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("snapshot",),
        ("snapshot", "--format", "csv"),
        ("watch",),
        ("watch", "--format", "csv"),
        ("doctor", "--watch"),
        ("doctor", "--watch", "--format", "json"),
    ],
    ids=" ".join,
)
def test_that_only_some_sockets_were_recorded_is_said_beside(
    twtop: Callable[..., Ended], file: str, arguments: tuple[str, ...]
) -> None:
    """Otherwise what was left out looks as if it had not been there."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE about SET value = 'dport = :5432' WHERE name = 'filter'")
    said = "twtop: incident.twtop has only sockets that match dport = :5432\n"
    assert twtop(*arguments, "--from", "FILE").err == said


@pytest.mark.parametrize("command", ["snapshot", "doctor", "watch"])
def test_what_is_damaged_is_said_beside_what_is_left(
    twtop: Callable[..., Ended], file: str, command: str
) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE looks SET wall_s = 'noon' WHERE number = (SELECT max(number) FROM looks)")
    ended = twtop(command, "--from", "FILE")
    said = "twtop: incident.twtop: the file is damaged: 1 look cannot be read\n"
    assert ended.err.startswith(said)
    assert ended.out


def test_a_moment_that_is_damaged_is_named_with_its_file(twtop: Callable[..., Ended], file: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE parts SET body = x'00' WHERE number = (SELECT max(number) FROM parts)")
    ended = twtop("doctor", "--from", "FILE")
    assert (ended.status, ended.out) == (2, "")
    assert re.fullmatch(
        r"twtop: incident.twtop: 2027-01-15 09:\S+ cannot be shown, other moments may: .*damaged.*\n",
        ended.err,
    )


CONTRADICTIONS = [
    (["snapshot", "--at", "14:05"], "--at is a moment of a recording: name that with --from FILE"),
    (["doctor", "--at", "14:05"], "--at is a moment of a recording: name that with --from FILE"),
    (
        ["snapshot", "--from", "FILE", "--owners"],
        "--owners and --from contradict each other: a recording has",
    ),
    (["watch", "--from", "FILE", "--owners"], "--owners and --from contradict each other: a recording has"),
    (
        ["watch", "--from", "FILE", "--interval", "5"],
        "--interval and --from contradict each other: a recording",
    ),
    (
        ["doctor", "--from", "FILE", "--seconds", "5"],
        "--seconds and --from contradict each other: a recording",
    ),
    (
        ["doctor", "--from", "FILE", "--watch", "--at", "end"],
        "--at and --watch contradict each other: --watch",
    ),
    (
        ["snapshot", "--from", "FILE", "--netns", "web"],
        "--netns: the recording is of one network namespace, host,",
    ),
    (
        ["doctor", "--from", "FILE", "--netns", "all"],
        "--netns: the recording is of one network namespace, host,",
    ),
    (["snapshot", "--from", "FILE", "--at", "08:59"], f"'08:59' is not in this recording, {RANGE}"),
    (["doctor", "--from", "FILE", "--at", "-10m"], f"'-10m' is not in this recording, {RANGE}"),
    (
        ["replay", "FILE", "--at", "2026-01-15T09:00:07"],
        f"'2026-01-15T09:00:07' is not in this recording, {RANGE}",
    ),
    (["replay", "FILE", "--at", "noon"], "expected a time such as 14:05, 14:05:10, 2026-11-21T14:05:10,"),
    (["replay", "FILE"], "stdin is not a terminal: use `twtop snapshot --from FILE` for output"),
    (["replay", "nothing.twtop"], "nothing.twtop: no such file or directory"),
    (["replay", "/etc/passwd"], "/etc/passwd is no recording of twtop"),
    (["snapshot", "--from", "/etc/passwd"], "/etc/passwd is no recording of twtop"),
    (["doctor", "--from", "."], ". is a folder, and no recording"),
    (["watch", "--from", "nothing.twtop"], "nothing.twtop: no such file or directory"),
]


@pytest.mark.parametrize(("arguments", "complaint"), CONTRADICTIONS, ids=lambda each: str(each)[:40])
def test_what_makes_no_sense_is_one_line(
    twtop: Callable[..., Ended], arguments: list[str], complaint: str
) -> None:
    status, out, err = twtop(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"twtop: {complaint}")
    assert err.count("\n") == 1


def test_the_screen_opens_on_a_recording(file: str) -> None:
    with Terminal(
        python("twtop", "replay", str(Path(file).absolute()), "--at", "09:00:07", "--filter", "dport = :5432")
    ) as terminal:
        terminal.wait_text(r"REPLAY .*09:00:07")
        terminal.wait_text("paused 1x")
        terminal.send("+")
        terminal.wait_text("paused 2x")
        terminal.send("q")
        assert terminal.wait_exit() == 0
    assert time.localtime(WALL_S).tm_hour == 9
