"""What a socket waits for, in words: its timer, how often it tried, and when it gives up.

A program may have set limits of its own (TCP_USER_TIMEOUT, TCP_SYNCNT, TCP_KEEPIDLE ...), which the kernel
does not tell. Source: net/ipv4/inet_diag.c (inet_sk_diag_fill), net/ipv4/tcp_timer.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.details.units import duration_words
from twtop.core.lifetimes import orphan_life, shut_orphan_life, syn_recv_life, syn_sent_life, unacked_life
from twtop.core.sockets import Sockets
from twtop.core.states import State, Timer, timer_label
from twtop.core.timers import in_first_phase, time_left_ms

if TYPE_CHECKING:
    from twtop.core.details.details import Details
    from twtop.core.sysctls import Sysctls

_CLOSING: Final = (State.FIN_WAIT_1, State.CLOSING, State.LAST_ACK)
_WITHOUT_LIMIT: Final[dict[int, str]] = {
    State.LISTEN: "none: it waits for connections",
    State.UNCONN: "none: it waits for the program",
    State.CLOSE_WAIT: "none: it waits for the program to close, without limit",
    State.FIN_WAIT_2: "none: it waits for the peer to close, without limit",
}


def timer_words(told: Details, sysctls: Sysctls) -> str:
    """Say what the timer is for, when it fires, and what ends the trying."""
    timer, state = told.number("timer"), told.number("state")
    when = _in(told.number("expires_ms"))
    match timer:
        case Timer.OFF:
            return _WITHOUT_LIMIT.get(state, "none")
        case Timer.ON:
            return _retransmission(told, sysctls, when)
        case Timer.KEEPALIVE:
            return _keepalive(told, sysctls, when)
        case Timer.TIMEWAIT:
            return f"gone {when}" + (
                ", or when the peer closes: then TIME-WAIT" if state == State.FIN_WAIT_2 else ""
            )
        case Timer.PERSIST:
            return _zero_window(told, sysctls, when)
        case Timer.DELACK:
            return f"delayed ACK {when}"
    return f"{timer_label(timer)}, which this twtop does not know, {when}"


def _retransmission(told: Details, sysctls: Sysctls, when: str) -> str:
    state, tries = told.number("state"), told.number("tries")
    orphan = not told.number("inode")
    if state == State.SYN_SENT:
        what, life, limit = "SYN again", syn_sent_life(sysctls), "tcp_syn_retries"
    elif state == State.SYN_RECV:
        what, life, limit = "SYN-ACK again", syn_recv_life(sysctls), "tcp_synack_retries"
    elif orphan and state in _CLOSING:
        what, life, limit = "retransmission", orphan_life(sysctls), "tcp_orphan_retries"
    else:
        what, life, limit = "retransmission", unacked_life(sysctls), "tcp_retries2"
    if not tries:
        # Nothing was repeated yet: it may as well be the probe for a lost tail, or the one for reordering.
        return f"{what} {when} unless an ACK comes first"
    gives_up = f"gives up about {duration_words(round(life * 1e6))} after the first one ({limit})"
    return f"{what} {when}, {_nth(tries + 1)} try; {gives_up}"


def _keepalive(told: Details, sysctls: Sysctls, when: str) -> str:
    one = Sockets.of(
        {
            name: np.array([told.number(name)], dtype)
            for name, dtype in (("state", np.uint8), ("timer", np.uint8), ("inode", np.uint32))
        }
        | {"expires_ms": np.array([told.number("expires_ms")], np.uint32)}
    )
    if in_first_phase(one)[0]:
        whole = duration_words(1000 * int(time_left_ms(one, sysctls.fin_timeout_s)[0]))
        return f"first of two phases ends {when}; gone in about {whole} (tcp_fin_timeout, unless TCP_LINGER2)"
    probes = told.number("tries")
    most = sysctls.number("net.ipv4.tcp_keepalive_probes") or 9
    unanswered = f", {probes} unanswered" if probes else ""
    return f"keepalive probe {when}{unanswered}; gives up after {most} without answer (tcp_keepalive_probes)"


def _zero_window(told: Details, sysctls: Sysctls, when: str) -> str:
    probes = told.number("tries")
    tried = f", {probes} unanswered" if probes else ""
    if told.number("inode"):
        ends = "goes on as long as the peer answers"
    else:
        ends = f"an orphan: gone within about {duration_words(round(shut_orphan_life(sysctls) * 1e6))}"
    return f"zero-window probe {when}{tried}; {ends}"


def _in(milliseconds: int) -> str:
    return f"in {duration_words(1000 * milliseconds)}" if milliseconds else "any moment"


def _nth(number: int) -> str:
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"
