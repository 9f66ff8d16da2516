"""Recordings of which a part is missing, or is something else."""

from __future__ import annotations

import os
import shutil
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.recording.file.made import begun, recorded
from twtop.errors import RecordingError
from twtop.recording.file.reader import open_tape

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOOKS = 60
BODY = bytes(range(256)) * 12

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished recording."""
    return recorded(tmp_path_factory.mktemp("sound") / "a.twtop", LOOKS, BODY)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording that was not finished, and its log."""
    folder = tmp_path_factory.mktemp("killed")
    with closing(begun(folder / "begun.twtop", LOOKS, BODY)):
        shutil.copy(folder / "begun.twtop", folder / "a.twtop")
        shutil.copy(folder / "begun.twtop-wal", folder / "a.twtop-wal")
    return folder / "a.twtop"


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def read_all(path: Path) -> int:
    """Read everything that can be read; return how many looks; only RecordingError may be raised."""
    with suppress(RecordingError), closing(open_tape(path)) as tape:
        index = tape.index()
        tape.marks()
        looks = 0
        for number in index.number.tolist():
            with suppress(RecordingError):
                for part in tape.look(number).parts:
                    tape.stream(part.stream)
                looks += 1
        return looks
    return 0


@quick
@given(at=st.floats(0, 1), junk=st.binary(min_size=1, max_size=40))
def test_any_bytes_may_be_others(tmp_path: Path, sound: Path, at: float, junk: bytes) -> None:
    path = tmp_path / "a.twtop"
    file = sound.read_bytes()
    start = int(at * (len(file) - len(junk)))
    path.write_bytes(file[:start] + junk + file[start + len(junk) :])
    assert read_all(path) <= LOOKS


@quick
@given(at=st.integers(0, 4095), byte=st.integers(0, 255))
def test_any_byte_of_the_first_page_may_be_another(tmp_path: Path, sound: Path, at: int, byte: int) -> None:
    path = tmp_path / "a.twtop"
    file = sound.read_bytes()
    path.write_bytes(file[:at] + bytes([byte]) + file[at + 1 :])
    assert read_all(path) <= LOOKS


@quick
@given(at=st.floats(0, 1), junk=st.binary(max_size=40), cut=st.booleans())
def test_any_bytes_of_the_log_may_be_others_or_missing(
    tmp_path: Path, killed: Path, at: float, junk: bytes, cut: bool
) -> None:
    path = tmp_path / "a.twtop"
    shutil.copy(killed, path)
    log = log_of(killed).read_bytes()
    start = int(at * len(log))
    log_of(path).write_bytes(log[:start] + junk + (b"" if cut else log[start + len(junk) :]))
    assert read_all(tmp_path / "a.twtop") <= LOOKS


@pytest.mark.parametrize("share", [0.2, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_what_was_cut_off_is_read_up_to_there(tmp_path: Path, sound: Path, share: float) -> None:
    path = tmp_path / "a.twtop"
    file = sound.read_bytes()
    path.write_bytes(file[: int(share * len(file))])
    with closing(open_tape(path)) as tape:
        numbers = tape.index().number.tolist()
        assert numbers == list(range(len(numbers)))
        assert len(numbers) > (share - 0.15) * LOOKS
        for number in numbers:
            tape.look(number)
        damage = tape.marks()[-1]
        assert damage.text == "the file is damaged: what came after the last look cannot be read"
        assert damage.wall_s == tape.index().wall_s[-1]


def test_without_its_log_a_recording_is_read_as_far_as_it_goes(tmp_path: Path, killed: Path) -> None:
    """Every key look moves what came before into the file itself."""
    shutil.copy(killed, tmp_path)
    assert read_all(tmp_path / "a.twtop") > LOOKS - 15
    assert [path.name for path in tmp_path.iterdir()] == ["a.twtop"]
    with closing(open_tape(tmp_path / "a.twtop")) as tape:
        assert tape.damage == "nobody ended it, and its -wal cannot be read: up to a minute may be missing"
        assert tape.marks()[-1].text == tape.damage
    with closing(open_tape(killed)) as tape:
        assert not tape.damage


def test_the_log_of_another_recording_does_no_harm(tmp_path: Path, sound: Path, killed: Path) -> None:
    other = recorded(tmp_path / "other.twtop", 7, b"short")
    for file in (sound, other, killed):
        shutil.copy(file, tmp_path / "a.twtop")
        shutil.copy(log_of(killed), log_of(tmp_path / "a.twtop"))
        assert read_all(tmp_path / "a.twtop") <= LOOKS


def test_a_log_that_is_no_file_does_no_harm(tmp_path: Path, killed: Path) -> None:
    shutil.copy(killed, tmp_path)
    os.mkfifo(log_of(tmp_path / "a.twtop"))
    (tmp_path / "a.twtop-shm").symlink_to("/etc/passwd")
    assert read_all(tmp_path / "a.twtop") > LOOKS - 15


@pytest.mark.parametrize("has_shared_memory", [True, False])
def test_reading_what_a_killed_recorder_left_changes_nothing(
    tmp_path: Path, killed: Path, has_shared_memory: bool
) -> None:
    path = tmp_path / "a.twtop"
    shutil.copy(killed, path)
    shutil.copy(log_of(killed), log_of(path))
    if has_shared_memory:
        (tmp_path / "a.twtop-shm").write_bytes(bytes(32768))
    there = sorted(tmp_path.iterdir())
    assert read_all(path) == LOOKS
    assert sorted(tmp_path.iterdir()) == there
    assert path.read_bytes() == killed.read_bytes()
    assert log_of(path).read_bytes() == log_of(killed).read_bytes()


def test_on_a_medium_that_cannot_be_written_all_is_read(
    tmp_path: Path, sound: Path, killed: Path, in_new_process: Callable[[str], str]
) -> None:
    for path in (sound, killed, log_of(killed)):
        shutil.copy(path, tmp_path / path.name.replace("a", "b" if path == sound else "a", 1))
    looks = in_new_process(
        f"""
        import ctypes, os
        from pathlib import Path
        from twtop.lab import namespaces
        from tests.recording.file.test_damage import read_all
        folder = {str(tmp_path)!r}
        libc = ctypes.CDLL(None, use_errno=True)
        mount = lambda source, flags: libc.mount(source, folder.encode(), None, flags, None)
        MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
        namespaces._unshare(0x20000)
        assert not libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
        assert not mount(folder.encode(), MS_BIND)
        assert not mount(None, MS_BIND | MS_REMOUNT | MS_RDONLY), os.strerror(ctypes.get_errno())
        print(*(read_all(Path(folder, name)) for name in ("a.twtop", "b.twtop")))
        """
    )
    assert looks == f"{LOOKS} {LOOKS}"
    assert len(list(tmp_path.iterdir())) == 3
