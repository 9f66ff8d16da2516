"""What one row means: kernel behaviour as seen in inode, timer, retransmissions and queues."""

from typing import Any

import pytest

from tests.knowledge.hosts import host
from twtop.core.signature import RowSignature
from twtop.core.states import State, Timer
from twtop.knowledge.explain import explain_state
from twtop.knowledge.explanation import Section

OFF, ON, KEEPALIVE, TIMEWAIT, PERSIST = (
    frozenset({timer}) for timer in (Timer.OFF, Timer.ON, Timer.KEEPALIVE, Timer.TIMEWAIT, Timer.PERSIST)
)

SEEN: list[tuple[State, dict[str, Any], str]] = [
    (State.ESTAB, {"timers": OFF}, "Not yet accepted"),
    (State.ESTAB, {"timers": OFF, "rqueue": 90_000}, "Not yet accepted"),
    (
        State.ESTAB,
        {"inode": "nonzero", "timers": ON, "max_retrans": 3, "wqueue": 1},
        "Path or peer host dead",
    ),
    (State.ESTAB, {"inode": "nonzero", "timers": ON, "max_retrans": 1, "wqueue": 1}, "Data in flight"),
    (
        State.ESTAB,
        {"inode": "nonzero", "timers": PERSIST, "wqueue": 33_624},
        "peer's application does not read",
    ),
    (State.ESTAB, {"inode": "nonzero", "timers": OFF, "rqueue": 127_480}, "Our application does not read"),
    (State.ESTAB, {"inode": "nonzero", "timers": OFF}, "Idle, no timer"),
    (State.SYN_RECV, {"timers": ON}, "young handshake, or TCP_DEFER_ACCEPT"),
    (State.SYN_RECV, {"timers": ON, "max_retrans": 2}, "SYN flood, lost packets, or a full accept queue"),
    (State.SYN_RECV, {"inode": "nonzero", "timers": ON}, "A full socket"),
    (State.SYN_SENT, {"inode": "nonzero", "timers": ON, "max_retrans": 1, "wqueue": 1}, "SYN unanswered"),
    (State.FIN_WAIT_1, {"timers": ON, "wqueue": 1}, "FIN is unanswered"),
    (State.FIN_WAIT_1, {"timers": PERSIST, "wqueue": 33_000}, "ours has already left"),
    (State.FIN_WAIT_1, {"inode": "nonzero", "timers": ON, "wqueue": 1}, "still holds it"),
    (State.FIN_WAIT_2, {"timers": TIMEWAIT}, "Orphan: the peer's application has not closed"),
    (State.FIN_WAIT_2, {"inode": "nonzero", "timers": OFF}, "half-closed (shutdown) and waits"),
    (State.FIN_WAIT_2, {"inode": "nonzero", "timers": OFF, "rqueue": 5}, "half-closed (shutdown) and waits"),
    (State.CLOSING, {"timers": ON, "max_retrans": 3, "wqueue": 1}, "our packets get lost"),
    (State.CLOSE_WAIT, {"inode": "nonzero", "timers": OFF}, "forgot close()"),
    (State.CLOSE_WAIT, {"inode": "nonzero", "timers": OFF, "rqueue": 1}, "not even read EOF"),
    (State.CLOSE_WAIT, {"inode": "nonzero", "timers": ON, "wqueue": 9}, "Still sending"),
    (State.CLOSE_WAIT, {"inode": "nonzero", "timers": PERSIST, "wqueue": 9}, "Still sending"),
    (State.CLOSE_WAIT, {"timers": OFF, "rqueue": 1}, "gave up before our application called accept()"),
    (State.LAST_ACK, {"timers": ON, "max_retrans": 2, "wqueue": 1}, "Peer gone, or our packets get lost"),
    (State.TIME_WAIT, {"timers": TIMEWAIT, "restarted": True}, "the peer repeats its FIN"),
    (State.TIME_WAIT, {"timers": TIMEWAIT, "role": "client"}, "holds one local port"),
    (State.TIME_WAIT, {"timers": TIMEWAIT, "role": "server"}, "no port used up"),
    (State.LISTEN, {"inode": "nonzero", "timers": OFF, "rqueue": 3, "wqueue": 2}, "accept queue is full"),
    (State.LISTEN, {"inode": "nonzero", "timers": OFF, "rqueue": 2, "wqueue": 2}, "wait for accept()"),
    (State.LISTEN, {"inode": "nonzero", "timers": OFF, "wqueue": 2}, "Nothing waits"),
    (State.UNCONN, {"inode": "nonzero", "timers": OFF}, "the port is held"),
]


def meaning(state: State, changed: dict[str, str] | None = None, **facts: Any) -> Section:
    return explain_state(state, host(changed), RowSignature(**facts)).sections[0]


@pytest.mark.parametrize(("state", "facts", "expected"), SEEN)
def test_a_socket_is_told_from_others_in_its_state(
    state: State, facts: dict[str, Any], expected: str
) -> None:
    section = meaning(state, **facts)
    assert section.heading == "This socket"
    assert expected in section.lines[0]


def test_an_orphan_in_its_first_phase_has_the_second_before_it() -> None:
    section = meaning(State.FIN_WAIT_2, {"tcp_fin_timeout": "90"}, timers=KEEPALIVE)
    assert section.lines == ("Orphan, first phase: the peer has not closed. Then 30 s more as timewait.",)


def test_an_orphan_with_keepalive_timer_has_no_second_phase_below_a_minute() -> None:
    section = meaning(State.FIN_WAIT_2, {"tcp_fin_timeout": "60"}, timers=KEEPALIVE)
    assert section.lines == (
        "Orphan, still a full socket: the peer has not closed. Gone when the time left is 0.",
    )


@pytest.mark.parametrize("state", State)
def test_every_row_means_something(state: State) -> None:
    for inode in ("zero", "nonzero", "mixed"):
        for timers in (OFF, ON, KEEPALIVE, TIMEWAIT, PERSIST, frozenset({5}), frozenset({99}), OFF | ON):
            for queue in (0, 1, 100_000):
                assert meaning(state, inode=inode, timers=timers, rqueue=queue, wqueue=queue).lines


def test_a_group_of_one_kind_means_one_thing() -> None:
    section = meaning(State.FIN_WAIT_2, inode="nonzero", timers=OFF, count=300)
    assert section.heading == "These sockets"
    assert len(section.lines) == 1


def test_a_group_is_known_by_its_largest_value_only() -> None:
    section = meaning(State.CLOSE_WAIT, inode="nonzero", timers=OFF, rqueue=1, count=300)
    assert section.heading == "At least one of these"


def test_a_group_of_several_kinds_may_mean_several_things() -> None:
    section = meaning(State.FIN_WAIT_2, inode="mixed", timers=OFF | TIMEWAIT, count=300)
    assert section.heading == "Among these, perhaps"
    assert len(section.lines) == 2


def test_both_roles_of_time_wait_are_told() -> None:
    section = meaning(State.TIME_WAIT, timers=TIMEWAIT, role="mixed", count=300)
    assert section.heading == "Among these"
    assert len(section.lines) == 2


def test_without_a_row_the_page_starts_with_the_reason() -> None:
    assert explain_state(State.TIME_WAIT, host()).sections[0].heading == "Why"
