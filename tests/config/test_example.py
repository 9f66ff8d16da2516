"""The example and the README say of every option what its declaration says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from twtop.commands.config import options_in
from twtop.config.editing import literal
from twtop.config.example import example_text
from twtop.config.file import parsed
from twtop.core.options import ScreenOptions
from twtop.core.options.screen import OPTIONS
from twtop.ui.bindings import KEYS
from twtop.ui.keymap import actions, rebound

README = Path(__file__).parents[2] / "README.md"


def example() -> str:
    return "".join(example_text(actions()))


def test_the_example_is_all_comment_and_says_the_defaults() -> None:
    assert all(line.startswith("#") or not line for line in example().splitlines())
    uncommented = re.sub(r"^# (?=[a-z-]+ = |\[keys])", "", example(), flags=re.MULTILINE)
    options = options_in(parsed(Path("/f"), uncommented.encode()))
    assert options.keys() == OPTIONS.keys()
    keymap = options.pop("keymap")
    assert ScreenOptions(**options) == ScreenOptions()
    assert rebound(keymap) == KEYS


@pytest.mark.parametrize("member", OPTIONS)
def test_the_readme_has_a_row_for_every_option(member: str) -> None:
    option = OPTIONS[member]
    flag = f"`{option.flag}`" if option.flag else ""
    row = f"| `{option.name}` | {flag} | `{literal(option.default)}` | {option.explained} |"
    assert row in README.read_text().splitlines(), row


def test_the_example_of_the_readme_works() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", README.read_text(), re.DOTALL)
    assert options_in(parsed(README, text.encode()))["keymap"] == {"filter": "f2,/", "copy": "Y,ctrl+y"}
