from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from twtop.kernel.sysctl import PROC_SYS, WATCHED, read_sysctls

if TYPE_CHECKING:
    from pathlib import Path

    from twtop.lab.lab import Lab

pytestmark = pytest.mark.skipif(not PROC_SYS.is_dir(), reason="no /proc/sys here")


def write(root: Path, name: str, content: bytes) -> Path:
    path = root.joinpath(*name.split("."))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_every_sysctl_of_this_kernel_is_read_as_it_stands() -> None:
    sysctls = read_sysctls()
    for name in WATCHED:
        path = PROC_SYS / name.replace(".", "/")
        if path.exists() and name not in sysctls.unreadable and not name.endswith(("_count", "file-max")):
            assert sysctls[name].split() == path.read_text().split()
        elif not path.exists():
            assert name not in sysctls
    assert sysctls.port_range.capacity > 0


def test_nothing_is_watched_twice() -> None:
    assert len(set(WATCHED)) == len(WATCHED)


def test_content_is_stripped_and_tabs_become_spaces(tmp_path: Path) -> None:
    write(tmp_path, "net.ipv4.ip_local_port_range", b"40000\t40009\n")
    assert dict(read_sysctls(root=tmp_path)) == {"net.ipv4.ip_local_port_range": "40000 40009"}


def test_control_characters_do_not_get_through(tmp_path: Path) -> None:
    write(tmp_path, "net.core.somaxconn", b"\x1b[2J\xff4096\0")
    text = read_sysctls(root=tmp_path)["net.core.somaxconn"]
    assert text.isprintable()
    assert text.endswith("4096?")


def test_long_lists_are_read_whole_and_endless_ones_refused(tmp_path: Path) -> None:
    ports = ",".join(str(port) for port in range(10001, 20001, 2))
    write(tmp_path, "net.ipv4.ip_local_reserved_ports", ports.encode())
    write(tmp_path, "net.ipv4.tcp_mem", b"1 " * 40000)
    sysctls = read_sysctls(root=tmp_path)
    assert len(sysctls.reserved_ports) == 5000
    assert sysctls.unreadable == {"net.ipv4.tcp_mem": "longer than 65536 bytes"}


def test_what_is_not_a_readable_file_has_its_reason(tmp_path: Path) -> None:
    (tmp_path / "net/ipv4/tcp_mem").mkdir(parents=True)
    assert read_sysctls(root=tmp_path).unreadable == {"net.ipv4.tcp_mem": "is a directory"}


def test_a_file_where_a_folder_should_be_means_absent(tmp_path: Path) -> None:
    (tmp_path / "net").write_text("")
    sysctls = read_sysctls(root=tmp_path)
    assert not sysctls
    assert not sysctls.unreadable


def test_a_refused_sysctl_says_so() -> None:
    name = "net.ipv4.route.flush"  # nobody may read it, not even root
    if not (PROC_SYS / name.replace(".", "/")).exists():
        pytest.skip(f"no {name} in this namespace")
    assert read_sysctls([name]).unreadable == {name: "permission denied"}


def test_each_thread_reads_the_sysctls_of_its_own_namespace(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 40009")
    lab.client.sysctl("net.ipv4.ip_local_reserved_ports", "40001,40003-40004")
    with lab.client.entered():
        client = read_sysctls()
    with lab.server.entered():
        server = read_sysctls()
    assert client.port_range.capacity == 10
    assert client.reserved_ports == {40001, 40003, 40004}
    assert server.reserved_ports == frozenset()
    assert "net.ipv4.tcp_mem" not in client
    assert client.tw_reuse == 0
