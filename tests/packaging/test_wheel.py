"""The wheel, installed into an empty environment, is all that twtop needs."""

from __future__ import annotations

import json
import re
import subprocess
import venv
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.pty.terminal import ROOT, Terminal

if TYPE_CHECKING:
    from pathlib import Path

_NO_INDEX = re.compile(
    "No matching distribution found|NewConnectionError|ReadTimeoutError|ProxyError|SSLError"
)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    return folder


@pytest.fixture(scope="module")
def wheel(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _pip(environment, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def twtop(environment: Path, wheel: Path) -> Path:
    _pip(environment, "install", str(wheel))
    return environment / "bin" / "twtop"


def _pip(environment: Path, *arguments: str) -> None:
    ended = subprocess.run(
        [environment / "bin" / "pip", *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if ended.returncode and _NO_INDEX.search(ended.stderr):
        pytest.skip(f"pip finds no package index: {ended.stderr.strip().splitlines()[-1]}")
    assert ended.returncode == 0, ended.stderr


def _run(program: Path, folder: Path, *arguments: str) -> str:
    """Run it as a user would who never saw the checkout."""
    ended = subprocess.run(
        [program, *arguments], cwd=folder, env={}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_every_file_of_the_package_is_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    there = (
        path for path in (ROOT / "twtop").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    assert packed == {str(path.relative_to(ROOT)) for path in there}


def test_version(twtop: Path, tmp_path: Path) -> None:
    assert re.fullmatch(r"twtop \d+\.\d+\.\d+\n", _run(twtop, tmp_path, "--version"))


def test_explain(twtop: Path, tmp_path: Path) -> None:
    assert "TIME-WAIT" in _run(twtop, tmp_path, "explain", "TIME-WAIT")


def test_snapshot(twtop: Path, tmp_path: Path) -> None:
    assert json.loads(_run(twtop, tmp_path, "snapshot", "--format", "json"))["schema"] == 1


def test_the_screen(twtop: Path) -> None:
    with Terminal([str(twtop)]) as terminal:
        terminal.wait_text(r"TIME-WAIT +\d")
        terminal.send("q")
        assert terminal.wait_exit() == 0
