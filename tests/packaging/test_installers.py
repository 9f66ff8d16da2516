"""pipx and uv install a checkout; they take the packages that it needs from the package index."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

import twtop
from tests.packaging.installing import NO_INDEX, PACKAGES, tool
from tests.pty.terminal import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.timeout(900), PACKAGES]


def install(command: list[str], **environ: str) -> None:
    ended = subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    if ended.returncode and NO_INDEX.search(ended.stdout + ended.stderr):
        pytest.skip(f"{command[0]} finds no package index: {ended.stderr.strip().splitlines()[-1]}")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def works(program: Path) -> None:
    for arguments, expected in ((["--version"], twtop.__version__), (["snapshot"], "ESTAB")):
        ended = subprocess.run([program, *arguments], env={}, capture_output=True, text=True, check=True)
        assert expected in ended.stdout
        assert ended.stderr == ""


def test_pipx(tmp_path: Path) -> None:
    folders = {name: str(tmp_path / name) for name in ("PIPX_HOME", "PIPX_BIN_DIR", "PIPX_MAN_DIR")}
    install([tool("pipx"), "install", str(ROOT)], **folders, HOME=str(tmp_path))
    works(tmp_path / "PIPX_BIN_DIR" / "twtop")
    # pipx before 1.3 knows of no man pages.
    if (man := tmp_path / "PIPX_MAN_DIR").exists():
        assert (man / "man1" / "twtop.1").read_text().startswith(".TH TWTOP 1 ")


def test_uv(tmp_path: Path) -> None:
    folders = {name: str(tmp_path / name) for name in ("UV_TOOL_DIR", "UV_TOOL_BIN_DIR")}
    install([tool("uv"), "tool", "install", str(ROOT)], **folders)
    works(tmp_path / "UV_TOOL_BIN_DIR" / "twtop")
