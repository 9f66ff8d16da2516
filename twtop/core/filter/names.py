"""Names of states and groups of states, as ``ss`` spells them and as people do.

Source: iproute2 6.1 misc/ss.c (scan_state), ss(8) STATE-FILTER.
"""

from __future__ import annotations

from typing import Final

from twtop.core.states import ALL_STATES, State

SS_NAMES: Final[dict[State, str]] = {
    State.ESTAB: "established",
    State.SYN_SENT: "syn-sent",
    State.SYN_RECV: "syn-recv",
    State.FIN_WAIT_1: "fin-wait-1",
    State.FIN_WAIT_2: "fin-wait-2",
    State.TIME_WAIT: "time-wait",
    State.UNCONN: "closed",
    State.CLOSE_WAIT: "close-wait",
    State.LAST_ACK: "last-ack",
    State.LISTEN: "listening",
    State.CLOSING: "closing",
}
"""The spelling that every version of ``ss`` accepts."""

_UNCONNECTED: Final = State.UNCONN.bit | State.LISTEN.bit
_MINI_SOCKETS: Final = State.SYN_RECV.bit | State.TIME_WAIT.bit

GROUPS: Final[dict[str, int]] = {
    "all": ALL_STATES,
    "connected": ALL_STATES & ~_UNCONNECTED,
    "synchronized": ALL_STATES & ~_UNCONNECTED & ~State.SYN_SENT.bit,
    "bucket": _MINI_SOCKETS,
    "big": ALL_STATES & ~_MINI_SOCKETS,
}
"""Bits of the states in each group."""

_ALIASES: Final[dict[str, State]] = {
    "estab": State.ESTAB,
    "syn-rcv": State.SYN_RECV,
    "syn-received": State.SYN_RECV,
    "listen": State.LISTEN,
    "close": State.UNCONN,
    "unconn": State.UNCONN,
    "unconnected": State.UNCONN,
    "bound-inactive": State.UNCONN,
}

_BITS: Final[dict[str, int]] = {
    **{name: state.bit for state, name in SS_NAMES.items()},
    **{name: state.bit for name, state in _ALIASES.items()},
    **GROUPS,
}

STATE_WORDS: Final = tuple(_BITS)
"""Every name a state or a group has, in lower case with hyphens."""

_BITS_BY_LETTERS: Final = {name.replace("-", ""): bits for name, bits in _BITS.items()}


def state_bits(word: str) -> int | None:
    """Return the bits of a state or group by any of its names; case, ``-`` and ``_`` do not matter."""
    return _BITS_BY_LETTERS.get(word.lower().replace("-", "").replace("_", ""))
