"""The wheel, with what it asks for and nothing else, is all that twtop needs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib.metadata import PathDistribution, distribution
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from tests.packaging.installing import NO_INDEX
from tests.pty.terminal import ROOT, Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import Distribution
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
def hatchling(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that builds; pip would install hatchling anew for every build."""
    folder = tmp_path_factory.mktemp("hatchling")
    _pip("install", "--no-compile", "--target", str(folder), "hatchling")
    return ["env", f"PYTHONPATH={folder}", sys.executable, "-m", "hatchling", "build"]


@pytest.fixture(scope="module")
def built(hatchling: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of the checkout."""
    folder = tmp_path_factory.mktemp("built")
    subprocess.run([*hatchling, "-d", str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (wheel,) = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def twtop(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """twtop as the wheel installs it, beside what its metadata ask for, which is linked from here.

    That pip finds that in the package index too, is for `test_installers` to see.
    """
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment)
    _pip("--python", str(environment / "bin" / "python"), "install", "--no-compile", "--no-deps", str(wheel))
    (packages,) = environment.glob("lib/python*/site-packages")
    (installed,) = packages.glob("twtop-*.dist-info")
    for needed in _needed(PathDistribution(installed)):
        for name in {file.parts[0] for file in needed.files or () if file.parts[0] != ".."}:
            if not (packages / name).exists():
                (packages / name).symlink_to(str(needed.locate_file(name)))
    return environment / "bin" / "twtop"


def _needed(wanting: Distribution) -> Iterator[Distribution]:
    """What it asks for without any extra, and what that asks for."""
    for requirement in map(Requirement, wanting.requires or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found = distribution(requirement.name)
            assert requirement.specifier.contains(found.version, prereleases=True)
            yield found
            yield from _needed(found)


def _pip(*arguments: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pip", *arguments],
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
        [program, *arguments], cwd=folder, env={}, capture_output=True, text=True, check=False
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
    hatchling: list[str], built: Path, wheel: Path, tmp_path: Path
) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        packed = {each.name.partition("/")[2] for each in archive.getmembers() if each.isfile()}
    folders = _files("twtop") | _files("tests") | _files("screenshots") | _files(".packaging")
    assert packed == folders | {".gitignore", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
    # The wheel that it builds is, bit by bit, that of the checkout.
    subprocess.run(["tar", "-xf", source], cwd=tmp_path, check=True)
    (unpacked,) = tmp_path.iterdir()
    subprocess.run([*hatchling, "-t", "wheel"], cwd=unpacked, check=True, capture_output=True)
    assert (unpacked / "dist" / wheel.name).read_bytes() == wheel.read_bytes()


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
