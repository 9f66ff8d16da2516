from __future__ import annotations

import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from tests.recording.file import kills
from twtop.errors import RecordingError
from twtop.recording.codec.decoder import Decoder
from twtop.recording.file.reader import open_tape

_KILLS: Final = 100


def test_a_recorder_that_is_killed_leaves_all_that_it_has_added(tmp_path: Path) -> None:
    """A hundred of them, at random moments."""
    command = [sys.executable, "-m", kills.__name__, str(tmp_path), str(_KILLS)]
    root = Path(kills.__file__).parents[3]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout
    added = []
    for line in told.splitlines():
        name, looks = line.split()
        added.append(int(looks))
        _check(tmp_path / name, added[-1])
    assert len(added) == _KILLS
    # Some must have been killed after the first move of the log into the file.
    assert max(added) > 6


def _check(path: Path, looks: int) -> None:
    if not looks:
        # There may be no look yet, or no file; whoever opens it is told so.
        with suppress(RecordingError):
            open_tape(path).close()
        return
    with closing(open_tape(path)) as tape:
        index = tape.index()
        assert len(index) >= looks
        assert not [mark for mark in tape.marks() if mark.kind == "failure"]
        decoder = Decoder()
        for number, sockets in zip(index.number.tolist(), index.sockets.tolist(), strict=True):
            (part,) = tape.look(number).parts
            assert len(decoder.decode(part.body).sockets) == sockets
