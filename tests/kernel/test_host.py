from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import twtop
from twtop.errors import HostError
from twtop.kernel.host import check_platform, read_host

if TYPE_CHECKING:
    from twtop.lab.lab import Lab

NET_NS_INIT_INO = 0xEFFFFFF9  # include/uapi/linux/nsfs.h, Linux 6.18; before, any number
PACKAGE = Path(twtop.__file__).parent


@pytest.mark.parametrize(
    ("system", "python", "release", "complaint"),
    [
        ("darwin", (3, 12), "23.1.0", "twtop needs Linux; this is darwin"),
        ("linux", (3, 10), "6.12.0", "twtop needs Python 3.11 or later; this is 3.10"),
        ("linux", (2, 7), "6.12.0", "twtop needs Python 3.11 or later; this is 2.7"),
        ("linux", (3, 11), "4.18.0-553.el8", "twtop needs Linux 4.19 or later; this is 4.18.0-553.el8"),
        ("linux", (3, 11), "3.10.0\x1b[2J", "twtop needs Linux 4.19 or later; this is 3.10.0?[2J"),
    ],
)
def test_an_unfit_host_gets_one_clear_line(
    system: str, python: tuple[int, int], release: str, complaint: str
) -> None:
    with pytest.raises(HostError) as raised:
        check_platform(system, python, release)
    assert str(raised.value) == complaint


@pytest.mark.parametrize("release", ["4.19.0-27-amd64", "5.4", "6.18.44-fc", "10.0", "custom"])
def test_a_fit_host_passes(release: str) -> None:
    check_platform("linux", (3, 14), release)


def test_this_host_passes() -> None:
    check_platform()


@pytest.mark.parametrize(
    "module",
    ["__init__.py", "errors.py", "core/__init__.py", "core/text.py", "kernel/__init__.py", "kernel/host.py"],
)
def test_an_old_python_gets_as_far_as_the_complaint(module: str) -> None:
    ast.parse((PACKAGE / module).read_text(), feature_version=(3, 8))


def test_this_host_is_described() -> None:
    host = read_host()
    assert host.kernel == os.uname().release
    assert host.hostname == os.uname().nodename
    assert host.namespaced == (host.namespace_label != "host")
    if tuple(int(part) for part in host.kernel.split(".")[:2]) >= (6, 18):
        initial = Path("/proc/thread-self/ns/net").stat().st_ino == NET_NS_INIT_INO
        assert host.namespaced == (not initial)


def test_a_namespace_without_a_name_is_a_number(lab: Lab) -> None:
    with lab.client.entered():
        host = read_host()
    assert host.namespaced
    assert host.namespace_label == str(lab.client.namespace.inode)


def test_a_namespace_goes_by_its_name(lab: Lab, tmp_path: Path) -> None:
    # What `ip netns` mounts is this very file.
    (tmp_path / "web\x1b[2J").symlink_to(f"/proc/{os.getpid()}/fd/{lab.client.namespace.fd}")
    with lab.client.entered():
        assert read_host(tmp_path).namespace_label == "web?[2J"
    with lab.server.entered():
        assert read_host(tmp_path).namespace_label == str(lab.server.namespace.inode)
