from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from tests.recording.file.made import (
    ABOUT,
    HOST,
    START_S,
    STREAMS,
    begun,
    endless,
    fill,
    look,
    mark,
    recorded,
)
from twtop.errors import RecordingError
from twtop.recording.file.reader import open_tape
from twtop.recording.file.schema import APPLICATION_ID, FORMAT
from twtop.recording.file.writer import Writer
from twtop.recording.tape import Look, Part

if TYPE_CHECKING:
    from pathlib import Path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    with closing(open_tape(recorded(tmp_path / "a.twtop"))) as tape:
        index = tape.index()
        assert index.number.tolist() == list(range(25))
        assert index.wall_s.tolist() == [START_S + number for number in range(25)]
        assert index.is_key.nonzero()[0].tolist() == [0, 10, 20]
        assert index.sockets.tolist() == list(range(25))
        assert [tape.look(number) for number in (0, 7, 24)] == [look(0), look(7), look(24)]
        assert tape.stream(0) == HOST
        assert tape.marks() == [mark(0), mark(10), mark(20)]
        assert tape.filter == "dport = :443"
        assert tape.is_finished


def test_a_look_at_several_namespaces_has_the_resting_and_the_unreadable_ones(tmp_path: Path) -> None:
    parts = (
        Part(4026531840, b"body"),
        Part(7, b"idle", rests=True),
        Part(8, b"", "it is gone"),
        Part(4026532999, b"", rests=True),
    )
    made = Look(START_S, 1.0, True, True, 5, parts)
    writer = Writer(tmp_path / "a.twtop", ABOUT, START_S)
    writer.add(made, {part.stream: HOST._replace(number=part.stream) for part in parts}, [])
    writer.finish(START_S)
    with closing(open_tape(writer.path)) as tape:
        assert tape.look(0) == made
        assert tape.stream(4026532999).hostname == "web-1"


