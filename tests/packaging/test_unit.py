"""The units: as systemd reads them, and what they start within what they forbid."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pty.terminal import ROOT
from tests.warm import TWTOP
from twtop.cli import parsers
from twtop.cli.unit import SERVICES
from twtop.packaging.unit import unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.lab import Lab

_EXPOSURE = 20
"""The most that may be exposed, of 100; `systemd-analyze security` of systemd 252 says 15."""
_PROGRAM = ("/bin/true",)


def settings(service: str, **chosen: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", unit(service, _PROGRAM, **chosen), re.M):
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_systemd_understands_it_and_finds_little_exposed(service: str, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    file = tmp_path / f"twtop-{service}.service"
    file.write_text(unit(service, _PROGRAM))
    for command in (
        ["verify", "--man=no", str(file)],
        ["security", "--offline=yes", f"--threshold={_EXPOSURE}", "--no-pager", str(file)],
    ):
        ended = subprocess.run(["systemd-analyze", *command], capture_output=True, text=True, check=False)
        if "Unknown command" in ended.stderr or "unrecognized option" in ended.stderr:
            pytest.skip(f"this systemd-analyze is too old: {ended.stderr.strip()}")
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_what_it_starts_is_a_command_line(service: str) -> None:
    ((program, command, *arguments),) = map(shlex.split, settings(service)["ExecStart"])
    assert (program, command) == (*_PROGRAM, service)
    parsers()[service].parse_args(arguments)


@pytest.mark.parametrize("service", SERVICES)
def test_what_twtop_looks_at_is_left_to_it(service: str) -> None:
    said = settings(service)
    assert said.keys().isdisjoint({"PrivateNetwork", "PrivateUsers", "ProcSubset", "ProtectProc"})
    assert {"AF_NETLINK", "AF_UNIX", "AF_INET"} <= set(said["RestrictAddressFamilies"][0].split())
    assert said["CapabilityBoundingSet"] == [""]


def test_a_single_file_gets_a_place_to_unpack_itself() -> None:
    assert "CacheDirectory" not in settings("record")
    said = settings("record", unpacks=True)
    assert (said["CacheDirectory"], said["Environment"]) == (["%N"], ["PEX_ROOT=%C/%N"])


def test_a_path_is_only_a_path() -> None:
    line = 'ExecStart="/opt/my tools/100%%/$$x \\\\ \\"/\\U0000000atwtop" record '
    assert line in unit("record", ['/opt/my tools/100%/$x \\ "/\ntwtop'])


def printed(tmp_path: Path, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, "unit", "record"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)} | environ,
        capture_output=True,
        text=True,
        check=True,
    )


def test_it_starts_the_program_that_printed_it(tmp_path: Path) -> None:
    module = printed(tmp_path, sys.executable, "-m", "twtop").stdout
    assert f"\nExecStart={sys.executable} -m twtop record " in module
    program = tmp_path / "twtop"
    program.write_text(f"#!{sys.executable}\nfrom twtop.__main__ import main\nraise SystemExit(main())\n")
    program.chmod(0o755)
    installed = printed(tmp_path, "./twtop")
    assert f"\nExecStart={program} record " in installed.stdout
    assert installed.stderr.startswith(f"twtop: the unit cannot see {os.path.realpath(program)}: install ")
    # As after a start by another program of pex, which leaves its name behind.
    assert printed(tmp_path, sys.executable, "-m", "twtop", PEX="./other.pex").stdout == module


def test_a_python_in_a_home_is_no_good_for_it(tmp_path: Path) -> None:
    python = "import sys; sys.argv[0], sys.executable = '/opt/twtop', '/home/me/python3'"
    script = f"{python}; from twtop.__main__ import main; main()"
    said = printed(tmp_path, sys.executable, "-c", script)
    assert "\nExecStart=/opt/twtop record " in said.stdout
    assert said.stderr.startswith("twtop: the unit cannot see /home/me/python3: install ")


def test_a_single_file_starts_itself(tmp_path: Path) -> None:
    (tmp_path / "PEX-INFO").touch()
    script = f"import sys; sys.prefix = '{tmp_path}'; from twtop.__main__ import main; main()"
    single = printed(tmp_path, sys.executable, "-c", script, PEX="./twtop.pyz").stdout
    assert f"\nExecStart={tmp_path}/twtop.pyz record " in single
    assert "\nEnvironment=PEX_ROOT=" in single


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder that nobody may write to; those of pytest are for one user."""
    with tempfile.TemporaryDirectory(prefix="twtop-state-") as folder:
        yield Path(folder)


@pytest.fixture
def confined(state: Path) -> list[str]:
    """What confines a command to the sandbox of a recorder whose files are in ``state``."""
    families = [str(int(getattr(socket, each))) for each in ("AF_NETLINK", "AF_UNIX", "AF_INET")]
    command = [sys.executable, "-m", "tests.packaging.confined", str(state), ",".join(families)]
    tried = subprocess.run([*command, "true"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"nothing can be confined here: {tried.stderr.strip().splitlines()[-1]}")
    return command


def test_twtop_looks_from_within_the_sandbox(lab: Lab, confined: list[str]) -> None:
    lab.pair()
    twtop = [sys.executable, "-m", "twtop"]
    looked = lab.client.run([*confined, *twtop, "snapshot", "--format", "json"])
    assert looked.stderr == ""
    free = json.loads(lab.client.run([*TWTOP, "snapshot", "--format", "json"]).stdout)
    assert json.loads(looked.stdout)["states"] == free["states"]
    # Without AF_INET it cannot find out whether the kernel lists bound sockets, and does without.
    confined[-1] = confined[-1].removesuffix(f",{int(socket.AF_INET)}")
    assert json.loads(lab.client.run([*confined, *twtop, "snapshot", "--format", "json"]).stdout)["states"]


def test_the_exporter_answers_from_within_the_sandbox(lab: Lab, confined: list[str]) -> None:
    pytest.importorskip("prometheus_client")
    with lab.client.entered():
        command = [*confined, sys.executable, "-m", "twtop", "exporter"]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert "http://127.0.0.1:9797/metrics" in process.stderr.readline()
            with urllib.request.urlopen("http://127.0.0.1:9797/metrics", timeout=100) as answer:
                assert b"twtop_" in answer.read()
            process.send_signal(signal.SIGTERM)
            assert process.wait(100) == 0


def test_the_recorder_records_from_within_the_sandbox(lab: Lab, confined: list[str], state: Path) -> None:
    ((_, *arguments),) = map(shlex.split, settings("record")["ExecStart"])
    folder, manager = state / "twtop", state / "manager"
    folder.mkdir()
    folder.chmod(0o777)
    command = [sys.executable, "-m", "twtop", *(each.replace("%S", str(state)) for each in arguments)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(manager))
        manager.chmod(0o777)
        told.settimeout(60)
        with lab.client.entered():
            environ = {**os.environ, "NOTIFY_SOCKET": str(manager)}
            process = subprocess.Popen([*confined, *command], cwd=ROOT, env=environ)
        try:
            assert told.recv(4096).startswith(b"READY=1")
            process.send_signal(signal.SIGTERM)
            assert process.wait(100) == 0
        finally:
            process.kill()
            process.wait()
    assert any(file.stat().st_size for file in folder.iterdir())
