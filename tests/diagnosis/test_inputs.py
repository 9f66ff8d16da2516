"""Whether a snapshot has what a rule looks at, and the reason where it has not."""

from __future__ import annotations

import pytest

from twtop.core.counters import Counters
from twtop.core.snapshot import snapshot
from twtop.core.sockets import Sockets
from twtop.core.sysctls import Sysctls
from twtop.diagnosis.inputs import missing

TAKEN = snapshot(
    Sockets.empty(),
    sysctls=Sysctls({"net.ipv4.tcp_mem": "1 2 3"}, {"net.ipv4.tcp_tw_reuse": "permission denied"}),
    counters=Counters({"sockstat.TCP.mem": 4}),
)


def test_what_is_there_is_not_missing() -> None:
    inputs = ("sockets", "ports", "configured", "sockstat.TCP.mem", "net.ipv4.tcp_mem")
    assert missing(inputs, TAKEN) == ()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("TcpExt.PAWSTimewait", "not a counter of this kernel, or not readable"),
        ("sockstat6.TCP6.inuse", "not a counter of this kernel, or not readable"),
        ("net.ipv4.tcp_max_orphans", "not in this kernel, or not visible in this namespace"),
        ("net.ipv4.tcp_tw_reuse", "permission denied"),
    ],
)
def test_what_is_missing_has_its_reason(name: str, reason: str) -> None:
    assert missing(("sockets", name), TAKEN) == (f"{name}: {reason}",)


def test_only_netlink_tells_the_limits_of_accept_queues() -> None:
    assert missing(("sockets", "backlogs"), TAKEN) == ()
    from_proc = snapshot(Sockets.empty(), exact_cookies=False)
    reason = "the limit of an accept queue is told over netlink only"
    assert missing(("sockets", "backlogs"), from_proc) == (f"backlogs: {reason}",)
