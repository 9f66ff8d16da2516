from __future__ import annotations

import shutil
import socket
from typing import TYPE_CHECKING

import numpy as np
import pytest

from twtop.errors import KernelError
from twtop.kernel.sockdiag.dumps import SockDiag
from twtop.kernel.udp import read_udp_ports

if TYPE_CHECKING:
    from pathlib import Path

    from twtop.lab.lab import Lab


def use_ports(lab: Lab) -> list[int]:
    """Use UDP ports in every way there is: bound, shared, connected, by a first datagram, over IPv6."""
    bound, shared, connected, sent = (lab.client.socket(kind=socket.SOCK_DGRAM) for _ in range(4))
    lab.client.socket(kind=socket.SOCK_DGRAM)  # has no port yet
    bound.bind((lab.client.address(), 0))
    shared.bind(("127.0.0.1", bound.getsockname()[1]))
    connected.connect((lab.server.address(), 9))
    sent.sendto(b"?", (lab.server.address(), 9))
    users = [bound, shared, connected, sent]
    if lab.ipv6:
        six = lab.client.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        six.bind((lab.client.address(socket.AF_INET6), 0))
        users.append(six)
    lab.client.listen()  # of TCP, which has a pool of its own
    return sorted({user.getsockname()[1] for user in users})


def test_every_port_is_found_both_ways(lab: Lab) -> None:
    expected = use_ports(lab)
    with lab.client.entered(), SockDiag() as diag:
        ports = read_udp_ports(diag)
        fallback = read_udp_ports(None)
    assert ports.tolist() == expected
    assert fallback.tolist() == expected
    assert ports.dtype == fallback.dtype == np.uint16


def test_they_are_the_ports_that_ss_shows(lab: Lab) -> None:
    if shutil.which("ss") is None:
        pytest.skip("ss (iproute2) is not installed")
    use_ports(lab)
    with lab.client.entered(), SockDiag() as diag:
        ports = read_udp_ports(diag)
    shown = {
        int(line.split()[3].rpartition(":")[2])
        for line in lab.client.run(["ss", "-uanH"]).stdout.splitlines()
    }
    assert set(ports.tolist()) == shown


def test_an_idle_namespace_uses_none(lab: Lab) -> None:
    with lab.server.entered(), SockDiag() as diag:
        assert read_udp_ports(diag).tolist() == []
        assert read_udp_ports(None).tolist() == []


def test_a_dump_that_fails_gives_way_to_the_file(lab: Lab) -> None:
    expected = use_ports(lab)
    with lab.client.entered(), SockDiag() as diag:
        diag.close()
        assert read_udp_ports(diag).tolist() == expected


def test_without_either_way_the_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match=r"cannot read .*/udp"):
        read_udp_ports(None, tmp_path)