def test_a_finished_recording_is_one_file_that_only_its_owner_may_read(tmp_path: Path) -> None:
    path = recorded(tmp_path / "a.twtop")
    assert names(tmp_path) == ["a.twtop"]
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert database.execute("PRAGMA user_version").fetchone() == (FORMAT,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_it_is_one_file_although_somebody_reads_it_when_it_ends(tmp_path: Path) -> None:
    writer = begun(tmp_path / "a.twtop")
    with closing(open_tape(writer.path)) as tape:
        assert len(tape.index()) == 25
        written = writer.finish(START_S + 25)
        assert written.looks == len(tape.index()) == 25
        assert tape.look(24) == look(24)
    assert names(tmp_path) == ["a.twtop"]
    with closing(open_tape(writer.path)) as tape:
        assert len(tape.index()) == 25


def test_every_look_is_there_at_once_for_whoever_reads_meanwhile(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a.twtop", ABOUT, START_S)
    writer.add(look(0), STREAMS, [])
    with closing(open_tape(writer.path)) as tape, closing(writer):
        for number in range(1, 30):
            writer.add(look(number), STREAMS, [mark(number)])
            assert tape.index().number[-1] == number
            assert tape.marks()[-1] == mark(number)
            writer.mark([mark(100 + number)])
            assert tape.index().number[-1] == number
            assert tape.marks()[-1] == mark(100 + number)
        assert not tape.is_finished


@pytest.mark.parametrize("there", [b"anything", b"SQLite format 3\0"])
def test_nothing_is_overwritten(tmp_path: Path, there: bytes) -> None:
    path = tmp_path / "a.twtop"
    path.write_bytes(there)
    with pytest.raises(RecordingError, match="exists already, and a recording overwrites nothing"):
        Writer(path, ABOUT, START_S)
    assert path.read_bytes() == there


def test_a_link_is_not_followed_to_what_could_be_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.twtop").symlink_to(tmp_path / "other")
    with pytest.raises(RecordingError, match="exists already"):
        Writer(tmp_path / "a.twtop", ABOUT, START_S)
    assert names(tmp_path) == ["a.twtop"]


def test_an_empty_file_is_nothing_to_lose(tmp_path: Path) -> None:
    (tmp_path / "a.twtop").touch()
    with closing(open_tape(recorded(tmp_path / "a.twtop"))) as tape:
        assert len(tape.index()) == 25


def test_two_recorders_do_not_write_one_file(tmp_path: Path) -> None:
    with closing(begun(tmp_path / "a.twtop")) as writer:
        with pytest.raises(RecordingError, match="exists already"):
            Writer(writer.path, ABOUT, START_S)
        writer.add(look(25), STREAMS, [])
        with closing(open_tape(writer.path)) as tape:
            assert len(tape.index()) == 26


def test_the_log_of_a_recording_that_was_moved_away_is_not_spoiled(tmp_path: Path) -> None:
    (tmp_path / "a.twtop-wal").write_bytes(b"looks")
    with pytest.raises(RecordingError, match="belongs to a recording that was moved away without it"):
        Writer(tmp_path / "a.twtop", ABOUT, START_S)
    assert names(tmp_path) == ["a.twtop-wal"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none/a.twtop", "no such file or directory"), ("file/a.twtop", "not a directory")],
)
def test_where_no_file_can_be_made_the_reason_is_said(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match=reason):
        Writer(tmp_path / name, ABOUT, START_S)


def test_what_was_deleted_is_noticed_and_nothing_of_it_stays(tmp_path: Path) -> None:
    writer = begun(tmp_path / "a.twtop")
    writer.path.unlink()
    assert not writer.is_there
    with pytest.raises(RecordingError, match="it was deleted or cut"):
        writer.add(look(30), STREAMS, [])
    assert writer.wants_key
    writer.discard()
    assert names(tmp_path) == []


def test_what_was_moved_away_is_finished_where_it_is(tmp_path: Path) -> None:
    writer = begun(tmp_path / "a.twtop")
    (tmp_path / "logs").mkdir()
    writer.path.rename(tmp_path / "logs" / "old.twtop")
    writer.add(look(25), STREAMS, [])
    writer.finish(START_S)
    assert names(tmp_path) == ["logs"]
    assert names(tmp_path / "logs") == ["old.twtop"]
    with closing(open_tape(tmp_path / "logs" / "old.twtop")) as tape:
        assert len(tape.index()) == 26


def test_a_limited_file_never_takes_more_and_keeps_the_newest(tmp_path: Path) -> None:
    most = 1 << 20
    writer = Writer(tmp_path / "a.twtop", ABOUT, START_S, most)
    for made in islice(endless(writer, os.urandom(9_000)), 400):
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= most
        newest = made
    written = writer.finish(START_S)
    assert written.size <= most
    with closing(open_tape(writer.path)) as tape:
        index = tape.index()
        assert index.number[-1] == 399
        assert index.is_key[0]
        assert len(index) == written.looks
        # Less than two chapters' room is left over, besides what the log needs.
        assert len(index) * 9_000 > 0.55 * most
        assert tape.look(399) == newest
        assert tape.stream(0) == HOST


def test_whoever_reads_a_limited_file_sees_the_oldest_go(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a.twtop", ABOUT, START_S, 1 << 20)
    looks = endless(writer, os.urandom(9_000))
    next(looks)
    with closing(open_tape(writer.path)) as tape, closing(writer):
        for made in islice(looks, 300):
            index = tape.index()
            assert index.wall_s[-1] == made.wall_s
            assert index.is_key[0]
        with pytest.raises(RecordingError, match="not kept any more"):
            tape.look(0)


def test_what_is_too_much_for_a_limited_file_is_refused_and_what_is_there_stays(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a.twtop", ABOUT, START_S, 1 << 20)
    fill(writer, 12)
    with pytest.raises(RecordingError, match=r"more than 0.125 MiB, which is too much for a file of 1 MiB"):
        writer.add(look(12, body=bytes(200_000)), STREAMS, [])
    assert writer.wants_key
    writer.add(look(13, is_key=True), STREAMS, [])
    assert writer.finish(START_S).looks == 13
