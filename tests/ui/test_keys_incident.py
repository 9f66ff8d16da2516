"""The key that saves the last minutes."""

from __future__ import annotations

import tempfile
from threading import Event
from typing import TYPE_CHECKING

import pytest

from tests.ui.frames import SECONDS
from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from tests.ui.taped import Taped, recording
from twtop.recording.file.reader import open_tape
from twtop.ui.app import TwtopApp
from twtop.ui.timeline import saving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("still")


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Three folders of our own: the current one, home, and that of temporary files."""
    made = {name: tmp_path / name for name in ("here", "home", "temporary")}
    for folder in made.values():
        folder.mkdir()
    monkeypatch.chdir(made["here"])
    monkeypatch.setenv("HOME", str(made["home"]))
    monkeypatch.setattr(tempfile, "tempdir", str(made["temporary"]))
    return made


def live() -> TwtopApp:
    wanted = options(interval_s=1.0)
    return TwtopApp(wanted, Taped(wanted))


@pressing("app", "w")
async def test_w_saves_the_last_minutes_here(key: str, folders: dict[str, Path]) -> None:
    async with screen(app=live(), size=(200, 50)) as user:
        await user.press(key)
        await user.said("Saved the last 19s, ")
        (file,) = folders["here"].iterdir()
        assert file.name == "twtop-web-3-20270115-080000.twtop"
        await user.said(f"to {file}.")
    tape = open_tape(file)
    assert len(tape.index()) == SECONDS
    tape.close()


@pressing("frame screen", "w")
@pytest.mark.usefixtures("folders")
async def test_w_works_in_views(key: str) -> None:
    async with screen(app=live(), size=(200, 50)) as user:
        await user.press("m", key)
        await user.said("Saved the last 19s, ")


async def test_where_nothing_can_be_written_here_it_goes_home(folders: dict[str, Path]) -> None:
    # No permission stops root, but nobody can write into a folder that is gone.
    folders["here"].rmdir()
    async with screen(app=live(), size=(200, 50)) as user:
        await user.press("w")
        await user.said(f"to {folders['home']}")
        assert len(list(folders["home"].iterdir())) == 1


async def test_where_nothing_can_be_written_at_all_the_reason_is_told(folders: dict[str, Path]) -> None:
    for folder in folders.values():
        folder.rmdir()
    async with screen(app=live(), size=(200, 50)) as user:
        await user.press("w")
        await user.said("Nothing was saved")
        await user.said("no such file or directory")
        await user.press("w")


@pytest.mark.usefixtures("folders")
async def test_a_second_press_says_that_it_is_being_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = Event()
    save = saving.save_somewhere

    def slowly(*arguments: object) -> object:
        goes_on.wait(20)
        return save(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(saving, "save_somewhere", slowly)
    async with screen(app=live(), size=(200, 50)) as user:
        await user.press("w", "w")
        await user.said("It is being saved already.")
        goes_on.set()
        await user.said("Saved the last 19s")


@pytest.mark.usefixtures("folders")
async def test_it_says_that_a_mask_is_not_for_files() -> None:
    async with screen(app=live(), size=(200, 50)) as user:
        await user.press("P", "comma", "w")
        await user.said("Nothing is masked in the file.")
        assert not any("web-3" in line for line in user.text)


async def test_a_replay_is_in_a_file_already(folders: dict[str, Path]) -> None:
    async with screen(app=TwtopApp(options(), recording())) as user:
        await user.press("w")
        await user.said("in a file already")
    assert list(folders["here"].iterdir()) == []
