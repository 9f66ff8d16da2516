"""Names that strangers' name servers tell are fit to be shown, and few enough to be kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtop.core.names.host_names import KNOWN_FOR_S, LONGEST, UNKNOWN_FOR_S, HostNames, host_text


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("db-1.example.com", "db-1.example.com"),
        ("db-1.example.com.", "db-1.example.com"),
        ("_srv.Example.COM", "_srv.Example.COM"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("5.0.0.10.dyn.example", "5.0.0.10.dyn.example"),
        ("a\x1b[2Jb\x07.example", "a??2Jb?.example"),
        ("ESTAB 10.0.0.1:22", "ESTAB?10.0.0.1?22"),
        ("b\u00fccher\u202e.example", "b?cher?.example"),
        ("x" * LONGEST, "x" * LONGEST),
        ("x" * 1025, "x" * (LONGEST - 3) + "..."),
        # What looks like an address would be taken for the peer's.
        ("10.0.0.5", ""),
        ("10.0.0.5.", ""),
        ("10.0.0", ""),
        ("10.0.0.5:443", ""),
        ("2001:db8::5", ""),
        ("1234567890", ""),
        ("", ""),
        (".", ""),
    ],
)
def test_an_answer_is_made_fit_to_be_shown(answer: str, shown: str) -> None:
    assert host_text(answer) == shown


@given(st.text(max_size=1100))
def test_no_answer_steers_the_terminal(answer: str) -> None:
    shown = host_text(answer)
    assert shown.isascii()
    assert len(shown) <= LONGEST
    assert not set(shown) & set(" :/[]<>\x1b")


def test_names_are_remembered_for_a_while() -> None:
    names = HostNames()
    assert names.find((0, 1), 0.0) == ("", True)
    names.add((0, 1), "db", 0.0)
    names.add((0, 2), "", 0.0)
    assert names.find((0, 1), KNOWN_FOR_S - 1) == ("db", False)
    assert names.find((0, 1), KNOWN_FOR_S) == ("db", True)
    assert names.find((0, 2), UNKNOWN_FOR_S - 1) == ("", False)
    assert names.find((0, 2), UNKNOWN_FOR_S) == ("", True)


def test_what_is_not_looked_at_makes_way() -> None:
    names = HostNames(most=3)
    for low in (1, 2, 3):
        names.add((0, low), f"host-{low}", 0.0)
    names.find((0, 1), 0.0)
    names.add((0, 4), "host-4", 0.0)
    assert len(names) == 3
    assert [names.find((0, low), 0.0)[0] for low in (1, 2, 3, 4)] == ["host-1", "", "host-3", "host-4"]
