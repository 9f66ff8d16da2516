from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, datetime
from socket import SHUT_WR
from typing import TYPE_CHECKING, Any

import pytest

from tests.export.oracle import endpoints, snapshot, ss, twtop
from twtop.core.states import IN_LIFE_ORDER, State
from twtop.kernel.sockdiag.dumps import SockDiag, kernel_lists_bound_inactive
from twtop.lab.recipes import EVERY_STATE
from twtop.lab.specimen import wait_for_state

if TYPE_CHECKING:
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

MEMBERS = [
    "schema",
    "host",
    "time",
    "filter",
    "by",
    "states",
    "time_wait_ms",
    "groups",
    "ports",
    "sysctls",
    "sysctls_unreadable",
    "degraded",
    "owners_lack",
]


def nobody(family: str) -> dict[str, Any]:
    """What is written where there is no peer."""
    return {"address": {"inet": "0.0.0.0", "inet6": "::"}[family], "port": 0}  # noqa: S104 - not bound


def hosts(lab: Lab) -> tuple[Host, Host]:
    return lab.client, lab.server


@pytest.mark.parametrize("side", [0, 1], ids=["client", "server"])
def test_every_socket_is_as_ss_shows_it(every_state: Lab, side: int) -> None:
    host, peer = hosts(every_state)[side], hosts(every_state)[1 - side]
    # Whose peer repeats its FIN starts the time again.
    restarting = {(remote, local) for (local, remote), row in ss(peer).items() if row.state == "LAST-ACK"}
    before = ss(host)
    shown = {
        endpoints(socket): socket
        for socket in snapshot(host, "--sockets")["sockets"]
        if socket["state"] != "UNCONN"
    }
    after = ss(host)
    assert shown.keys() == before.keys() == after.keys()
    steady = [key for key in shown if before[key][:4] == after[key][:4]]
    assert {before[key].state for key in steady} >= {"ESTAB", "TIME-WAIT", "SYN-RECV"}
    for key in steady:
        expected, socket = before[key], shown[key]
        timer = socket["timer"] or {"kind": None, "remaining_ms": None}
        assert (
            socket["state"],
            socket["rqueue"],
            socket["wqueue"],
            timer["kind"],
            socket["inode"] or 0,
            socket["uid"] or 0,
            socket["cookie"],
        ) == (
            expected.state,
            expected.rqueue,
            expected.wqueue,
            expected.timer,
            expected.inode,
            expected.uid,
            expected.cookie,
        ), key
        assert (socket["family"] == "inet6") == key[0].startswith("["), key
        # The other timers only run down; retransmissions may start again.
        if timer["kind"] in ("timewait", "keepalive") and key not in restarting:
            latest = expected.remaining_ms + expected.precision_ms
            assert after[key].remaining_ms <= timer["remaining_ms"] <= latest, key
            assert timer["retrans"] == expected.retrans, key


@pytest.mark.parametrize("side", [0, 1], ids=["client", "server"])
def test_what_is_unknown_is_null(every_state: Lab, side: int) -> None:
    for socket in snapshot(hosts(every_state)[side], "--sockets")["sockets"]:
        assert socket["inode"] != 0
        if socket["state"] in ("TIME-WAIT", "SYN-RECV") and socket["inode"] is None:
            assert socket["uid"] is None
        if socket["state"] == "LISTEN":
            assert socket["uid"] == os.geteuid()
            assert socket["remote"] == nobody(socket["family"])
            assert (socket["role"], socket["time_left_ms"]) == ("server", None)
        if socket["timer"] is None or socket["timer"]["kind"] != "timewait":
            assert socket["time_left_ms"] is None or socket["state"] == "FIN-WAIT-2"
        else:
            assert socket["time_left_ms"] == socket["timer"]["remaining_ms"]


@pytest.mark.parametrize("side", [0, 1], ids=["client", "server"])
def test_states_and_groups_count_the_same_sockets(every_state: Lab, side: int) -> None:
    document = snapshot(hosts(every_state)[side], "--sockets", "--by", "state,local-port")
    counted = Counter(socket["state"] for socket in document["sockets"])
    assert list(document["states"]) == [state.label for state in IN_LIFE_ORDER]
    assert document["states"] == {state.label: counted[state.label] for state in State}
    grouped: Counter[str] = Counter()
    for group in document["groups"]:
        assert list(group["key"]) == document["by"] == ["state", "local-port"]
        grouped[group["key"]["state"]] += group["sockets"]
        assert (group["time_left_ms"] is None) == (sum(group["histogram"]) == 0)
    assert grouped == counted


def test_an_empty_host_has_every_member(lab: Lab) -> None:
    document = snapshot(lab.client, "--sockets")
    assert list(document) == [*MEMBERS, "sockets"]
    assert list(snapshot(lab.client)) == MEMBERS
    assert document["schema"] == 1
    assert set(document["states"].values()) == {0}
    assert (document["groups"], document["sockets"], document["filter"]) == ([], [], None)
    assert document["by"] == ["state", "peer"]
    assert document["time_wait_ms"] == 60_000
    assert document["host"]["kernel"] == os.uname().release
    assert document["host"]["namespace"] == str(lab.client.namespace.inode)
    taken = datetime.fromisoformat(document["time"])
    assert taken.tzinfo is UTC
    assert document["time"].endswith("Z")


