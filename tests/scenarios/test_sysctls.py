"""Settings that do what nobody expects, on the real kernel."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually, states
from tests.scenarios.ward import Ward
from twtop.core.states import State
from twtop.diagnosis.finding import Severity
from twtop.lab.specimen import wait_for_state

if TYPE_CHECKING:
    from twtop.lab.lab import Lab

FIN_TIMEOUT = "net.ipv4.tcp_fin_timeout"


@pytest.mark.parametrize(
    ("seconds", "life", "severity"),
    [(61, "2 s", Severity.WARNING), (75, "30 s", Severity.WARNING), (90, "60 s", Severity.NOTE)],
)
def test_fin_timeout_in_its_trap(lab: Lab, seconds: int, life: str, severity: Severity) -> None:
    lab.client.sysctl(FIN_TIMEOUT, seconds)
    pair = lab.pair()
    # The first phase of this one lasts, whatever the setting, for the minute that the test may take.
    pair.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 120)
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)
    eventually(lambda: states(lab.client)["FIN-WAIT-2"], 1)
    with Ward(lab.client) as ward:
        finding = ward.find("fin-timeout-above-60")
        assert finding.headline.startswith(f"tcp_fin_timeout {seconds}: FIN-WAIT-2 orphans live {life}, ")
        assert finding.severity is severity
        assert finding.evidence[1] == "now 1 FIN-WAIT-2 without owner are full sockets, 0 are minis"
        assert ward.selected(finding) == {"FIN-WAIT-2": 1}
        ward.apply(finding.remedies[0])
        ward.until_gone("fin-timeout-above-60")


def test_the_default_is_no_finding(lab: Lab) -> None:
    lab.client.sysctl(FIN_TIMEOUT, 60)
    with Ward(lab.client) as ward:
        assert ward.rules(1) == set()
