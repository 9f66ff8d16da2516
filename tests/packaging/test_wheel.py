"""The wheel, installed into an empty environment, is all that twtop needs."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
import venv
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.packaging.installing import NO_INDEX
from tests.pty.terminal import ROOT, Terminal

if TYPE_CHECKING:
    from pathlib import Path

_SHARED = {
    "share/man/man1/twtop.1": ("man",),
    "share/bash-completion/completions/twtop": ("completion", "bash"),
    "share/fish/vendor_completions.d/twtop.fish": ("completion", "fish"),
    "share/zsh/site-functions/_twtop": ("completion", "zsh"),
}
"""What is installed beside the package, and the command that prints the same."""

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
    if ended.returncode and NO_INDEX.search(ended.stderr):
        pytest.skip(f"pip finds no package index: {ended.stderr.strip().splitlines()[-1]}")
    assert ended.returncode == 0, ended.stderr


def _run(program: Path, folder: Path, *arguments: str) -> str:
    """Run it as a user would who never saw the checkout."""
    ended = subprocess.run(
        [program, *arguments], cwd=folder, env={}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def _files(folder: str) -> set[str]:
    paths = (ROOT / folder).rglob("*")
    return {
        str(path.relative_to(ROOT)) for path in paths if path.is_file() and "__pycache__" not in path.parts
    }


def test_every_file_of_the_package_is_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    shared = {name for name in packed if ".data/data/share/" in name}
    assert packed - shared == _files("twtop")
    assert {name.partition(".data/data/")[2] for name in shared} == _SHARED.keys()


def test_a_source_distribution_has_what_it_takes_to_build_and_test(
    environment: Path, wheel: Path, tmp_path: Path
) -> None:
    _pip(environment, "install", "hatchling")
    python = str(environment / "bin" / "python")
    command = [python, "-m", "hatchling", "build", "-d", str(tmp_path)]
    # It builds the wheel from the checkout, too, without pip's copy of it: bit by bit the same.
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    built, source = sorted(tmp_path.iterdir())
    assert (built.name, built.read_bytes()) == (wheel.name, wheel.read_bytes())
    with tarfile.open(source) as archive:
        packed = {each.name.partition("/")[2] for each in archive.getmembers() if each.isfile()}
    folders = _files("twtop") | _files("tests") | _files("screenshots") | _files(".packaging")
    assert packed == folders | {".gitignore", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}


def test_man_and_shells_find_what_is_theirs(twtop: Path, tmp_path: Path) -> None:
    for path, command in _SHARED.items():
        assert (twtop.parents[1] / path).read_text() == _run(twtop, tmp_path, *command)


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
