from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from twtop.kernel.services import read_services, service_port

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(service_port("https") is None, reason="this host has no names of services")
def test_a_service_has_a_port() -> None:
    assert service_port("https") == 443


@pytest.mark.parametrize("name", ["no-such-service", "", "nul\0", "\ud800", "x" * 100_000])
def test_what_is_no_service_has_none(name: str) -> None:
    assert service_port(name) is None


def test_ports_have_the_names_that_the_host_knows(tmp_path: Path) -> None:
    names = read_services()
    assert all(service_port(name) is not None for name in names.values())
    assert names.get(22) == (socket.getservbyport(22, "tcp") if service_port("ssh") else None)
    assert read_services(tmp_path / "none") == {} == read_services(tmp_path)


def test_a_file_that_never_ends_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "zero").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    assert read_services(tmp_path / "zero") == {} == read_services(tmp_path / "pipe")
