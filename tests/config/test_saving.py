"""Saving the view changes what differs, and leaves the rest of the file as its user wrote it."""

from __future__ import annotations

import os
import resource
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.config.toml_texts import nearly_toml, said
from twtop.config import saving
from twtop.config.editing import edited, literal
from twtop.config.file import read_file
from twtop.config.options import options_of
from twtop.config.saving import save_view
from twtop.core.filter import parse
from twtop.core.options import ScreenOptions
from twtop.core.options.screen import OPTIONS
from twtop.errors import HostError, UsageError

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

REMARKS = {"sort": "What it is."}


@given(nearly_toml, st.dictionaries(st.sampled_from(["sort", "theme", "a"]), st.text() | st.lists(st.text())))
def test_what_is_not_changed_stays(text: str, values: dict[str, Any]) -> None:
    before = said(text)
    assume(before is not None)
    assert before is not None
    # Tables do not become values.
    assume(not any(isinstance(before.get(name), dict | list) for name in values))
    after = said(edited(text, values, dict.fromkeys(values, "What it is.")))
    assert after == {**before, **values}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_written_so_that_it_is_read_again(text: str) -> None:
    assert said(f"x = {literal(text)}") == {"x": text}


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", '# What it is.\nsort = "left"\n'),
        ("# mine", '# mine\n# What it is.\nsort = "left"\n'),
        ("sort = 'soon'  # why\n", 'sort = "left"  # why\n'),
        ("  'sort'='soon'#why", "  'sort'=\"left\"#why"),
        ("interval = 2 # s\n\n[keys]\n", 'interval = 2 # s\n# What it is.\nsort = "left"\n\n[keys]\n'),
        ("interval = 2", 'interval = 2\n# What it is.\nsort = "left"\n'),
        ("# mine\n\n# keys\n[keys]\n", '# mine\n\n# What it is.\nsort = "left"\n\n# keys\n[keys]\n'),
        ("# keys\n[keys]\n", '# What it is.\nsort = "left"\n\n# keys\n[keys]\n'),
        ("keys.copy = 'y'\r\n", "keys.copy = 'y'\r\n# What it is.\r\nsort = \"left\"\r\n"),
        ('sort = """\nsoon"""\ntheme = "nord"', 'sort = "left"\ntheme = "nord"'),
    ],
)
def test_a_line_is_changed_or_added(text: str, after: str) -> None:
    assert edited(text, {"sort": "left"}, REMARKS) == after


