"""The firewall's table: entries of the real kernel against a recorded limit, which only the machine has."""

from __future__ import annotations

import socket
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from tests.diagnosis.records import findings_in
from tests.knowledge.hosts import DEFAULTS
from tests.scenarios.ward import Ward
from twtop.core.snapshot import snapshot
from twtop.core.sockets import Sockets
from twtop.core.sysctls import Sysctls
from twtop.diagnosis.finding import Severity

if TYPE_CHECKING:
    from twtop.core.snapshot import Snapshot
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

PREFIX: Final = "net.netfilter.nf_conntrack_"
COUNT, MOST = f"{PREFIX}count", f"{PREFIX}max"

NETLINK_NETFILTER: Final = 12
# include/uapi/linux/netfilter/nfnetlink.h, nf_tables.h
BATCH_BEGIN, BATCH_END = 0x10, 0x11
NEW_TABLE, NEW_CHAIN, NEW_RULE = 0x0A00, 0x0A03, 0x0A06
REQUEST, ACK, CREATE, APPEND = 0x1, 0x4, 0x400, 0x800
NESTED: Final = 0x8000
AF_INET: Final = 2


def attribute(kind: int, payload: bytes) -> bytes:
    size = 4 + len(payload)
    return struct.pack("=HH", size, kind) + payload + bytes(-size % 4)


def nested(kind: int, *parts: bytes) -> bytes:
    return attribute(kind | NESTED, b"".join(parts))


def message(kind: int, flags: int, family: int, resource: int, body: bytes = b"") -> bytes:
    payload = struct.pack("=BBH", family, 0, socket.htons(resource)) + body
    return struct.pack("=IHHII", 16 + len(payload), kind, flags | REQUEST, 0, 0) + payload


def track(host: Host) -> None:
    """Let a host track the connections that reach it: what ``nft add rule ... ct state new`` makes."""
    number = struct.Struct(">I").pack
    hook = nested(4, attribute(1, number(1)), attribute(2, number(0)))
    state = nested(1, attribute(1, b"ct\0"), nested(2, attribute(1, number(1)), attribute(2, number(0))))
    names = attribute(1, b"lab\0"), attribute(2, b"in\0")
    chain = names[0] + attribute(3, b"in\0") + hook + attribute(7, b"filter\0")
    batch = (
        message(BATCH_BEGIN, 0, 0, 10),
        message(NEW_TABLE, ACK | CREATE, AF_INET, 0, names[0]),
        message(NEW_CHAIN, ACK | CREATE, AF_INET, 0, chain),
        message(NEW_RULE, ACK | CREATE | APPEND, AF_INET, 0, b"".join(names) + nested(4, state)),
        message(BATCH_END, 0, 0, 10),
    )
    try:
        with host.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as netlink:
            netlink.send(b"".join(batch))
            answers = [netlink.recv(4096) for _ in range(3)]
    except OSError as error:
        pytest.skip(f"connection tracking cannot be switched on: {error}")
    if any(struct.unpack_from("=i", answer, 16)[0] for answer in answers):
        pytest.skip("this kernel refuses a table of nf_tables with connection tracking")


def test_recorded_limit_with_entries_of_the_real_kernel(lab: Lab) -> None:
    track(lab.server)
    pairs = [lab.pair() for _ in range(9)]
    with Ward(lab.server) as ward:
        assert "conntrack-full" not in ward.rules(1)
        assert ward.frame is not None
        taken = ward.frame.moment.snapshot
    assert taken.sysctls[COUNT] == "9"
    found = findings_in(limited(taken, 10))
    assert found["conntrack-full"].headline == "9 of 10 conntrack entries in use"
    assert found["conntrack-full"].severity is Severity.WARNING
    assert found["conntrack-full"].evidence[0].startswith("9 TCP sockets here; ")
    assert findings_in(limited(taken, 9))["conntrack-full"].severity is Severity.CRITICAL
    assert "conntrack-full" not in findings_in(limited(taken, 12))
    assert pairs


def limited(taken: Snapshot, most: int) -> Snapshot:
    return replace(taken, sysctls=Sysctls({**taken.sysctls, MOST: str(most)}))


def recorded(count: str, most: str = "262144", **others: str) -> Snapshot:
    values = {PREFIX + name: value for name, value in others.items()}
    return snapshot(Sockets.empty(), sysctls=Sysctls(DEFAULTS | {COUNT: count, MOST: most} | values))


def test_recorded_full_table_says_that_connections_are_dropped() -> None:
    finding = findings_in(recorded("262144", buckets="65536", tcp_timeout_established="432000"))[
        "conntrack-full"
    ]
    assert finding.headline == "262,144 of 262,144 conntrack entries in use: new connections are dropped"
    assert finding.commands == (
        f"sysctl -w {MOST}=524288",
        f"sysctl -w {PREFIX}buckets=524288",
        f"sysctl -w {PREFIX}tcp_timeout_established=86400",
    )
    assert "after a day instead of 432000 s" in finding.remedies[2].text


def test_recorded_remedies_that_are_in_force_are_not_offered() -> None:
    finding = findings_in(recorded("250000", tcp_timeout_established="3600"))["conntrack-full"]
    assert finding.commands == (f"sysctl -w {MOST}=524288",)


@pytest.mark.parametrize("count", ["209715", "many", "0"])
def test_recorded_tables_below_four_fifths_are_nothing(count: str) -> None:
    assert "conntrack-full" not in findings_in(recorded(count))
