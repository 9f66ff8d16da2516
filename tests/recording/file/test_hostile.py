"""Files that are no recordings, or were made to look like one."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.recording.file.made import START_S, look, mark, recorded
from twtop.errors import RecordingError
from twtop.recording.file import reader
from twtop.recording.file.reader import open_tape
from twtop.recording.file.schema import APPLICATION_ID

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded(tmp_path_factory.mktemp("sound") / "a.twtop")


@pytest.fixture
def path(tmp_path: Path, sound: Path) -> Path:
    shutil.copy(sound, tmp_path)
    return tmp_path / "a.twtop"


def change(path: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 30)
        database.execute(statement, values)


def refusal(path: Path) -> str:
    with pytest.raises(RecordingError) as refused:
        open_tape(path)
    text = str(refused.value)
    assert "\n" not in text
    assert text.isprintable()
    return text.removeprefix(str(path)).lstrip(": ")


def test_what_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == "no such file or directory"


def test_what_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("none")
    assert refusal(tmp_path / "link") == "no such file or directory"


def test_a_link_to_a_recording_is_followed_with_its_log(tmp_path: Path, path: Path) -> None:
    (tmp_path / "link").symlink_to(path)
    with closing(open_tape(tmp_path / "link")) as tape:
        assert len(tape.index()) == 25


def test_folders_pipes_and_empty_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    assert refusal(tmp_path) == "is a folder, and no recording"
    assert refusal(tmp_path / "pipe") == "is no file, and so no recording"
    assert refusal(tmp_path / "empty") == "is empty"


@pytest.mark.parametrize("start", [b"{}\n", b"\x1f\x8b\x08" + bytes(200), b"SQLite format 2\0" + bytes(200)])
def test_files_of_another_kind(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "other").write_bytes(start)
    assert refusal(tmp_path / "other") == "is no recording of twtop"


@pytest.mark.parametrize("length", [1, 16, 99])
def test_nothing_but_the_beginning(tmp_path: Path, path: Path, length: int) -> None:
    (tmp_path / "cut").write_bytes(path.read_bytes()[:length])
    assert refusal(tmp_path / "cut") == "was cut off at its very beginning"


def test_the_database_of_another_program(path: Path) -> None:
    change(path, "PRAGMA application_id = 1234")
    assert refusal(path) == "is a database of another program, and no recording of twtop"


def test_what_a_newer_twtop_has_made(path: Path) -> None:
    change(path, "PRAGMA user_version = 2")
    expected = "was made by a newer twtop (format 2); this one reads up to format 1"
    assert refusal(path) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER x AFTER INSERT ON looks BEGIN DELETE FROM looks; END",
        "CREATE VIEW more AS SELECT * FROM looks",
        "CREATE INDEX more ON marks (abs(look))",
        "CREATE TABLE more (number)",
        "ALTER TABLE looks ADD COLUMN more AS (hex(zeroblob(number)))",
        "DROP TABLE marks",
    ],
)
def test_other_tables_than_those_of_a_recording(path: Path, statement: str) -> None:
    change(path, statement)
    assert refusal(path) == "has other tables than a recording of twtop"


def test_a_view_in_place_of_a_table(path: Path) -> None:
    change(path, "ALTER TABLE marks RENAME TO old")
    change(
        path, "CREATE VIEW marks AS SELECT 1 number, 1 look, 1.0 wall_s, 'found' kind, 1 severity, 'x' text"
    )
    assert refusal(path) == "has other tables than a recording of twtop"


def test_no_looks(path: Path) -> None:
    change(path, "DELETE FROM looks")
    assert refusal(path) == "it has no looks that could be shown"


def test_no_key_look(path: Path) -> None:
    change(path, "UPDATE looks SET is_key = 0")
    assert refusal(path) == "it has no looks that could be shown"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("wall_s", None),
        ("wall_s", float("inf")),
        ("wall_s", -1e300),
        ("wall_s", "yesterday"),
        pytest.param("wall_s", "x" * 100_000, id="long"),
        ("sockets", -5),
        ("sockets", 1 << 62),
        ("sockets", None),
    ],
)
def test_a_look_that_makes_no_sense_and_what_needs_it_are_left_out(
    path: Path, column: str, value: object
) -> None:
    change(path, f"UPDATE looks SET {column} = ? WHERE number = 10", value)  # noqa: S608
    with closing(open_tape(path)) as tape:
        left = tape.index().number.tolist()
        assert set(left) <= {*range(10), *range(20, 25)}
        assert left[:9] == list(range(9))
        assert "the file is damaged" in tape.marks()[-1].text
        assert tape.marks()[-1].kind == "failure"


def test_a_look_that_is_missing(path: Path) -> None:
    change(path, "DELETE FROM looks WHERE number = 15")
    with closing(open_tape(path)) as tape:
        assert tape.index().number.tolist() == [*range(15), *range(20, 25)]
        assert tape.marks()[-1].text == "the file is damaged: 4 looks cannot be read"


def test_numbers_without_end(path: Path) -> None:
    change(path, "UPDATE looks SET number = ? WHERE number = 24", (1 << 63) - 1)
    change(path, "UPDATE looks SET number = ? WHERE number = 0", -(1 << 63))
    with closing(open_tape(path)) as tape:
        assert tape.index().number.tolist() == [*range(10, 24)]
        for number in (-1, 1 << 63, 1 << 70):
            with pytest.raises(RecordingError, match="not kept any more"):
                tape.look(number)


def test_times_that_go_back_are_shown_as_they_are(path: Path) -> None:
    change(path, "UPDATE looks SET wall_s = wall_s - 3600 WHERE number >= 12")
    with closing(open_tape(path)) as tape:
        assert np.diff(tape.index().wall_s).min() == -3599


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("UPDATE looks SET instant_s = 'x' WHERE number = 3", ()),
        ("UPDATE looks SET instant_s = ? WHERE number = 3", (float("-inf"),)),
        ("UPDATE looks SET resting = 'abc' WHERE number = 3", ()),
        ("UPDATE looks SET resting = x'0102' WHERE number = 3", ()),
        ("UPDATE looks SET sockets = 'many' WHERE number = 3", ()),
        ("UPDATE parts SET stream = 'eth0' WHERE number >> 16 = 3", ()),
        ("UPDATE parts SET body = 'text' WHERE number >> 16 = 3", ()),
        ("UPDATE parts SET body = 1e300 WHERE number >> 16 = 3", ()),
        ("UPDATE parts SET body = zeroblob(1001) WHERE number >> 16 = 3", ()),
        ("DELETE FROM parts WHERE number >> 16 = 3", ()),
        ("INSERT INTO parts VALUES ((3 << 16) + 1, 0, x'00', '', 0)", ()),
    ],
)
def test_a_damaged_look_is_refused_and_the_others_are_read(
    path: Path, statement: str, values: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file of the real size would take its time to be made.
    monkeypatch.setattr(reader, "MOST_BODY", 1000)
    change(path, statement, *values)
    with closing(open_tape(path)) as tape:
        with pytest.raises(RecordingError, match=r"that moment is damaged|too big"):
            tape.look(3)
        assert tape.look(4) == look(4)


def test_a_mark_that_makes_no_sense_is_left_out(path: Path) -> None:
    for row in (
        (1, 1e300, "found", 1, "never"),
        (1, None, "found", 1, "when"),
        (1, START_S, "evil", 1, "what"),
        (1, START_S, "found", "very", "how"),
        ("x", START_S, "found", 1, "where"),
    ):
        change(path, "INSERT INTO marks VALUES (NULL, ?, ?, ?, ?, ?)", *row)
    with closing(open_tape(path)) as tape:
        assert tape.marks() == [mark(0), mark(10), mark(20)]


def test_texts_are_short_and_fit_for_a_terminal(path: Path) -> None:
    evil = "\x1b]0;owned\x07" * 1000
    change(path, "UPDATE about SET value = ? WHERE name = 'filter'", evil)
    change(path, "UPDATE streams SET hostname = ?, kernel = x'12', label = NULL", evil)
    change(path, "UPDATE marks SET text = ?", evil)
    change(path, "UPDATE parts SET problem = ?", evil)
    with closing(open_tape(path)) as tape:
        texts = [tape.filter, tape.stream(0).hostname, tape.marks()[0].text, tape.look(0).parts[0].problem]
        for text in texts:
            assert text.isprintable()
            assert len(text) <= 4096
        assert (tape.stream(0).kernel, tape.stream(0).label) == ("", "")


def test_a_text_that_is_no_text(path: Path) -> None:
    change(path, "UPDATE streams SET hostname = CAST(x'ff00fe' AS TEXT)")
    with closing(open_tape(path)) as tape:
        assert tape.stream(0).hostname.isprintable()


def test_a_namespace_that_nothing_is_known_of(path: Path) -> None:
    change(path, "DELETE FROM streams")
    with closing(open_tape(path)) as tape, pytest.raises(RecordingError, match="which host"):
        tape.stream(0)


def test_it_takes_no_more_memory_than_a_recording_may(path: Path) -> None:
    change(path, "UPDATE about SET value = zeroblob(1000000) WHERE name = 'filter'")
    assert refusal(path) == "something in it is too big"


def test_the_application_is_told_by_four_letters() -> None:
    assert APPLICATION_ID.to_bytes(4).decode() == "twtp"
