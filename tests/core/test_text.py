from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtop.core.text import printable


@pytest.mark.parametrize("text", ["nginx: worker", "", "größe", "日本語", "~|'\"\\<>"])
def test_harmless_text_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\x1b[2Jb", "a?[2Jb"),
        ("a\x1b]0;title\x07", "a?]0;title?"),
        ("\x9b31m", "?31m"),
        ("one\ntwo\tthree\r", "one?two?three?"),
        ("evil\u202etxt.exe", "evil?txt.exe"),
        ("\u2066iso\u2069", "?iso?"),
        ("zero\u200bwidth\ufeff", "zero?width?"),
        ("line\u2028separator\u00a0", "line?separator?"),
        ("undecodable\udcff", "undecodable?"),
        ("a\u0336\u0489", "a??"),
        ("\u1112\u1175\u1175", "히?"),
    ],
)
def test_hostile_text_is_disarmed(hostile: str, shown: str) -> None:
    assert printable(hostile) == shown


def test_decomposed_letters_are_composed() -> None:
    assert printable("e\u0301") == "é"


@given(st.text(alphabet=st.characters(codec=None)))
def test_nothing_but_visible_characters_of_some_width_remain(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Mn", "Me"}
