from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.config.toml_texts import nearly_toml, said
from twtop.config.toml_text import MOST_PARTS, TooDeepError, line_of, places

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = """\
# a = 1
a = 1 # a = 2
"b c".d = [1, # ]
  2, {x = "]"}]
e = {f.g = 1, h = [ {i=1} ] }

[t.'u.v']
v = '''a
w = 1'''
w = "\\"#"
[[z]]
d = 1979-05-27 07:32:00Z # date
"""


def test_every_key_is_where_it_stands() -> None:
    assert tomllib.loads(TEXT)
    found = {place.path: (line_of(TEXT, place.key), TEXT[place.start : place.end]) for place in places(TEXT)}
    assert found == {
        ("a",): (2, "1"),
        ("b c", "d", "x"): (4, '"]"'),
        ("b c", "d"): (3, '[1, # ]\n  2, {x = "]"}]'),
        ("e", "f", "g"): (5, "1"),
        ("e", "h", "i"): (5, "1"),
        ("e", "h"): (5, "[ {i=1} ]"),
        ("e",): (5, "{f.g = 1, h = [ {i=1} ] }"),
        ("t", "u.v"): (7, ""),
        ("t", "u.v", "v"): (8, "'''a\nw = 1'''"),
        ("t", "u.v", "w"): (10, '"\\"#"'),
        ("z",): (11, ""),
        ("z", "d"): (12, "1979-05-27 07:32:00Z"),
    }


def leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all that is no table; of lists of tables too."""
    for name, value in values.items():
        here = (*path, name)
        for table in value if isinstance(value, list) else [value]:
            if isinstance(table, dict):
                yield from leaves(table, here)
        if not isinstance(value, dict):
            yield here


@given(nearly_toml)
def test_what_tomllib_reads_is_found_where_it_stands(text: str) -> None:
    values = said(text)
    assume(values is not None)
    assert values is not None
    found = places(text)
    assert set(leaves(values)) <= {place.path for place in found}
    for place in found:
        assert text[place.key : place.start].strip()
        if not place.is_header:
            # Alone it is a value, and no part of one.
            assert said(f"x = {text[place.start : place.end]}") is not None


@given(nearly_toml, st.text(max_size=20), st.integers(0, 200))
def test_any_text_is_scanned_to_an_end(text: str, rubbish: str, at: int) -> None:
    for place in places(text[:at] + rubbish + text[at:]):
        assert place.key <= place.start <= place.end


@pytest.mark.parametrize(
    "text",
    ["x = " + "[" * 200_000, "x = " + "{a=" * 80_000, "a" + ".a" * 120_000 + "=1", "[" + "a." * 100 + "a]"],
    ids=["arrays", "tables", "dots", "header"],
)
def test_what_would_cost_tomllib_too_much_is_refused(text: str) -> None:
    with pytest.raises(TooDeepError) as caught:
        places(f"\n{text}")
    assert caught.value.offset <= 10 * MOST_PARTS


@pytest.mark.parametrize("line", ["a{} = 1", "[a{}]", "[[a]]", '"""', "'''", '"\\"', "x = 1", "{}"])
def test_a_scan_takes_time_in_proportion(line: str) -> None:
    text = "\n".join(line.replace("{}", str(number)) for number in range(20_000))
    assert len(places(text)) <= 20_000
    assert len(places(f"x = [{text}")) <= 20_000
