from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually, states
from twtop.lab import limits

if TYPE_CHECKING:
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab


def counter(host: Host, name: str) -> int:
    return int(host.run(["nstat", "-asz", name]).stdout.split()[-2])


def test_ports_run_out(lab: Lab) -> None:
    made = limits.exhaust_ports(lab, 10)
    assert sorted(client.getsockname()[1] for client in made) == list(range(40_000, 40_010))


def test_explicitly_bound_port_is_lost_to_others(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", f"{limits.FIRST_PORT} {limits.FIRST_PORT + 9}")
    lost = limits.bind_then_connect(lab).getsockname()[1]
    with pytest.raises(OSError, match="Cannot assign requested address"):
        limits.exhaust_ports(lab, 10)
    lines = lab.client.run(["ss", "-tanH", f"sport = :{lost}"]).stdout.splitlines()
    assert len(lines) == 1


def test_accept_queue_overflows(lab: Lab) -> None:
    limits.overflow_accept_queue(lab, refused=3)
    assert states(lab.client) == {"ESTAB": 3, "SYN-SENT": 3}
    assert counter(lab.server, "TcpExtListenOverflows") >= 3


def test_time_waits_overflow(lab: Lab) -> None:
    limits.overflow_time_waits(lab, buckets=3)
    eventually(lambda: states(lab.client), {"TIME-WAIT": 3})
    assert counter(lab.client, "TcpExtTCPTimeWaitOverflow") == 3
