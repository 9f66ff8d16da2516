"""Which words are offered at a cursor, whatever the shell."""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING

import pytest

from twtop.cli import parsers
from twtop.core.filter import parse
from twtop.core.filter.names import STATE_WORDS
from twtop.core.options.screen import THEMES
from twtop.core.states import IN_LIFE_ORDER
from twtop.core.table.fields import FIELDS
from twtop.core.table.keys import KEYS
from twtop.diagnosis.rules import RULES
from twtop.export.table import OF_ONE_INSTANT
from twtop.knowledge.topics import find, topics
from twtop.packaging import values
from twtop.packaging.completion import SHELLS, Answer, complete, for_shell, typed
from twtop.packaging.definition import defined_by
from twtop.packaging.values import Offer

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = defined_by(parsers())
_NAMES = [name for name in COMMANDS if name]


def offered(*words: str, by: str = "fish") -> list[str]:
    return [offer.word for offer in complete(COMMANDS, words, by).offers]


def test_the_first_word_is_a_command() -> None:
    assert offered("") == _NAMES
    assert offered("sn") == ["snapshot"]
    assert all(offer.about for offer in complete(COMMANDS, [""], "zsh").offers)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_every_command_is_offered_with_its_help(name: str) -> None:
    before = [name] if name else []
    answer = complete(COMMANDS, [*before, "--"], "zsh")
    options = [
        (flag, option.about)
        for option in COMMANDS[name].options
        for flag in option.flags
        if flag.startswith("--")
    ]
    assert [(offer.word, offer.about) for offer in answer.offers] == options
    assert all(about for _, about in options)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_argument_is_forgotten(name: str) -> None:
    command, said = COMMANDS[name], parsers()[name].format_help()
    for argument in (*command.options, *command.words):
        assert all(flag in said for flag in argument.flags)
        assert "%(" not in argument.about
    assert {flag for argument in command.options for flag in argument.flags} >= {"-h", "--help"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--by", ""), list(KEYS)),
        (("--by", "state,remote-"), ["state,remote-address", "state,remote-network", "state,remote-port"]),
        (("--by", "state,sta"), []),
        (("--by=st",), ["--by=state"]),
        (("--sort", ""), list(FIELDS)),
        (("snapshot", "--sort", ""), [field.name for field in OF_ONE_INSTANT]),
        (("--columns", "sockets,bo"), ["sockets,born"]),
        (("--theme", "grub"), []),
        (("--theme", ""), list(THEMES)),
        (("snapshot", "--format", ""), ["table", "json", "csv"]),
        (("snapshot", "--format", "json", "--lim"), ["--limit"]),
        (("snapshot", "--sockets", "--sock"), []),
        (("snapshot", ""), [flag for flag in offered("snapshot", "--") if flag.startswith("--")]),
        (("doctor", "--format", "t"), ["text"]),
        (("explain", "syn-s"), ["syn-sent"]),
        (("explain", "net.ipv4.tcp_fin"), ["net.ipv4.tcp_fin_timeout"]),
        (("explain", "tcp_fin"), ["tcp_fin_timeout"]),
        (("explain", "connect-sl"), ["connect-slow"]),
        (("--filter", "time"), ["time-wait"]),
        (("--filter", "'state time"), ["state time-wait"]),
        (
            ("--filter", '"dport = :443 and (clos'),
            [f"dport = :443 and ({w}" for w in ("closed", "close-wait", "closing", "close")],
        ),
        (("--filter", "'proc"), ["proc"]),
        (("--filter", "proc"), []),
        (("completion", ""), list(SHELLS)),
        (("config", "--check", "--h"), ["--help"]),
        (("--", "sn"), []),
        (("nonsense", "--by", "sta"), ["state"]),
        (("--nonsense", "--by", "sta"), ["state"]),
        (("--interval", "--by", "sta"), []),
        (("snapshot", "-"), ["-h", *(flag for flag in offered("snapshot", "--"))]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_offers(words: tuple[str, ...], expected: list[str]) -> None:
    assert offered(*words) == expected


@pytest.mark.parametrize(
    "words",
    [
        ("--config", ""),
        ("config", "--check", "tw"),
        ("--netns", "/run/ne"),
        ("--config=x",),
        ("record", "-o", ""),
    ],
)
def test_names_of_files_are_left_to_the_shell(words: tuple[str, ...]) -> None:
    assert complete(COMMANDS, words, "fish") == Answer(files=True)


def test_namespaces_that_have_a_name_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("web", "db", "evil\x1b[2J"):
        (tmp_path / name).touch()
    monkeypatch.setattr(values, "_NAMED_NAMESPACES", str(tmp_path))
    assert offered("--netns", "") == ["db", "web", "all"]
    monkeypatch.setattr(values, "_NAMED_NAMESPACES", str(tmp_path / "none"))
    assert offered("--netns", "") == ["all"]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_fields_and_keys_offered_are_those_that_the_help_names(name: str) -> None:
    said = " ".join(COMMANDS[name].epilog.split())
    before = [name] if name else []
    for option in COMMANDS[name].options:
        # The demo's help leaves it to that of twtop.
        if option.value in ("KEYS", "FIELD", "FIELDS") and said:
            names = ", ".join(offered(*before, option.flags[0], ""))
            assert (f"one of {names} " if option.value != "KEYS" else f"of {names};") in f"{said} ", option


def test_every_topic_offered_can_be_explained() -> None:
    words = offered("explain", "")
    assert set(RULES) <= set(words)
    explained = {find(word).name for word in words if word not in RULES}
    assert {state.label for state in IN_LIFE_ORDER} <= explained
    assert explained == {topic.name for topic in topics()}


def test_every_word_of_a_filter_offered_alone_is_a_filter() -> None:
    words = offered("--filter", "")
    assert words == list(STATE_WORDS)
    for word in words:
        parse(word, lambda _: None)


def test_bash_gets_words_as_they_are_typed() -> None:
    answer = complete(COMMANDS, ["explain", ""], "bash")
    quoted = [offer.word for offer in answer.offers if offer.word.startswith("'")]
    assert "'time left'" in quoted
    assert offered("explain", "'time l", by="bash") == ["time left"]
    assert for_shell("bash", Answer((Offer("a", "b"),))) == "words\na\n"
    assert for_shell("zsh", Answer((Offer("a", "b\tc\nd"),), files=True)) == "files\na\tb c d\n"


def test_bash_splits_at_equals_signs() -> None:
    assert typed("bash", "\n--by\n=\nst") == ["--by=st"]
    assert typed("bash", "\n--by\n=") == ["--by="]
    assert typed("bash", "\n--by\n=\nstate\n") == ["--by=state", ""]
    assert typed("bash", "\n--filter\n'dport = :1'\n=") == ["--filter", "'dport = :1'", "="]
    assert typed("fish", "\n--by\n=") == ["--by", "="]
    assert typed("zsh", "") == [""]
    assert offered("--by=st", by="bash") == ["state"]


@pytest.mark.parametrize("word", ["'", '"', "\\", "a'b\"c", "$(x", "#", "--=", "\x00", "é" * 5000])
@pytest.mark.parametrize("shell", SHELLS)
def test_no_word_makes_it_fail(word: str, shell: str) -> None:
    for before in ((), ("--by",), ("--filter",), ("explain",), (word,)):
        complete(COMMANDS, [*before, word], shell)


def test_what_a_hidden_or_new_argument_does() -> None:
    parser = ArgumentParser("twtop new", description="Do it. And more.", add_help=False)
    parser.add_argument("first", choices=("one", "two"))
    parser.add_argument("rest", nargs="*", metavar="FILE")
    parser.add_argument("-o", "--output", metavar="FILE", help="to FILE, 5 %% of it (default: %(default)s)")
    parser.add_argument("--hidden", help="==SUPPRESS==")
    commands = defined_by({"": ArgumentParser("twtop"), "new": parser})
    assert commands["new"].summary == "Do it"
    assert commands["new"].options[0].about == "to FILE, 5 % of it (default: None)"
    assert [offer.word for offer in complete(commands, ["new", ""], "zsh").offers] == ["one", "two"]
    assert complete(commands, ["new", "one", ""], "zsh").files
    assert complete(commands, ["new", "one", "a", "b", ""], "zsh").files
    assert complete(commands, ["new", "-o", ""], "zsh").files
    assert [offer.word for offer in complete(commands, ["new", "--"], "zsh").offers] == ["--output"]


def test_a_press_of_the_tab_key_is_light() -> None:
    script = """
import sys
sys.argv[1:] = ["completion", "bash", "--words=\\nsnapshot\\n--"]
from twtop.__main__ import main
main()
sys.stderr.write(",".join(sorted({"numpy", "textual", "pyroute2", "psutil", "plotext"} & sys.modules.keys())))
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "--sockets\n" in ended.stdout
    assert ended.stderr == ""
