"""Files of options on the command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.test_cli import run

if TYPE_CHECKING:
    from pathlib import Path

NEEDS_TERMINAL = "twtop: stdin is not a terminal: use `twtop snapshot` for output without the screen\n"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in its usual place."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "twtop" / "config.toml"
    path.parent.mkdir()
    return path


BAD = [
    ("\nintervall = 2\n", ":2: there is no option 'intervall'; did you mean 'interval'?"),
    ("interval = 0", ":1: interval: expected seconds from 0.1 to 3600, found 0"),
    (
        "sort = nothing",
        ':1: not TOML, column 8: invalid value; a text stands in quotes, as in theme = "nord"',
    ),
    ("[keys]\nfiltr = 'f2'", ":2: there is no action 'filtr'; did you mean 'filter'?"),
    (
        "[keys]\nfilter = 'f99'",
        ":2: there is no key 'f99'; keys are such as /, a, A, f2, pgup, space, ctrl+o",
    ),
    ("[keys]\nsort = 's'\nfilter = 'f'", ":3: 'f' would do both 'filter' and 'findings'"),
    ("keys = { filter = 'f2', copy = 'f2' }", ":1: 'f2' would do both 'filter' and 'copy'"),
    ("keys.filter = 'j'", ":1: 'j' would do both 'filter' and 'down' in the table"),
]


@pytest.mark.parametrize(("text", "complaint"), BAD, ids=[repr(text) for text, _ in BAD])
def test_a_wrong_file_is_one_line_and_status_2(path: Path, text: str, complaint: str) -> None:
    path.write_text(text)
    ended = run()
    assert (ended.stdout, ended.stderr, ended.returncode) == ("", f"twtop: {path}{complaint}\n", 2)


def test_a_wrong_filter_of_a_file_is_pointed_at(path: Path) -> None:
    path.write_text("filter = 'dport = :443 and sprot = :1'")
    first, *rest = run().stderr.splitlines()
    assert first.startswith(f"twtop: {path}:1: filter, column 18: ")
    assert rest == ["  dport = :443 and sprot = :1", "  " + " " * 17 + "^^^^^"]


def test_a_file_can_be_named_or_forbidden(path: Path, tmp_path: Path) -> None:
    path.write_text("intervall = 2")
    other = tmp_path / "other.toml"
    other.write_text("interval = 2")
    for arguments in (["--no-config"], ["--config", str(other)]):
        assert run(*arguments).stderr == NEEDS_TERMINAL
    assert run("--config", "nowhere.toml").stderr == "twtop: nowhere.toml: there is no such file\n"
    assert "not allowed with argument" in run("--config", "x", "--no-config").stderr


def test_a_fifo_does_not_hang(path: Path) -> None:
    os.mkfifo(path)
    assert run().stderr == f"twtop: {path} is no regular file; write one, or remove it\n"


def test_without_a_home_there_is_no_file_and_no_complaint() -> None:
    assert run(HOME="nowhere", XDG_CONFIG_HOME="").stderr == NEEDS_TERMINAL


@pytest.mark.parametrize("command", [["snapshot"], ["explain"]])
def test_what_prints_for_scripts_reads_no_file(path: Path, command: list[str]) -> None:
    path.write_text("intervall = 2")
    assert run(*command).returncode == 0
