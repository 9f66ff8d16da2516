from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtop.core.filter import FilterError
from twtop.core.options.kinds import Flag, Number, OptionError, quoted
from twtop.core.options.screen import OPTIONS, ScreenOptions
from twtop.core.table.fields import DEFAULT_SORT, FIELDS
from twtop.core.table.keys import DEFAULT_KEYS, KEYS
from twtop.core.text import printable

HUGE = 16**9999
"""More digits than Python writes."""
SECONDS = Number("seconds", 0.1, 3600, "S")
GROUP_BY = OPTIONS["keys"].kind


@pytest.mark.parametrize(("value", "number"), [(1, 1.0), (0.1, 0.1), (3600, 3600.0), (2.5, 2.5)])
def test_a_number_is_read_as_it_is_written(value: float, number: float) -> None:
    assert SECONDS.of_value(value) == SECONDS.of_text(str(value)) == number
    assert SECONDS.of_value(SECONDS.to_value(number)) == number


@pytest.mark.parametrize(
    "value",
    [0, 3601, -1, float("nan"), float("inf"), True, "1", [1], {}, None, pytest.param(HUGE, id="huge")],
    ids=str,
)
def test_no_number_is_out_of_range(value: object) -> None:
    with pytest.raises(OptionError, match=r"^expected seconds from 0\.1 to 3600, found "):
        SECONDS.of_value(value)


def test_a_flag_is_true_or_false() -> None:
    assert Flag().of_value(True) is Flag().of_text("true") is True
    for wrong in (1, "true", None):
        with pytest.raises(OptionError, match=r"^expected true or false, found "):
            Flag().of_value(wrong)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("state,peer", DEFAULT_KEYS),
        (" State , REMOTE_ADDRESS", ("state", "remote-address")),
        ("role", ("role",)),
        (",".join(KEYS), tuple(KEYS)),
    ],
)
def test_names_are_read_with_commas_and_as_a_list(text: str, keys: tuple[str, ...]) -> None:
    assert GROUP_BY.of_text(text) == GROUP_BY.of_value(text.split(",")) == keys
    assert GROUP_BY.of_value(GROUP_BY.to_value(keys)) == keys


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "there is no key ''; the keys are state, peer, remote"),
        ("state,", "there is no key ''"),
        ("state,colour", "there is no key 'colour'; the keys are state, peer, remote"),
        ("stat", "there is no key 'stat'; did you mean 'state'?"),
        ("state,peer,state", "'state' is there twice; each key can be there once"),
        (",".join(["state"] * 100_000), "'state' is there twice"),
    ],
)
def test_wrong_names_are_named(text: str, complaint: str) -> None:
    with pytest.raises(OptionError) as caught:
        GROUP_BY.of_text(text)
    assert str(caught.value).startswith(complaint)


@pytest.mark.parametrize("value", [1, [1], ["state", None], {"state": 1}, True])
def test_names_are_texts(value: object) -> None:
    with pytest.raises(OptionError, match=r'^expected keys such as \["state"\], found '):
        GROUP_BY.of_value(value)


def test_a_wrong_filter_points_at_the_column() -> None:
    with pytest.raises(FilterError, match=r"^filter, column 7: "):
        OPTIONS["filter"].kind.of_value("state nowhere")


def test_a_table_has_texts_and_lists_of_them() -> None:
    table = OPTIONS["keymap"].kind
    assert table.of_value({"filter": "f2", "copy": ["y", "ctrl+y"]}) == {"filter": "f2", "copy": "y,ctrl+y"}
    for wrong, at in (({"copy": 1}, ("copy",)), ({"copy": ["y", 1]}, ("copy",)), ("f2", ()), ([], ())):
        with pytest.raises(OptionError, match="found") as caught:
            table.of_value(wrong)
        assert caught.value.at == at


@pytest.mark.parametrize("member", OPTIONS)
def test_every_option_reads_its_default_and_its_example_and_writes_them(member: str) -> None:
    option = OPTIONS[member]
    default = option.kind.of_value(option.default)
    assert getattr(ScreenOptions(), member) == default
    for value in (default, option.kind.of_value(option.example)):
        assert option.kind.of_value(option.kind.to_value(value)) == value
    assert option.kind.of_value(option.example) != default


def test_the_defaults_are_what_they_are_elsewhere() -> None:
    chosen = ScreenOptions()
    assert (chosen.keys, chosen.sort, chosen.columns) == (DEFAULT_KEYS, DEFAULT_SORT, tuple(FIELDS))


@given(st.text() | st.integers() | st.floats() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()))
def test_what_is_quoted_is_short_and_fit_for_a_terminal(value: Any) -> None:
    assert len(quoted(value)) < 300
    assert printable(quoted(value)) == quoted(value)
