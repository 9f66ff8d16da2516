from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.recording.file.made import HOST, START_S, STREAMS, look, mark, recorded
from twtop.errors import RecordingError
from twtop.recording.file.reader import open_tape
from twtop.recording.file.saving import save, usual_path
from twtop.recording.ring import Ring

if TYPE_CHECKING:
    from pathlib import Path

    from twtop.recording.tape import Look


@pytest.fixture
def ring() -> Ring:
    made = Ring()
    for number in range(25):
        made.add(look(number), STREAMS, [mark(number)] if number % 10 == 0 else [])
    return made


def test_all_that_is_in_memory_is_in_the_file(ring: Ring, tmp_path: Path) -> None:
    saved = save(ring, tmp_path / "a.twtop")
    assert saved == (tmp_path / "a.twtop", (tmp_path / "a.twtop").stat().st_size, 24.0, 25)
    with closing(open_tape(saved.path)) as tape:
        assert [tape.look(number) for number in range(25)] == [look(number) for number in range(25)]
        assert tape.marks() == [mark(0), mark(10), mark(20)]
        assert tape.stream(0) == HOST
        assert tape.is_finished
        assert tape.filter == ""
    assert [path.name for path in tmp_path.iterdir()] == ["a.twtop"]


def test_what_is_dropped_meanwhile_is_left_out(ring: Ring, tmp_path: Path) -> None:
    class Dropping(Ring):
        """Loses its first chapter after it has been asked for it, and a look of the second."""

        def look(self, number: int) -> Look:
            if number < 10 or number == 15:
                raise RecordingError("that moment is not kept any more")
            return ring.look(number)

    tape = Dropping()
    tape.__dict__.update(ring.__dict__)
    save(tape, tmp_path / "a.twtop")
    with closing(open_tape(tmp_path / "a.twtop")) as saved:
        walls = [START_S + number for number in (*range(10, 15), *range(20, 25))]
        assert saved.index().wall_s.tolist() == walls
        assert not [each for each in saved.marks() if each.kind == "failure"]


def test_a_recording_can_be_saved_from_a_file(tmp_path: Path) -> None:
    with closing(open_tape(recorded(tmp_path / "a.twtop"))) as tape:
        save(tape, tmp_path / "b.twtop")
    with closing(open_tape(tmp_path / "b.twtop")) as copy:
        assert copy.filter == "dport = :443"
        assert len(copy.index()) == 25


def test_nothing_is_saved_before_there_is_anything(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="nothing is recorded yet"):
        save(Ring(), tmp_path / "a.twtop")
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(ring: Ring, tmp_path: Path) -> None:
    (tmp_path / "a.twtop").write_text("mine")
    with pytest.raises(RecordingError, match="exists already"):
        save(ring, tmp_path / "a.twtop")
    assert (tmp_path / "a.twtop").read_text() == "mine"


def test_the_usual_name_says_where_and_when_and_is_free(tmp_path: Path) -> None:
    moment = time.mktime((2026, 11, 21, 14, 5, 10, 0, 0, -1))
    first = usual_path(tmp_path, "web-1", moment)
    assert first == tmp_path / "twtop-web-1-20261121-140510.twtop"
    first.touch()
    second = usual_path(tmp_path, "web-1", moment)
    assert second == tmp_path / "twtop-web-1-20261121-140510-2.twtop"


@pytest.mark.parametrize("hostname", ["", "../../etc/x", "a b\x1b[2J", "x" * 300])
def test_a_host_name_is_no_path(tmp_path: Path, hostname: str) -> None:
    path = usual_path(tmp_path, hostname, START_S)
    assert path.parent == tmp_path
    assert path.name.isprintable()
    assert len(path.name) < 120
