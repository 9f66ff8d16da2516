from __future__ import annotations

import socket
from pathlib import Path

import pytest

from twtop.core.states import State
from twtop.errors import KernelError
from twtop.lab.host import endpoint
from twtop.lab.lab import Lab
from twtop.lab.namespaces import NetworkNamespace
from twtop.lab.specimen import wait_for_state


def test_hosts_are_where_they_say(lab: Lab) -> None:
    assert (lab.client.address(), lab.server.address()) == ("10.77.0.1", "10.77.0.2")
    if lab.ipv6:
        assert lab.client.address(socket.AF_INET6) == "fd77::1"
    pair = lab.pair()
    assert pair.client.getpeername() == ("10.77.0.2", pair.server_end[1])


def test_three_peers(lab: Lab) -> None:
    for address in ("10.77.0.3", "203.0.113.9", "10.77.0.2"):
        if address not in lab.server.addresses:
            lab.server.add_address(address)
        client = lab.client.connect(address, endpoint(lab.server.listen(address=address))[1])
        assert client.getpeername()[0] == address


def test_entered_comes_back(lab: Lab) -> None:
    home = NetworkNamespace.current()
    with lab.client.entered(), lab.server.entered():
        inside = NetworkNamespace.current()
        assert inside.inode == lab.server.namespace.inode
    again = NetworkNamespace.current()
    assert again.inode == home.inode != inside.inode
    for held in (home, inside, again):
        held.close()


def test_cut_loses_segments_and_heal_delivers_them(lab: Lab) -> None:
    pair = lab.pair()
    lab.cut("client->server")
    pair.client.send(b"late")
    pair.server.setblocking(False)
    with pytest.raises(BlockingIOError):
        pair.server.recv(4)
    lab.heal("client->server")
    pair.server.settimeout(10)
    assert pair.server.recv(4) == b"late"


def test_private_route_is_cut_alone(lab: Lab) -> None:
    lonely, other = lab.pair(private=True), lab.pair()
    lonely.route.cut()
    lonely.client.shutdown(socket.SHUT_WR)
    other.client.shutdown(socket.SHUT_WR)
    wait_for_state(other.client, State.FIN_WAIT_2)
    wait_for_state(lonely.client, State.FIN_WAIT_1)


async def test_cut_works_inside_an_event_loop(lab: Lab) -> None:
    lab.cut()
    lab.heal()
    assert lab.pair().server_end[0] == "10.77.0.2"


def test_sysctls_are_those_of_the_host_inside(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", 33)
    assert lab.client.read_sysctl("net.ipv4.tcp_fin_timeout") == "33"
    assert lab.server.read_sysctl("net.ipv4.tcp_fin_timeout") != "33"
    assert lab.client.read_sysctl("net.ipv4.tcp_tw_reuse") == "0"


def test_unknown_sysctl_is_named(lab: Lab) -> None:
    with pytest.raises(KernelError, match=r"cannot set net\.ipv4\.tcp_magic = 1 in the lab: No such file"):
        lab.client.sysctl("net.ipv4.tcp_magic", 1)
    with pytest.raises(KernelError, match=r"cannot read net\.ipv4\.tcp_magic in the lab: No such file"):
        lab.client.read_sysctl("net.ipv4.tcp_magic")


def test_refused_network_change_is_one_line(lab: Lab) -> None:
    with pytest.raises(KernelError, match="cannot change the network of the lab's client: File exists"):
        lab.client.add_address("10.77.0.1")


def test_host_keeps_its_links_and_names(lab: Lab) -> None:
    def host() -> tuple[str, set[str]]:
        named = Path("/run/netns")
        names = {path.name for path in named.iterdir()} if named.exists() else set()
        return Path("/proc/thread-self/net/dev").read_text().count("lab0") * "lab0", names

    during = host()
    lab.close()
    with Lab():
        assert host() == during
    assert host() == during
    assert during[0] == ""


def test_closed_sockets_are_forgotten(lab: Lab) -> None:
    for _ in range(2000):
        lab.client.socket().close()
    assert len(lab.client._held) < 1000
