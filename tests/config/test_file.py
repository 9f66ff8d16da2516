"""What is wrong with a file of options is one line: file, line, what, and what would be right."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.toml_texts import nearly_toml
from twtop.config.file import MOST_BYTES, ConfigFile, parsed, read_file
from twtop.config.options import chosen_file, options_of
from twtop.config.user_files import shown_path
from twtop.core.filter import parse
from twtop.core.options import ScreenOptions
from twtop.core.text import printable
from twtop.errors import UsageError


def options(content: str | bytes) -> dict[str, Any]:
    return options_of(parsed(Path("/f"), content.encode() if isinstance(content, str) else content))


ALL = """\
interval = 2.5
filter = "state time-wait"
group-by = ["remote", "state"]
sort = "soon"
reverse = true
columns = "sockets, left"
theme = "nord"
cpu-budget = 10
[keys]
filter = "f2"
copy = ["Y", "ctrl+y"]
"""


def test_options_are_read() -> None:
    said = ScreenOptions(**options(ALL))
    assert (said.interval_s, said.cpu_budget, said.theme) == (2.5, 10.0, "nord")
    assert (said.filter, said.keys) == (parse("time-wait"), ("remote", "state"))
    assert (said.sort, said.reverse, said.columns) == ("soon", True, ("sockets", "left"))
    assert said.keymap == {"filter": "f2", "copy": "Y,ctrl+y"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("\n\nintervall = 2", "/f:3: there is no option 'intervall'; did you mean 'interval'?"),
        ("sort = 'left'\n[keyz]\na = 1", "/f:2: there is no option 'keyz'; did you mean 'keys'?"),
        ("zzz.a = 1", "/f:1: there is no option 'zzz'; the options are interval, filter, group-by, sort,"),
        ("by = 'state'", "/f:1: there is no option 'by' in a file; --by is called 'group-by' there"),
        ("# interval\ninterval = 0", "/f:2: interval: expected seconds from 0.1 to 3600, found 0"),
        ("interval = '1'", "/f:1: interval: expected seconds from 0.1 to 3600, found '1'"),
        ("interval = 0x" + "f" * 9999, "/f:1: interval: expected seconds from 0.1 to 3600, found a huge"),
        ("interval = 1979-05-27", "/f:1: interval: expected seconds from 0.1 to 3600, found 1979-05-27"),
        ("'interval' = nan", "/f:1: interval: expected seconds from 0.1 to 3600, found nan"),
        ("[interval]\na = 1", "/f:1: interval: expected seconds from 0.1 to 3600, found a table"),
        ("reverse = 1", "/f:1: reverse: expected true or false, found 1"),
        ("sort = 'lft'", "/f:1: sort: there is no field 'lft'; did you mean 'left'?"),
        ("theme = 'norc'", "/f:1: theme: there is no theme 'norc'; did you mean 'nord'?"),
        ("columns = []", "/f:1: columns: there is no field ''; the fields are sockets, born"),
        ("columns = ['left', 'left']", "/f:1: columns: 'left' is there twice"),
        ("group-by = [\n'state',\n1]", '/f:1: group-by: expected keys such as ["state"], found a list'),
        ("filter = 1", "/f:1: filter: expected a filter in quotes, found 1"),
        ("\nkeys = { copy = 'y',\tfilter = 1 }", "/f:2: keys.filter: expected keys in quotes, found 1"),
        ("keys.copy = 'y'\nkeys.filter = 1", "/f:2: keys.filter: expected keys in quotes, found 1"),
        ("[[keys]]", "/f:1: keys: expected a table of keys, found a list"),
        ("a\x1b[2J = 1", "/f:1: not TOML, column 2: expected '=' after a key"),
        ('"a\\u001b[2J\\u202e" = 1', "/f:1: there is no option 'a?[2J?'"),
        ("theme = nord", "/f:1: not TOML, column 9: invalid value; a text stands in quotes, as in theme = "),
        ("theme = 'nord", "/f:1: not TOML"),
        ("sort = 'left'\n\nsort = 'soon'\n", "/f:3: 'sort' is there twice; the first is on line 1"),
        ("x = " + "[" * 100_000, "/f:1: expected keys and lists of few levels"),
        ("\na" + ".a" * 100_000 + "= 1", "/f:2: expected keys and lists of few levels"),
        ("\nx = " + "9" * 9999, "/f:2: expected a smaller number"),
        (b"a = 1\nb = '\xff'", "/f:2: expected UTF-8, found the byte 0xff"),
        (b"\0", "/f:1: not TOML, column 1: invalid statement"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(content: str | bytes, complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        options(content)
    assert str(caught.value).startswith(complaint)
    assert "\n" not in str(caught.value)
    assert printable(str(caught.value)) == str(caught.value)


def test_a_mistake_in_a_filter_is_pointed_at() -> None:
    with pytest.raises(UsageError) as caught:
        options("\nfilter = 'dport = :443 and sprot = :1'")
    first, *rest = str(caught.value).split("\n")
    assert first.startswith("/f:2: filter, column 18: ")
    assert rest == ["  dport = :443 and sprot = :1", "  " + " " * 17 + "^^^^^"]


@given(nearly_toml | st.text() | st.binary())
def test_whatever_a_file_says_is_read_or_refused_in_one_line(content: str | bytes) -> None:
    try:
        options(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    except UsageError as error:
        line = str(error).split("\n")[0]
        assert line.startswith("/f:")
        assert printable(line) == line


def test_a_missing_file_says_nothing_unless_it_was_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "config.toml"
    assert read_file(path, needed=False) == ConfigFile(path)
    with pytest.raises(UsageError, match=r"config\.toml: there is no such file$"):
        read_file(path, needed=True)
    (tmp_path / "none").write_text("no folder")
    assert read_file(path, needed=False).values == {}


def test_in_a_home_that_may_not_be_entered_there_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("sort = 'left'")
    if os.geteuid() == 0:
        os.seteuid(65534)
    else:
        tmp_path.chmod(0)
    try:
        assert read_file(path, needed=False) == ConfigFile(path)
        with pytest.raises(UsageError, match="cannot be read: Permission denied;"):
            read_file(path, needed=True)
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        else:
            tmp_path.chmod(0o700)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    (tmp_path / "link").symlink_to(fifo)
    for path in (tmp_path, fifo, tmp_path / "link", Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(UsageError, match=r" is no regular file; write one, or remove it$"):
            read_file(path, needed=True)


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path, why in (
        (loop, "Too many levels"),
        (Path("a\0b"), "embedded null"),
        (Path("a" * 999), "File name"),
    ):
        with pytest.raises(UsageError, match=f" cannot be read: {why}"):
            read_file(path, needed=True)


def test_only_a_small_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"#" * MOST_BYTES)
    assert read_file(path, needed=True).values == {}
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(UsageError, match="it has more than 256 KB"):
        read_file(path, needed=True)


def test_a_user_without_a_home_has_no_file() -> None:
    assert chosen_file({}, None, ignored=False) is None


def test_the_command_line_names_the_file_or_forbids_it(tmp_path: Path) -> None:
    usual = tmp_path / "twtop" / "config.toml"
    usual.parent.mkdir()
    usual.write_text("sort = 'left'")
    other = tmp_path / "other.toml"
    other.write_text("sort = 'soon'")
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    found = [
        chosen_file(environ, given, ignored=ignored)
        for given, ignored in ((None, False), (str(other), False), (None, True))
    ]
    assert [file and file.values["sort"] for file in found] == ["left", "soon", None]


def test_paths_are_short_and_fit_for_a_terminal() -> None:
    home = {"HOME": "/home/me"}
    assert shown_path(Path("/home/me/.config/x"), home) == "~/.config/x"
    assert shown_path(Path("/home/mean/\x1b"), home) == "/home/mean/?"
