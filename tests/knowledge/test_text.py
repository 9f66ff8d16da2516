"""Explanations as text fit the terminal, however narrow."""

import pytest

from tests.knowledge.hosts import host
from twtop.core.signature import RowSignature
from twtop.core.states import State
from twtop.knowledge.explain import explain, explain_state
from twtop.knowledge.text import render_index, render_text
from twtop.knowledge.topics import topics


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_longer_than_the_width(width: int) -> None:
    pages = [render_text(explain(topic, host()), width) for topic in topics()]
    assert max(len(line) for page in pages for line in page.splitlines()) <= width
    assert max(map(len, render_index(topics(), width).splitlines())) <= width


@pytest.mark.parametrize("width", [-1, 0, 1])
def test_an_impossible_width_counts_as_a_narrow_one(width: int) -> None:
    page = explain_state(State.TIME_WAIT, host())
    assert render_text(page, width) == render_text(page, 20)


def test_lines_break_at_blanks_only() -> None:
    for width in range(60, 100):
        assert "CLOSE-\n" not in render_text(explain_state(State.ESTAB, host()), width)


@pytest.mark.parametrize("state", State)
def test_what_a_row_means_fits_three_lines(state: State) -> None:
    for timer in range(6):
        row = RowSignature("nonzero", frozenset({timer}), max_retrans=3, wqueue=2, role="client")
        first = explain_state(state, host(), row).sections[0]
        assert all(len(line) <= 2 * 76 for line in first.lines)
        assert len(first.lines) <= 2


def test_bullets_tell_remedies_from_warnings() -> None:
    text = render_text(explain_state(State.TIME_WAIT, host()), 80)
    assert "\n  - Keep connections: pool them" in text
    assert "\n  ! tcp_rfc1337 = 1: it turns" in text


def test_the_index_has_one_line_for_each_topic() -> None:
    lines = render_index(topics(), 80).splitlines()
    kinds = [line for line in lines if line and not line.startswith(" ")]
    assert kinds == ["States", "Sysctls", "Columns", "Counters", "Myths"]
    assert len([line for line in lines if line.startswith("  ")]) == len(topics())


def test_the_index_is_cut_nowhere_on_an_ordinary_terminal() -> None:
    assert "..." not in render_index(topics(), 80)
    assert "..." in render_index(topics(), 40)
