"""The user's file of labels: where it is looked for, and what becomes of one that cannot be read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from twtop.core.address import MAPPED_PREFIX
from twtop.core.names.label_file import MOST_BYTES
from twtop.errors import UsageError
from twtop.sources.labels import read_user_labels

if TYPE_CHECKING:
    from pathlib import Path

TEN = MAPPED_PREFIX | 0x0A000005


def write(folder: Path, data: bytes) -> Path:
    folder.joinpath("twtop").mkdir(parents=True)
    path = folder / "twtop" / "names"
    path.write_bytes(data)
    return path


def test_it_is_where_the_user_keeps_configuration(tmp_path: Path) -> None:
    write(tmp_path / "xdg", b"10.0.0.5 db\n")
    write(tmp_path / "home" / ".config", b"10.0.0.5 home\n")
    home = {"HOME": str(tmp_path / "home")}
    for environ, label in (
        ({"XDG_CONFIG_HOME": str(tmp_path / "xdg"), **home}, "db"),
        ({"XDG_CONFIG_HOME": "xdg", **home}, "home"),
        ({"XDG_CONFIG_HOME": "", **home}, "home"),
        ({"XDG_CONFIG_HOME": str(tmp_path / "nowhere"), **home}, ""),
        ({"HOME": "relative"}, ""),
        ({}, ""),
    ):
        assert read_user_labels(environ).text(0, TEN) == label


def test_a_mistake_names_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, b"10.0.0.5\n")
    with pytest.raises(UsageError, match=f"^{path}, line 1: no label behind"):
        read_user_labels({"XDG_CONFIG_HOME": str(tmp_path)})


def test_a_file_of_any_size_takes_bounded_memory(tmp_path: Path) -> None:
    path = write(tmp_path, b"")
    os.truncate(path, 1 << 40)
    with pytest.raises(UsageError, match=f"names: larger than {MOST_BYTES:,} bytes"):
        read_user_labels({"XDG_CONFIG_HOME": str(tmp_path)})


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, b"")
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(UsageError, match="names is no regular file; write one, or remove it"):
        read_user_labels({"XDG_CONFIG_HOME": str(tmp_path)})


def test_a_loop_of_links_cannot_be_read(tmp_path: Path) -> None:
    path = write(tmp_path, b"")
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(UsageError, match=r"names cannot be read: .*; make it readable, or remove it"):
        read_user_labels({"XDG_CONFIG_HOME": str(tmp_path)})
