"""What the first screenful says about real sockets of every state."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from twtop.core.changes import follow
from twtop.core.signature import signature
from twtop.core.signs import UNICODE
from twtop.kernel.host import read_host
from twtop.knowledge.explain import explain_state
from twtop.knowledge.facts import HostFacts
from twtop.lab.recipes import EVERY_STATE
from twtop.sources.live import LiveSource
from twtop.ui.explanation.layout import lay_out

if TYPE_CHECKING:
    from twtop.core.changes import Moment
    from twtop.core.sockets import Rows
    from twtop.lab.lab import Lab
    from twtop.lab.specimen import Specimen

LINES_AT_80_BY_24 = 7
NEEDED = {
    "listen": ("The accept queue is full", "Accept faster"),
    "syn_sent": ("SYN", "Give up earlier"),
    "syn_recv": ("", "Leave tcp_syncookies = 1"),
    "syn_recv_full": ("A full socket", "Ends"),
    "estab": ("Idle, no timer", "SO_KEEPALIVE"),
    "estab_unaccepted": ("Not yet accepted", "threads that should call accept()"),
    "estab_unacked": ("", "Ends"),
    "estab_persist": ("The peer's application does not read", "look there"),
    "estab_keepalive": ("keepalive watches the peer", "noticed after"),
    "estab_mapped": ("Idle, no timer", "SO_KEEPALIVE"),
    "estab_with_itself": ("Idle, no timer", "SO_KEEPALIVE"),
    "fin_wait_1": ("Our FIN is unanswered", "look for loss"),
    "fin_wait_1_owned": ("Our application still holds it", "look for loss"),
    "fin_wait_1_persist": ("ours has already left", "a send timeout in the application"),
    "fin_wait_2": ("Orphan: the peer's application has not closed", "gone after 60 s"),
    "fin_wait_2_owned": ("without any limit", "then close()"),
    "fin_wait_2_two_phase": ("Orphan, still a full socket", "Look at the peer"),
    "close_wait": ("forgot close()", "Fix the application"),
    "close_wait_unread": ("not even read EOF", "Find the owner"),
    "last_ack": ("", "By the ACK"),
    "closing": ("", "By the ACK"),
    "time_wait": ("holds one local port", "Keep connections"),
    "time_wait_on_server": ("no port used up", "nothing, while the number stays far below"),
    "time_wait_on_both": ("no port used up", "Let the other side close first"),
    "time_wait_restarting": ("holds one local port", "Keep connections"),
    "bound_inactive": ("the port is held", "Find the owner"),
}
"""Per recipe what the row means and what to do; empty where it depends on how long the test took."""


def rows_of(made: Specimen) -> tuple[Moment, Rows]:
    """Read the namespace until the specimen is there: lost packets are repeated in the kernel's own time."""
    with made.host.entered(), LiveSource() as source:
        for _ in range(100):
            now = follow(None, source.take())
            sockets = now.snapshot.sockets
            ports = (sockets.local_port == made.local[1]) & (sockets.remote_port == made.remote[1])
            rows = np.flatnonzero(ports & (sockets.state == made.state))
            if len(rows):
                return now, rows
            time.sleep(0.05)
    pytest.skip(f"this kernel does not list {made.state.label} here")


@pytest.mark.parametrize("name", [name for name in EVERY_STATE if name.endswith("v4")])
def test_the_first_lines_say_what_the_row_means_and_what_to_do(lab: Lab, name: str) -> None:
    made = EVERY_STATE[name](lab)
    now, rows = rows_of(made)
    sysctls = now.snapshot.sysctls
    facts = HostFacts(sysctls, sysctls.unreadable, read_host().kernel)
    page = lay_out(explain_state(made.state, facts, signature(now, rows)), 80, UNICODE)
    first = ["".join(piece.text for piece in line) for line in page.lines[:LINES_AT_80_BY_24]]
    assert first[0].startswith("This socket  ")
    said = " ".join(" ".join(first).split())
    for words in NEEDED[name.partition("/")[0]]:
        assert words in said
