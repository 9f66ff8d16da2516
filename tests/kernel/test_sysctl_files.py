from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from twtop.core.settings import Setting
from twtop.kernel.sysctl_files import read_sysctl_files

if TYPE_CHECKING:
    from pathlib import Path

REUSE = "net.ipv4.tcp_tw_reuse"
RECYCLE = "net.ipv4.tcp_tw_recycle"


def write(root: Path, name: str, text: str | bytes) -> str:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_without_files_nothing_is_set(tmp_path: Path) -> None:
    assert read_sysctl_files(root=tmp_path) == {}


def test_a_later_name_wins_whatever_its_folder_and_sysctl_conf_comes_last(tmp_path: Path) -> None:
    write(tmp_path, "etc/sysctl.d/10-a.conf", f"{REUSE} = 0\n{RECYCLE}=1\n")
    late = write(tmp_path, "usr/lib/sysctl.d/50-b.conf", f"{REUSE}=1\n")
    found = read_sysctl_files(root=tmp_path)
    assert found[REUSE] == Setting("1", late)
    assert found[RECYCLE].file.endswith("10-a.conf")
    last = write(tmp_path, "etc/sysctl.conf", f"{REUSE} = 2\n")
    assert read_sysctl_files(root=tmp_path)[REUSE] == Setting("2", last)


@pytest.mark.parametrize("folder", ["run", "usr/local/lib", "usr/lib"])
def test_a_file_in_etc_hides_its_namesakes(tmp_path: Path, folder: str) -> None:
    write(tmp_path, f"{folder}/sysctl.d/50-a.conf", f"{RECYCLE} = 1\n")
    assert RECYCLE in read_sysctl_files(root=tmp_path)
    (tmp_path / "etc/sysctl.d").mkdir(parents=True)
    (tmp_path / "etc/sysctl.d/50-a.conf").symlink_to("/dev/null")
    assert read_sysctl_files(root=tmp_path) == {}


def test_comments_dashes_slashes_and_blanks(tmp_path: Path) -> None:
    text = f"""
# {REUSE} = 0
; {REUSE} = 0
 - net/ipv4/tcp_tw_recycle = 1
net.ipv4.ip_local_port_range =  1024\t65535
net.ipv4.conf.*.rp_filter = 1
kernel.panic = 3
nonsense
"""
    file = write(tmp_path, "etc/sysctl.conf", text)
    assert read_sysctl_files(root=tmp_path) == {
        RECYCLE: Setting("1", file),
        "net.ipv4.ip_local_port_range": Setting("1024 65535", file),
    }


def test_only_files_called_conf_count(tmp_path: Path) -> None:
    write(tmp_path, "etc/sysctl.d/README", f"{RECYCLE} = 1\n")
    write(tmp_path, "etc/sysctl.d/50-a.conf.rpmsave", f"{RECYCLE} = 1\n")
    assert read_sysctl_files(root=tmp_path) == {}


def test_hostile_files_neither_hang_nor_reach_the_terminal(tmp_path: Path) -> None:
    write(tmp_path, "etc/sysctl.d/10-long.conf", f"{REUSE} = 1\n" + "#" * 200_000 + f"\n{RECYCLE} = 1\n")
    write(tmp_path, "etc/sysctl.d/20-\x1b[2J.conf", b"net.core.somaxconn = \x1b[2J\xff9\n")
    os.mkfifo(tmp_path / "etc/sysctl.d/30-pipe.conf")
    (tmp_path / "etc/sysctl.d/40-folder.conf").mkdir()
    (tmp_path / "etc/sysctl.d/50-nowhere.conf").symlink_to("nowhere")
    found = read_sysctl_files(root=tmp_path)
    assert found.keys() == {REUSE, "net.core.somaxconn"}
    assert "".join(found["net.core.somaxconn"]).isprintable()
