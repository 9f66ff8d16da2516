"""The state diagram as lines: everything is there at every size, and nothing is drawn over anything."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.ui.frames import frames
from twtop.core.flow import NOWHERE, STATES, steps
from twtop.core.flow_history import Between
from twtop.core.signs import ASCII, UNICODE, Signs
from twtop.core.states import IN_LIFE_ORDER, State
from twtop.ui import styles
from twtop.ui.diagram.drawing import Current, draw
from twtop.ui.diagram.screen import layout
from twtop.ui.diagram.shape import ARROWS, DRAWN, PLACES, Grid, fitting, neighbour

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twtop.ui.line_view import Part

SIZES = ((78, 21), (80, 23), (100, 30), (120, 34), (200, 49), (300, 100))
NOTHING = Between(0.0, 0.0, 0.0, 0.0)


def current(
    counts: Mapping[State, int] | None = None,
    rates: Mapping[tuple[int, int], float] | None = None,
    between: Between = NOTHING,
    *,
    changes: Mapping[State, int] | None = None,
    unlisted: bool = False,
) -> Current:
    """A moment with these numbers."""
    frame = frames()[-1]
    numbers, grown, moving = np.zeros(STATES, int), np.zeros(STATES, int), np.zeros((STATES, STATES))
    for state, count in (counts or {}).items():
        numbers[state] = count
    for state, change in (changes or {}).items():
        grown[state] = change
    for move, rate in (rates or {}).items():
        moving[move] = rate
    flow = replace(
        frame.flow, seconds=10.0, counts=numbers, changes=grown, rates=moving, between=between, resets=0.0
    )
    return Current(flow, unlisted, 60_000, frame.facts, 1_800_000_000.0)


def full(rate: float = 12_345.0, count: int = 1_234_567) -> Current:
    """Everything is large and everything moves."""
    everywhere = {*DRAWN, *((state, NOWHERE) for state in State)}
    return current(
        dict.fromkeys(State, count), dict.fromkeys(everywhere, rate), changes=dict.fromkeys(State, -count)
    )


def text(lines: list[list[Part]]) -> list[str]:
    return ["".join(part for part, _ in line) for line in lines]


def laid_out(
    shown: Current, size: tuple[int, int], cursor: State = State.ESTAB, signs: Signs = UNICODE
) -> str:
    lines = text(layout(shown, cursor, *size, signs))
    assert len(lines) <= size[1]
    assert all(len(line) <= size[0] for line in lines)
    return "\n".join(lines)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("signs", [UNICODE, ASCII], ids=("unicode", "ascii"))
def test_every_state_stands_in_its_box_with_its_count(size: tuple[int, int], signs: Signs) -> None:
    counts = {state: 1_234_000 + number for number, state in enumerate(State)}
    shown = laid_out(current(counts), size, signs=signs)
    for state, count in counts.items():
        assert len(re.findall(rf"(?<=[─═=-]) {state.label} (?=[─═=-])", shown)) == 1, state
        assert shown.count(f"{count:,}") == 1
    assert shown.isascii() == (signs is ASCII)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("rate", [0.1, 9.9, 999.0, 12_345.0, 9_999_999.0])
def test_every_number_has_room(size: tuple[int, int], rate: float) -> None:
    shown = laid_out(full(rate, 999_999_999), size)
    numbers = re.findall(r"(\S*\d\S*)/s", shown)
    gone = [state for state in State if (state, NOWHERE) not in DRAWN]
    written = {0.1: "0.1", 9.9: "9.9", 999.0: "999", 12_345.0: "12k", 9_999_999.0: "9.9M"}[rate]
    twice = sum(len(arrow.moves) > 1 for arrow in ARROWS)
    assert numbers.count(written) >= len(ARROWS) - twice + len(gone)
    assert shown.count(" gone ") == len(gone)
    assert shown.count("999M ▼-999M") == len(State)


def test_the_smallest_diagram_fits_a_terminal_of_80_by_24_with_three_lines_to_explain() -> None:
    grid = fitting(80, 23 - 3)
    assert grid is not None
    assert grid.height == 17
    shown = laid_out(full(), (80, 23), State.FIN_WAIT_1).splitlines()
    assert shown[20].startswith("FIN-WAIT-1: we closed")
    assert shown[-1].endswith("Next move: the peer's kernel: it must acknowledge our FIN.")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_boxes_do_not_overlap_and_stay_inside(size: tuple[int, int]) -> None:
    grid = fitting(*size)
    assert grid is not None
    covered = [cells(grid, state) for state in State]
    assert all(not one & other for one, other in combinations(covered, 2))
    for area in covered:
        assert all(0 <= x < size[0] and 1 <= y < grid.height - 1 for x, y in area)
    for state in State:
        assert {grid.state_at(x, y) for x, y in cells(grid, state)} == {state}


def cells(grid: Grid, state: State) -> set[tuple[int, int]]:
    left, top = grid.corner(state)
    return {(left + x, top + y) for x in range(grid.box_width) for y in range(grid.box_height)}


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_each_arrow_has_its_own_way(size: tuple[int, int]) -> None:
    """Each has one head, and its rate is written once."""
    grid = fitting(*size)
    assert grid is not None
    still = "".join(text(draw(current(), State.ESTAB, grid, size[0], UNICODE)))
    assert sum(map(still.count, "◄►▼")) == len(ARROWS)
    for arrow in ARROWS:
        moving = draw(current(rates={arrow.moves[0]: 7.0}), State.ESTAB, grid, size[0], UNICODE)
        assert sum(style is styles.BOLD for line in moving for part, style in line if "7.0" in part) == 1


def test_an_arrow_without_traffic_is_dim_and_says_no_rate() -> None:
    shown = laid_out(current(), (80, 23))
    assert "/s" not in shown
    assert "connect()" in shown


def test_a_change_has_a_sign_and_no_change_has_none() -> None:
    shown = laid_out(
        current({State.ESTAB: 5, State.LISTEN: 7}, changes={State.ESTAB: -12, State.TIME_WAIT: 3_400}),
        (80, 23),
    )
    assert "5 ▼-12 " in shown
    assert "0 ▲+3,400" in shown
    assert shown.count("▲") + shown.count("▼-") == 2


def test_the_box_under_the_cursor_looks_different_without_colours() -> None:
    shown = laid_out(current(), (80, 23), State.CLOSE_WAIT)
    assert "╔═══ CLOSE-WAIT ═▼═╗" in shown
    assert shown.count("╔") == 1
    assert "#=== CLOSE-WAIT =v=#" in laid_out(current(), (80, 23), State.CLOSE_WAIT, ASCII)


def test_what_no_snapshot_shows_is_said() -> None:
    shown = laid_out(current(between=Between(200.0, 150.0, 34.0, 5.0)), (80, 23))
    assert "Lived and died between two snapshots: 234/s (TIME-WAIT 150/s, no trace 34/s)" in shown
    assert "Also: connect() failed 5.0/s" in shown
    assert "between two snapshots: none" in laid_out(current(), (80, 23))
    assert "2.0/s (TIME-WAIT 2.0/s, no counters)" in laid_out(
        current(between=Between(2.0, 2.0, None, None)), (80, 23)
    )


def test_what_has_no_arrow_is_said() -> None:
    moves: dict[tuple[int, int], float] = {
        (State.SYN_SENT, State.UNCONN): 3.0,
        (State.SYN_SENT, State.SYN_RECV): 8.0,
    }
    shown = laid_out(current(rates={**moves, (State.SYN_SENT, NOWHERE): 2.0}), (80, 23))
    assert "Also: SYN-SENT → SYN-RECV 8.0/s   SYN-SENT → UNCONN 3.0/s" in shown
    assert "gone 2.0/s" in shown


def test_every_step_of_every_life_has_an_arrow_or_is_an_end() -> None:
    for new in PLACES:
        for server in (False, True):
            way = steps(NOWHERE, new, server=server)
            assert set(way) <= DRAWN | {(NOWHERE, State.UNCONN), (NOWHERE, State.LISTEN)}


def test_unlisted_sockets_have_no_count() -> None:
    assert re.search(r"┤ +- +├", laid_out(current(unlisted=True), (80, 23)))


@pytest.mark.parametrize("size", [(77, 23), (80, 19), (40, 10), (20, 4), (5, 2), (1, 1)], ids=str)
@pytest.mark.parametrize("cursor", [State.LISTEN, State.UNCONN])
def test_a_small_window_gets_a_list_around_the_cursor(size: tuple[int, int], cursor: State) -> None:
    lines = layout(full(), cursor, *size, UNICODE)
    assert 0 < len(lines) <= size[1]
    chosen = [part for line in lines for part, style in line if style is styles.CURSOR]
    assert len(chosen) == 1
    assert chosen[0].startswith(cursor.label[: max(0, size[0] - 1)])


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_state_explains_itself(state: State, size: tuple[int, int]) -> None:
    shown = laid_out(full(), size, state)
    below = shown[shown.index(f"\n{state.label}: ") :]
    if size[1] > SIZES[0][1]:
        assert "Next move" in " ".join(below.split())


def test_the_cursor_reaches_every_box_and_goes_back() -> None:
    ways = {(1, 0), (-1, 0), (0, 1), (0, -1)}
    reached = {State.ESTAB}
    for _ in State:
        reached |= {neighbour(state, *way) for state in reached for way in ways}
    assert reached == set(IN_LIFE_ORDER)
    assert neighbour(State.FIN_WAIT_1, 1, 0) is State.CLOSING
    assert neighbour(State.CLOSING, -1, 0) is State.FIN_WAIT_1
    assert neighbour(State.SYN_SENT, 0, 1) is State.FIN_WAIT_1
    assert neighbour(State.SYN_SENT, -1, 0) is State.SYN_SENT
