"""The user's own keys, as they are written in a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.binding import Binding

from twtop.core.options.kinds import OptionError
from twtop.core.text import printable
from twtop.ui.bindings import KEYS, described, footer_keys, typing_keys
from twtop.ui.keymap import actions, rebound, textual_keymap


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("f2", "f2"),
        ("F12", "f12"),
        ("!", "exclamation_mark"),
        (",", "comma"),
        ("comma", "comma"),
        ("Z", "Z"),
        ("Ctrl+O", "ctrl+o"),
        ("alt+x", "alt+x"),
        ("shift+up", "shift+up"),
        ("insert", "insert"),
        (" f2 , ctrl+o,f2", "f2,ctrl+o"),
    ],
)
def test_keys_are_written_as_they_are_printed(written: str, key: str) -> None:
    # The comma does something already.
    assert textual_keymap(rebound({"filter": written, "earlier": "f9"})) == {"filter": key, "earlier": "f9"}


@pytest.mark.parametrize(
    ("keymap", "complaint", "at"),
    [
        ({"filtr": "f2"}, "there is no action 'filtr'; did you mean 'filter'?", "filtr"),
        ({"filter": ""}, "there is no key ''; keys are such as /, a, A, f2", "filter"),
        ({"filter": "f2,"}, "there is no key ''", "filter"),
        ({"filter": "shift+a"}, "there is no key 'shift+a'", "filter"),
        ({"filter": "\x1b"}, "there is no key '?'", "filter"),
        ({"filter": "ctrl+i"}, "'ctrl+i' and 'tab' are the same key to a terminal; write 'tab'", "filter"),
        ({"filter": "f"}, "'f' would do both 'filter' and 'findings'", "filter"),
        ({"filter": "f2", "copy": "f2"}, "'f2' would do both 'filter' and 'copy'", "filter"),
        ({"filter": "pgdn"}, "'pgdn' would do both 'filter' and 'page down' in the table", "filter"),
        ({"filter": "ctrl+z"}, "'ctrl+z' would do both 'filter' and the terminal's own work", "filter"),
    ],
)
def test_a_wrong_key_is_named_with_what_would_be_right(
    keymap: dict[str, str], complaint: str, at: str
) -> None:
    with pytest.raises(OptionError) as caught:
        rebound(keymap)
    assert str(caught.value).startswith(complaint)
    assert caught.value.at == (at,)


def test_two_actions_may_change_keys() -> None:
    keys = rebound({"ports": "d", "drain": "p"})
    assert textual_keymap(keys) == {"ports": "d", "drain": "p"}
    assert ("d", "ports") in footer_keys(keys)


def test_every_action_has_a_name_of_its_own_and_may_keep_its_keys() -> None:
    names = [name for name, _, _ in actions()]
    assert len(names) == len(set(names)) == len(KEYS)
    kept = rebound({name: keys for name, keys, _ in actions()})
    assert textual_keymap(kept) == {}
    assert described(kept) == described(KEYS)


def test_only_a_key_that_is_no_text_helps_while_one_types() -> None:
    assert ("f1", "help") in typing_keys(KEYS)
    assert "help" not in [meaning for _, meaning in typing_keys(rebound({"help": "!"}))]


@given(
    st.dictionaries(st.sampled_from([name for name, _, _ in actions()]) | st.text(), st.text(), max_size=3)
)
def test_whatever_is_written_is_bound_or_refused_in_one_line(keymap: dict[str, str]) -> None:
    complaint = ""
    try:
        assert all(isinstance(binding, Binding) and binding.key for binding in rebound(keymap))
    except OptionError as error:
        complaint = str(error)
    assert printable(complaint) == complaint
