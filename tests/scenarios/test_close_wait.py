"""CLOSE-WAIT leaks on the real kernel."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.scenarios.ward import Ward
from twtop.core.states import State
from twtop.diagnosis.close_waits import LINGERING_S
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rules import close_wait
from twtop.lab.host import endpoint
from twtop.lab.specimen import fill, wait_for_state

if TYPE_CHECKING:
    import pytest

    from twtop.lab.host import Socket
    from twtop.lab.lab import Lab

RULE = "close-wait-leak"


def leak(lab: Lab, listener: Socket) -> Socket:
    """Let the server read the end of a connection and forget to close it."""
    client = lab.client.connect(*endpoint(listener))
    server = lab.server.accept(listener)
    client.close()
    assert server.recv(1) == b""
    return server


def test_a_growing_leak_is_found_and_ends_with_close(lab: Lab) -> None:
    listener = lab.server.listen()
    port = endpoint(listener)[1]
    leaked = []
    with Ward(lab.server) as ward:
        ward.look()
        for _ in range(3):
            assert RULE not in {found.rule for found in ward.look()}
            leaked.append(leak(lab, listener))
            ward.look()
            ward.wait(LINGERING_S)
        finding = ward.find(RULE)
        assert finding.headline == f"3 CLOSE-WAIT on port {port}, growing"
        assert finding.severity is Severity.WARNING
        assert finding.evidence[0].startswith("3 end of file read, close() missing")
        assert ward.selected(finding) == {"CLOSE-WAIT": 3}
        assert finding.remedies[0].text.startswith("Call close()")
        for end in leaked:
            end.close()
        ward.until_gone(RULE)


def test_one_that_stays_is_found_without_growth(lab: Lab) -> None:
    pair = lab.pair()
    pair.client.close()
    with Ward(lab.server) as ward:
        assert ward.rules(2) == set()
        ward.wait(60)
        finding = ward.find(RULE)
        assert finding.severity is Severity.NOTE
        assert finding.evidence[0] == "1 end of file not read (Recv-Q 1 or more)"
        assert len(finding.remedies) == 2


def test_two_snapshots_tell_one_that_is_older_than_both(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(close_wait, "_LEAKED_S", 1)
    end = leak(lab, lab.server.listen())
    closed_s = time.monotonic()
    time.sleep(1.1)
    with Ward(lab.server) as ward:
        ward.look()
        (finding,) = ward.look()
        assert ward.frame is not None
        moment = ward.frame.moment
        assert finding.headline.endswith(f", the oldest for {finding.evidence[-1].split()[3]} s")
        oldest_s = float(finding.evidence[-1].split()[3])
        assert float(moment.known_s.max()) < oldest_s
        assert 1 <= oldest_s <= moment.snapshot.instant_s - closed_s + 0.2
        end.close()
        ward.until_gone(RULE)


def test_a_pool_that_keeps_what_the_server_closed_is_one_finding(lab: Lab) -> None:
    listener = lab.server.listen()
    clients = [lab.client.connect(*endpoint(listener)) for _ in range(12)]
    for client in clients:
        lab.server.accept(listener).close()
        wait_for_state(client, State.CLOSE_WAIT)
    address, port = endpoint(listener)
    with Ward(lab.client) as ward:
        ward.look()
        ward.wait(60)
        finding = ward.find(RULE)
        assert finding.subject == f"{address}:{port}"
        assert finding.severity is Severity.WARNING
        assert ward.selected(finding) == {"CLOSE-WAIT": 12}
        assert [found.rule for found in ward.look()] == [RULE]
        for client in clients:
            client.close()
        ward.until_gone(RULE)


def test_who_gave_up_before_accept_is_told_as_such(lab: Lab) -> None:
    listener = lab.server.listen()
    lab.client.connect(*endpoint(listener)).close()
    with Ward(lab.server) as ward:
        ward.look()
        ward.wait(60)
        finding = ward.find(RULE)
        assert finding.evidence[0].startswith("1 not even accepted")
        assert finding.remedies[0].text.startswith("Let it accept() again")
        lab.server.accept(listener).close()
        ward.until_gone(RULE)


def test_what_is_still_being_sent_is_no_leak(lab: Lab) -> None:
    pair = lab.pair()
    fill(pair.server)
    pair.client.shutdown(1)
    wait_for_state(pair.server, State.CLOSE_WAIT)
    with Ward(lab.server) as ward:
        ward.look()
        ward.wait(60)
        assert RULE not in ward.rules(2)
