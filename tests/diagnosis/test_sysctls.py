from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.diagnosis.records import findings_in
from twtop.core.snapshot import snapshot
from twtop.core.sockets import Sockets
from twtop.core.sysctls import Sysctls
from twtop.kernel.sysctl_files import read_sysctl_files

if TYPE_CHECKING:
    from pathlib import Path

RECYCLE = "net.ipv4.tcp_tw_recycle"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "etc/sysctl.d"
    made.mkdir(parents=True)
    return made


def test_a_line_for_tcp_tw_recycle_is_found_until_it_is_deleted(tmp_path: Path, folder: Path) -> None:
    file = folder / "90-it's {fast}.conf"
    file.write_text(f"net.ipv4.tcp_tw_reuse = 1\n{RECYCLE} = 1\n")
    found = findings_in(snapshot(Sockets.empty(), configured=read_sysctl_files(root=tmp_path)))
    finding = found["recycle-configured"]
    assert finding.headline == f"{file} sets tcp_tw_recycle, which this kernel does not have"
    assert finding.evidence == (f"{RECYCLE} = 1",)
    assert "'\"'\"'" in finding.commands[0]
    assert "{fast}" in finding.commands[0]
    file.write_text("net.ipv4.tcp_tw_reuse = 1\n")
    assert findings_in(snapshot(Sockets.empty(), configured=read_sysctl_files(root=tmp_path))) == {}


def test_recorded_kernels_that_have_tcp_tw_recycle_are_not_told_that_it_is_gone(
    tmp_path: Path, folder: Path
) -> None:
    (folder / "90.conf").write_text(f"{RECYCLE} = 1\n")
    taken = snapshot(
        Sockets.empty(), configured=read_sysctl_files(root=tmp_path), sysctls=Sysctls({RECYCLE: "1"})
    )
    assert findings_in(taken) == {}


@pytest.mark.parametrize("seconds", ["1", "30", "60"])
def test_up_to_60_s_fin_timeout_is_as_it_says(seconds: str) -> None:
    sysctls = Sysctls({"net.ipv4.tcp_fin_timeout": seconds})
    assert findings_in(snapshot(Sockets.empty(), sysctls=sysctls)) == {}
