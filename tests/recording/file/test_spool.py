from __future__ import annotations

import os
import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.recording.file.made import ABOUT, START_S, STREAMS, look, mark
from twtop.errors import RecordingError
from twtop.recording.file.reader import open_tape
from twtop.recording.file.spool import AGAIN_S, Spool

if TYPE_CHECKING:
    from pathlib import Path


def test_a_gap_is_a_mark_in_the_file_that_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    said: list[str] = []
    spool = Spool(folder / "a.twtop", ABOUT, START_S, say=said.append)
    spool.add(look(0), STREAMS, [])
    shutil.rmtree(folder)
    assert spool.wants_key
    for number in (10, 20):
        with pytest.raises(RecordingError, match="no such file or directory"):
            spool.add(look(number), STREAMS, [])
    assert spool.rests(look(20).instant_s + AGAIN_S - 0.1)
    assert not spool.rests(look(20).instant_s + AGAIN_S)
    spool.mark(mark(25, "something"))
    folder.mkdir()
    spool.add(look(30), STREAMS, [mark(30)])
    assert not spool.rests(look(30).instant_s)
    spool.finish(START_S)
    assert said == [f"{folder}/a.twtop was deleted or cut: going on in another file"]
    with closing(open_tape(folder / "a.twtop")) as tape:
        other, gap, last = tape.marks()
    assert (other, last) == (mark(25, "something"), mark(30))
    assert (gap.wall_s, gap.kind) == (look(10).wall_s, "failure")
    assert gap.text.endswith("a.twtop: no such file or directory")


def test_what_somebody_empties_is_begun_anew(tmp_path: Path) -> None:
    """As ``copytruncate`` of logrotate(8) does."""
    path = tmp_path / "a.twtop"
    said: list[str] = []
    spool = Spool(path, ABOUT, START_S, say=said.append)
    for number in range(5):
        spool.add(look(number), STREAMS, [])
    os.truncate(path, 0)
    assert spool.wants_key
    spool.add(look(10), STREAMS, [])
    spool.finish(START_S)
    assert said == [f"{path} was deleted or cut: going on in another file"]
    assert [each.name for each in tmp_path.iterdir()] == ["a.twtop"]
    with closing(open_tape(path)) as tape:
        assert tape.index().wall_s.tolist() == [look(10).wall_s]


def test_a_gap_that_lasts_to_the_end_is_a_mark_too(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.twtop", ABOUT, START_S, 1 << 20)
    spool.add(look(0), STREAMS, [])
    with pytest.raises(RecordingError, match="too much"):
        spool.add(look(1, body=bytes(500_000)), STREAMS, [])
    spool.finish(START_S + 60)
    with closing(open_tape(tmp_path / "a.twtop")) as tape:
        (gap,) = tape.marks()
        assert gap.wall_s == look(1).wall_s
        assert "too much for a file of 1 MiB" in gap.text


def test_after_its_end_a_file_is_followed_by_another_beside_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.twtop", ABOUT, START_S)
    spool.add(look(0), STREAMS, [])
    finished = spool.finish(START_S)
    assert finished is not None
    assert finished.path == tmp_path / "a.twtop"
    assert spool.finish(START_S) is None
    spool.add(look(10), STREAMS, [])
    assert spool.path.name.startswith("twtop-web-1-")
    spool.finish(START_S)
    assert len(list(tmp_path.iterdir())) == 2
