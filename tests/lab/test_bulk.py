from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually, states
from twtop.errors import UsageError
from twtop.lab import bulk

if TYPE_CHECKING:
    from twtop.lab.lab import Lab


def test_time_waits(lab: Lab) -> None:
    bulk.time_waits(lab.client, 3000)
    assert states(lab.client) == {"TIME-WAIT": 3000, "LISTEN": 1}
    assert states(lab.server) == {}


def test_time_waits_spread_over_listeners_before_connect_gets_slow(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 41999")
    bulk.time_waits(lab.client, 2500)
    assert states(lab.client) == {"TIME-WAIT": 2500, "LISTEN": 3}


def test_time_waits_at_server(lab: Lab) -> None:
    bulk.time_waits_at_server(lab, 2000)
    eventually(lambda: states(lab.server), {"TIME-WAIT": 2000, "LISTEN": 1})
    assert states(lab.client) == {}


def test_alternating(lab: Lab) -> None:
    bulk.alternating(lab.server, 4000)
    eventually(lambda: states(lab.server), {"FIN-WAIT-2": 2000, "CLOSE-WAIT": 2000, "LISTEN": 1})


def test_half_open(lab: Lab) -> None:
    bulk.half_open(lab, 100)
    assert states(lab.server) == {"SYN-RECV": 100, "LISTEN": 1}


def test_too_many_are_refused(lab: Lab) -> None:
    with pytest.raises(UsageError, match="cannot make 500001 sockets at once: the most is 500000"):
        bulk.time_waits(lab.client, bulk.MOST + 1)
    with pytest.raises(UsageError, match="cannot leave 200001 sockets at one port: the most is 200000"):
        bulk.time_waits_at_server(lab, 200_001)
    with pytest.raises(UsageError, match="cannot send 60000 SYNs"):
        bulk.half_open(lab, 60_000)
