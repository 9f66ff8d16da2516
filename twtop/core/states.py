"""TCP states and socket timers, numbered as the kernel numbers them.

Sources: include/net/tcp_states.h, net/ipv4/inet_diag.c (timer codes), iproute2 misc/ss.c (names).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class State(IntEnum):
    """A TCP state; its value is the kernel's number and the bit in ``idiag_states``."""

    ESTAB = 1
    SYN_SENT = 2
    SYN_RECV = 3
    FIN_WAIT_1 = 4
    FIN_WAIT_2 = 5
    TIME_WAIT = 6
    UNCONN = 7
    CLOSE_WAIT = 8
    LAST_ACK = 9
    LISTEN = 10
    CLOSING = 11

    @property
    def label(self) -> str:
        """The name as ``ss`` prints it, for example ``TIME-WAIT``."""
        return self.name.replace("_", "-")

    @property
    def bit(self) -> int:
        """The state's bit in a mask of states."""
        return 1 << self


BOUND_INACTIVE: Final = 13
"""Query-only pseudo-state: bound, neither listening nor connecting; answered as UNCONN (Linux >= 6.8)."""

ALL_STATES: Final = sum(state.bit for state in State)

IN_LIFE_ORDER: Final = (
    State.LISTEN,
    State.SYN_SENT,
    State.SYN_RECV,
    State.ESTAB,
    State.FIN_WAIT_1,
    State.FIN_WAIT_2,
    State.CLOSE_WAIT,
    State.CLOSING,
    State.LAST_ACK,
    State.TIME_WAIT,
    State.UNCONN,
)
"""All states in the order a connection meets them; the strip and the exports follow it."""


def state_label(number: int) -> str:
    """Name a state as ``ss`` does; a number this twtop does not know stays visible."""
    try:
        return State(number).label
    except ValueError:
        return f"STATE-{number}"


class Timer(IntEnum):
    """What a socket's timer waits for (``idiag_timer``)."""

    OFF = 0
    ON = 1
    KEEPALIVE = 2
    TIMEWAIT = 3
    PERSIST = 4
    DELACK = 5


def timer_label(code: int) -> str:
    """Name a timer as ``ss`` does; an unknown code stays visible."""
    try:
        return Timer(code).name.lower()
    except ValueError:
        return f"timer-{code}"
