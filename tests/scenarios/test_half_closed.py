"""Half-closed connections that wait without limit, on the real kernel."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from tests.scenarios.ward import Ward
from twtop.core.states import State
from twtop.diagnosis.doctor import LINGER_S
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rules import half_closed
from twtop.lab.host import endpoint
from twtop.lab.specimen import wait_for_state

if TYPE_CHECKING:
    import pytest

    from twtop.lab.host import Socket
    from twtop.lab.lab import Lab

RULE = "half-closed"


def half_close(lab: Lab, listener: Socket) -> tuple[Socket, Socket]:
    client = lab.client.connect(*endpoint(listener))
    server = lab.server.accept(listener)
    client.shutdown(socket.SHUT_WR)
    wait_for_state(client, State.FIN_WAIT_2)
    return client, server


def test_it_is_told_after_five_minutes_and_goes_with_keepalive_or_close(lab: Lab) -> None:
    listener = lab.server.listen()
    address, port = endpoint(listener)
    pairs = [half_close(lab, listener) for _ in range(10)]
    # An orphan has a clock, and is not meant.
    lab.pair().client.close()
    with Ward(lab.client) as ward:
        ward.look()
        ward.wait(290)
        assert RULE not in ward.rules(1)
        ward.wait(11)
        finding = ward.find(RULE)
        assert finding.severity is Severity.WARNING
        assert finding.headline.startswith(f"10 half-closed towards {address}:{port}, the oldest for 5 min")
        assert ward.selected(finding) == {"FIN-WAIT-2": 10}
        assert "orphans they end after 60 s" in finding.remedies[-1].text
        for client, _ in pairs[:9]:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        ward.look()
        # A severity is held for a moment, so that none flaps.
        ward.wait(LINGER_S + 1)
        finding = ward.find(RULE)
        assert finding.headline.startswith("1 half-closed")
        assert finding.severity is Severity.NOTE
        pairs[9][1].close()
        ward.until_gone(RULE)


def test_two_snapshots_tell_one_that_is_older_than_both(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half_closed, "_WAITED_S", 1)
    client, _ = half_close(lab, lab.server.listen())
    time.sleep(1.1)
    with Ward(lab.client) as ward:
        ward.look()
        (finding,) = ward.look()
        assert finding.rule == RULE
        client.close()
        ward.until_gone(RULE)