CHOSEN = ScreenOptions(
    filter=parse("time-wait"), sort="soon", reverse=True, columns=("sockets", "left"), cpu_budget=50.0
)
FILE = """\
# Mine, since 2024.
theme = "nord"   # as in vim
columns = [
    "left",  # alone
]

interval = 2

[keys]  # of mine
copy = "y"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "twtop" / "config.toml"


def at(path: Path, chosen: ScreenOptions = CHOSEN) -> ScreenOptions:
    return replace(chosen, config_file=str(path))


def read(path: Path) -> ScreenOptions:
    return ScreenOptions(**options_of(read_file(path, needed=True)))


def test_a_new_file_has_what_differs_from_the_defaults_with_what_it_is(path: Path) -> None:
    assert save_view(at(path)) == (str(path), ("filter", "sort", "reverse", "columns"))
    assert path.read_text() == (
        '# Only matching sockets.\nfilter = "state time-wait"\n'
        '# Order of groups, most first.\nsort = "soon"\n'
        "# Order groups least first.\nreverse = true\n"
        '# Columns of the table, from the left.\ncolumns = ["sockets", "left"]\n'
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert read(path) == replace(CHOSEN, cpu_budget=25.0)


def test_nothing_is_written_where_nothing_differs(path: Path) -> None:
    assert save_view(at(path, ScreenOptions())) == (str(path), ())
    assert not path.parent.exists()
    save_view(at(path))
    before = path.stat()
    assert save_view(at(path)).names == ()
    assert path.stat() == before


def test_the_user_s_own_lines_stay(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(FILE)
    assert save_view(at(path)).names == ("interval", "filter", "sort", "reverse", "columns", "theme")
    assert path.read_text() == (
        '# Mine, since 2024.\ntheme = "ansi-dark"   # as in vim\ncolumns = ["sockets", "left"]\n\n'
        'interval = 1\n# Only matching sockets.\nfilter = "state time-wait"\n'
        '# Order of groups, most first.\nsort = "soon"\n# Order groups least first.\nreverse = true\n\n'
        '[keys]  # of mine\ncopy = "y"\n'
    )
    assert read(path) == replace(CHOSEN, cpu_budget=25.0, keymap={"copy": "y"})


@pytest.mark.parametrize("member", [member for member, option in OPTIONS.items() if option.of_view])
def test_every_option_of_the_view_is_saved_and_read_again(path: Path, member: str) -> None:
    example = OPTIONS[member].kind.of_value(OPTIONS[member].example)
    chosen = replace(ScreenOptions(), **{member: example})
    assert save_view(at(path, chosen)).names == (OPTIONS[member].name,)
    assert read(path) == chosen
    assert save_view(at(path, ScreenOptions())).names == (OPTIONS[member].name,)
    assert read(path) == ScreenOptions()


def test_what_changed_on_the_disk_since_the_start_stays(path: Path) -> None:
    save_view(at(path))
    path.write_text(path.read_text() + '[keys]\ncopy = "y"\n')
    save_view(at(path, replace(CHOSEN, sort="left")))
    assert read(path) == replace(CHOSEN, sort="left", cpu_budget=25.0, keymap={"copy": "y"})


def test_what_changes_while_it_is_saved_stays(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("interval = 2\n")
    writes = iter(["interval = 3\n# editor\n"])

    def somebody_writes_too(frame: FrameType, event: str, _: object) -> None:
        at_last = event == "return" and frame.f_code is saving._take_over.__code__
        if at_last and (text := next(writes, None)):
            path.write_text(text)

    sys.setprofile(somebody_writes_too)
    try:
        save_view(at(path, replace(CHOSEN, interval_s=3.0)))
    finally:
        sys.setprofile(None)
    assert next(writes, None) is None
    assert path.read_text().startswith("interval = 3\n# Only matching")
    assert path.read_text().endswith("# editor\n")
    assert list(path.parent.iterdir()) == [path]


def test_a_link_stays_and_so_do_mode_and_owner(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text("sort = 'left'\n")
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 65534, 65534)
    before = real.stat()
    path.parent.mkdir()
    path.symlink_to(real)
    save_view(at(path))
    assert path.is_symlink()
    after = real.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert read(path).sort == "soon"


def test_a_file_with_a_mistake_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("sort = 'lft'\n")
    with pytest.raises(
        UsageError, match=r"config\.toml:1: sort: there is no field 'lft'; did you mean 'left'\?"
    ):
        save_view(at(path))
    assert path.read_text() == "sort = 'lft'\n"


def test_without_a_file_to_save_to_it_says_so() -> None:
    with pytest.raises(HostError, match="there is no file to save to"):
        save_view(CHOSEN)


def test_a_folder_that_cannot_be_written_is_named() -> None:
    with pytest.raises(HostError, match=r"^/proc/1/twtop/config\.toml cannot be written: "):
        save_view(replace(CHOSEN, config_file="/proc/1/twtop/config.toml"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write read-only files")
def test_a_read_only_file_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(FILE)
    path.chmod(0o400)
    with pytest.raises(HostError, match=r"config\.toml cannot be written: it is read-only$"):
        save_view(at(path))
    assert path.read_text() == FILE


def test_a_file_in_the_place_of_a_folder_is_no_crash(path: Path) -> None:
    path.parent.write_text("a file")
    with pytest.raises(HostError, match=r"config\.toml cannot be written: (File exists|Not a directory)"):
        save_view(at(path))


def test_a_full_disk_leaves_the_file_as_it_was(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(FILE)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(HostError, match="cannot be written: File too large"):
            save_view(at(path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_text() == FILE
    assert list(path.parent.iterdir()) == [path]