def test_sysctls_are_those_of_the_namespace(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", 31)
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40001 40100")
    lab.client.sysctl("net.ipv4.ip_local_reserved_ports", "40010-40019")
    lab.client.listen(40050)
    document = snapshot(lab.client)
    assert document["sysctls"]["net.ipv4.tcp_fin_timeout"] == "31"
    assert document["sysctls"]["net.ipv4.tcp_tw_recycle"] is None
    assert document["sysctls_unreadable"] == {}
    ports = document["ports"]
    assert ports["range"] == {"low": 40001, "high": 40100}
    assert (ports["capacity"], ports["half"], ports["reserved"], ports["bound"]) == (89, 45, 10, 1)


def test_a_filter_narrows_everything_but_the_ports(every_state: Lab) -> None:
    document = snapshot(every_state.client, "--sockets", "--filter", "TIME-WAIT and dst 10.77.0.0/24")
    there = ss(every_state.client, "dst", "10.77.0.0/24")
    expected = {key for key, row in there.items() if row.state == "TIME-WAIT"}
    assert document["filter"] == "state time-wait and dst 10.77.0.0/24"
    assert {endpoints(socket) for socket in document["sockets"]} == expected
    assert document["states"]["TIME-WAIT"] == len(expected) > 0
    assert sum(document["states"].values()) == len(expected)
    assert {group["key"]["state"] for group in document["groups"]} == {"TIME-WAIT"}
    # Taken later, it may lack what has ended meanwhile.
    everywhere = remotes(snapshot(every_state.client))
    assert everywhere <= remotes(document)
    assert len(everywhere) > len(expected)


def remotes(document: dict[str, Any]) -> set[tuple[str, int]]:
    """All destinations that have a port budget."""
    ends = [destination["remote"] for destination in document["ports"]["destinations"]]
    return {(end["address"], end["port"]) for end in ends}


def test_destinations_count_ports_and_time_wait(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 40009")
    listener = lab.server.listen(8080)
    for _ in range(5):
        made = lab.client.connect(lab.server.address(), 8080)
        made.close()
        accepted = lab.server.accept(listener)
        accepted.recv(1)
        accepted.close()
    lab.client.connect(lab.server.address(), 8080)
    (found,) = snapshot(lab.client, "--filter", "state listening")["ports"]["destinations"]
    told = found.pop("budget")
    assert (told["bound_first"], told["full_at"], told["slow_at"], told["held"]) == (False, 10, 5, 6)
    assert told["sustainable_per_s"] == pytest.approx(9 / 60, abs=0.001)
    assert [found] == [
        {
            "source": lab.client.address(),
            "remote": {"address": lab.server.address(), "port": 8080},
            "used": 6,
            "time_wait": 5,
            "capacity": 10,
            "half_reached": True,
        }
    ]


def test_a_bound_socket_is_listed(lab: Lab) -> None:
    made = EVERY_STATE["bound_inactive/v4"](lab)
    with lab.client.entered(), SockDiag() as diag:
        if not kernel_lists_bound_inactive(diag):
            pytest.skip("this kernel does not list sockets that are only bound (Linux 6.8 does)")
    document = snapshot(lab.client, "--sockets")
    (socket,) = document["sockets"]
    assert (socket["state"], socket["timer"]) == ("UNCONN", None)
    assert socket["local"] == dict(zip(("address", "port"), made.local, strict=True))
    assert socket["remote"] == nobody("inet")
    assert document["states"]["UNCONN"] == 1


def test_both_phases_of_an_orphan_count(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", 90)
    pair = lab.pair()
    pair.client.shutdown(SHUT_WR)
    # The server may keep its ACK of the FIN back for 40 ms.
    wait_for_state(pair.client, State.FIN_WAIT_2)
    pair.client.close()
    (socket,) = snapshot(lab.client, "--sockets")["sockets"]
    assert (socket["state"], socket["timer"]["kind"]) == ("FIN-WAIT-2", "keepalive")
    assert socket["time_left_ms"] == socket["timer"]["remaining_ms"] + 30_000


def test_a_mapped_peer_is_grouped_as_ipv4(lab: Lab) -> None:
    if not lab.ipv6:
        pytest.skip("this kernel has no IPv6")
    EVERY_STATE["estab_mapped/v6"](lab)
    document = snapshot(lab.server, "--sockets", "--by", "remote-address", "--filter", "dst 10.77.0.1")
    (socket,) = document["sockets"]
    assert (socket["family"], socket["remote"]["address"]) == ("inet6", "::ffff:10.77.0.1")
    assert [group["key"] for group in document["groups"]] == [{"remote-address": "10.77.0.1"}]


def test_groups_are_sorted_as_asked(every_state: Lab) -> None:
    def sizes(*arguments: str) -> list[Any]:
        groups = snapshot(every_state.client, "--by", "state", *arguments)["groups"]
        return [group["time_left_ms"]["longest"] if group["time_left_ms"] else -1 for group in groups]

    by_time = sizes("--sort", "left")
    assert by_time == sorted(by_time, reverse=True)
    assert by_time[0] > 0


def test_a_socket_is_a_line(every_state: Lab) -> None:
    text = twtop(every_state.client, "snapshot", "--sockets", "--format", "json")
    sockets = text[text.index('"sockets":[\n') :].splitlines()[1:]
    assert all(json.loads(line.removesuffix("]}").removesuffix(","))["cookie"] for line in sockets)
    assert text.isascii()
    assert not any(character < " " and character != "\n" for character in text)
