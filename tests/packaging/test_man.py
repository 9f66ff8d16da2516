"""The man page says everything that the parsers say, and the programs that read it do not complain."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import twtop
from twtop.cli import parsers
from twtop.packaging.definition import Command, defined_by
from twtop.packaging.man import ENVIRONMENT, manual
from twtop.packaging.roff import escaped, filled, verbatim

COMMANDS = defined_by(parsers())


@pytest.fixture(scope="module")
def page() -> str:
    return manual(COMMANDS, "1.2.3", "2020-04-05")


def read_by(page: str, *command: str, **environment: str) -> str:
    """Return what a program shows of the page; it may not complain."""
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    ended = subprocess.run(
        command,
        input=page,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_groff_does_not_complain(page: str) -> None:
    assert read_by(page, "groff", "-man", "-ww", "-Kutf8", "-z") == ""


def test_mandoc_does_not_complain(page: str) -> None:
    assert read_by(page, "mandoc", "-Tlint", "-W", "warning") == ""


@pytest.mark.parametrize("command", [("man", "-l", "-"), ("mandoc", "-Tutf8")], ids=" ".join)
def test_all_is_shown_as_it_is_typed(page: str, command: tuple[str, ...]) -> None:
    shown = read_by(page, *command, MANWIDTH="1000", MAN_KEEP_FORMATTING="", MANROFFOPT="")
    plain = " ".join(re.sub(".\b|\x1b\\[[0-9;]*m", "", shown).split())
    for each in COMMANDS.values():
        for option in each.options:
            assert ", ".join(option.flags) in plain
    for line in ("twtop snapshot --format json | jq .ports.destinations", "--filter 'dport = :5432'"):
        assert line in plain
    assert "commands, as the first word" not in plain


def test_every_option_and_word_of_every_command_is_in_it(page: str) -> None:
    parts = dict(re.findall(r'^\.SS "(.*)"\n((?:(?!\.S[SH]).*\n)*)', page, re.M))
    (parts["twtop"],) = re.findall(r'^\.SH "OPTIONS"\n((?:(?!\.SH).*\n)*)', page, re.M)
    assert parts.keys() == {command.prog for command in COMMANDS.values()}
    for command in COMMANDS.values():
        for argument in (*command.options, *command.words):
            terms = [rf"\fB{escaped(flag)}\fR" for flag in argument.flags] or [escaped(argument.value)]
            assert all(term in parts[command.prog] for term in terms), command.prog


def test_it_has_the_sections_of_a_man_page(page: str) -> None:
    assert page.startswith('.TH TWTOP 1 2020-04-05 "twtop 1.2.3" "User Commands"\n')
    assert re.findall(r'^\.SH "(.*)"', page, re.M) == [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "VALUES",
        "COMMANDS",
        "EXIT STATUS",
        "FILES",
        "ENVIRONMENT",
        "EXAMPLES",
        "SEE ALSO",
    ]
    assert page.isascii()


def test_it_is_the_same_every_time(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert manual(defined_by(parsers()), "1.2.3", "2020-04-05") == page


def test_the_date_is_that_of_a_day() -> None:
    assert re.fullmatch(r"20\d\d-[01]\d-[0-3]\d", twtop.__released__)


def test_every_variable_that_is_read_is_in_it() -> None:
    # The single file sets PEX itself.
    named = {name for names, _ in ENVIRONMENT for name in names.split(", ")} | {"PEX"}
    read = re.compile(
        r'environ(?:ment)?(?:\.get\(|\.setdefault\(|\[)"([A-Z_]+)"|"([A-Z_]+)" (?:not )?in environ'
    )
    for path in Path(twtop.__file__).parent.rglob("*.py"):
        for found in read.findall(path.read_text()):
            assert set(found) - {""} <= named, path


def test_text_cannot_become_a_request() -> None:
    assert escaped("a-b \\x '~^`\"é") == r"a\-b \ex \(aq\(ti\(ha\(ga\(dq\[u00E9]"
    assert list(filled(".TH of 'x'")) == [r"\&.TH of \(aqx\(aq"]
    assert list(verbatim(["", ".so /etc/passwd"]))[2:4] == [r"\&", r"\&.so /etc/passwd"]


def test_a_command_without_anything_has_its_place() -> None:
    bare = Command("bare", "twtop bare", "usage: twtop bare", "", "", (), ())
    text = manual({**COMMANDS, "bare": bare}, "1", "2020-01-01")
    assert '.SS "twtop bare"\n' in text
