from __future__ import annotations

import pytest

from twtop.core.states import (
    ALL_STATES,
    BOUND_INACTIVE,
    IN_LIFE_ORDER,
    State,
    Timer,
    state_label,
    timer_label,
)

SS_NAMES = [
    "ESTAB",
    "SYN-SENT",
    "SYN-RECV",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "UNCONN",
    "CLOSE-WAIT",
    "LAST-ACK",
    "LISTEN",
    "CLOSING",
]


def test_states_have_the_numbers_of_the_kernel_and_the_names_of_ss() -> None:
    assert [state_label(number) for number in range(1, 12)] == SS_NAMES
    assert [state.label for state in State] == SS_NAMES


def test_masks() -> None:
    assert ALL_STATES == 0xFFE
    assert State.TIME_WAIT.bit == 0x40
    assert not ALL_STATES >> BOUND_INACTIVE & 1


def test_every_state_has_a_place_in_the_order_of_a_life() -> None:
    assert sorted(IN_LIFE_ORDER) == sorted(State)


def test_timers_have_the_names_of_ss() -> None:
    assert [timer_label(code) for code in Timer] == [
        "off",
        "on",
        "keepalive",
        "timewait",
        "persist",
        "delack",
    ]


@pytest.mark.parametrize("number", [0, 12, 13, 255])
def test_what_nobody_knows_stays_visible(number: int) -> None:
    assert state_label(number) == f"STATE-{number}"
    assert timer_label(number + 6) == f"timer-{number + 6}"
