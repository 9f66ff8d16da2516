"""The single file, built by the README's own command, where there is nothing else and no network.

It takes a minute to build, and the package index: `.ci/run` does it in a step of its own.

numpy cannot be imported from within a zip file, so zipapp alone will not do. pex: its second start costs what
that of an installed twtop costs (1.03 of the CPU time, 15 pairs), where shiv's costs 1.4 of it; and it starts
where no home can be written, which shiv does not.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import twtop
from tests.packaging.installing import NO_INDEX, PACKAGES, tool
from tests.pty.terminal import ROOT, Terminal

pytestmark = [pytest.mark.timeout(900), PACKAGES]
_NO_NETWORK = ("unshare", "--map-root-user", "--net", "--mount")
_PYTHON = Path(sys.base_prefix) / "bin"


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``twtop.pyz``."""
    pex = tool("pex")
    tried = subprocess.run([*_NO_NETWORK, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no namespaces: {tried.stderr.strip()}")
    (line,) = re.findall(r"^pipx run pex (.*)$", (ROOT / "README.md").read_text(), re.M)
    built = tmp_path_factory.mktemp("single") / "twtop.pyz"
    arguments = [str(built) if word == built.name else word for word in shlex.split(line)]
    ended = subprocess.run(
        [pex, *arguments, "--python", sys.executable], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ended.returncode and NO_INDEX.search(ended.stderr):
        pytest.skip(f"pex finds no package index: {ended.stderr.strip().splitlines()[-1]}")
    assert ended.returncode == 0, ended.stderr
    return built


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home, in which it unpacks itself when it starts for the first time."""
    return tmp_path_factory.mktemp("home")


def alone(program: Path, *arguments: str, home: Path | None = None, frozen: bool = False) -> list[str]:
    """Return a command that runs it with nothing: no variables but these, no network."""
    variables = [f"PATH={_PYTHON}:/usr/bin:/bin", "TERM=xterm-256color", "LC_ALL=C.UTF-8"]
    if home is not None:
        variables.append(f"HOME={home}")
    # No file can be written to such a home.
    mounted = ["sh", "-c", f'mount -t tmpfs -o ro none {home} && exec "$@"', "sh"] if frozen else []
    return [*_NO_NETWORK, *mounted, "env", "-i", *variables, str(program), *arguments]


def run(command: list[str], status: int = 0) -> str:
    ended = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=300, check=False)
    assert (ended.returncode, ended.stderr) == (status, "")
    return ended.stdout


def written(folder: Path) -> dict[Path, int]:
    """Return when each of the unpacked modules was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.py")}


def test_version(single: Path, unpacked: Path) -> None:
    assert run(alone(single, "--version", home=unpacked)) == f"twtop {twtop.__version__}\n"


def test_it_unpacks_itself_once(single: Path, unpacked: Path) -> None:
    run(alone(single, "--version", home=unpacked))
    before = written(unpacked)
    run(alone(single, "--version", home=unpacked))
    assert written(unpacked) == before


def test_it_is_the_whole_of_twtop(single: Path, unpacked: Path) -> None:
    looked = json.loads(run(alone(single, "snapshot", "--format", "json", home=unpacked)))
    assert set(looked["states"].values()) == {0}
    assert "TIME-WAIT" in run(alone(single, "explain", "time-wait", home=unpacked))
    with zipfile.ZipFile(single) as archive:
        assert any("prometheus_client" in name for name in archive.namelist())


def test_its_unit_starts_it(single: Path, unpacked: Path) -> None:
    command = alone(single, "unit", "record", home=unpacked)
    ended = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=300, check=True)
    assert f"\nExecStart={single} record " in ended.stdout
    assert "\nEnvironment=PEX_ROOT=" in ended.stdout
    if single.is_relative_to("/tmp"):  # noqa: S108 - where pytest has its files
        assert ended.stderr.startswith(f"twtop: the unit cannot see {single}: ")


def test_doctor(single: Path, unpacked: Path) -> None:
    ended = subprocess.run(
        alone(single, "doctor", home=unpacked),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode in (0, 1)
    assert ended.stderr == ""


def test_the_screen(single: Path, unpacked: Path) -> None:
    with Terminal(alone(single, home=unpacked)) as terminal:
        terminal.wait_text(r"TIME-WAIT +\d")
        terminal.send("q")
        assert terminal.wait_exit() == 0
        terminal.assert_restored()


def test_without_a_home_it_starts(single: Path, tmp_path: Path) -> None:
    *command, program, argument = alone(single, "--version")
    # Without HOME it is the user's in /etc/passwd, which is left alone here.
    assert run([*command, f"PEX_ROOT={tmp_path}", program, argument]).startswith("twtop ")
    assert (tmp_path / "venvs").exists()


def test_where_no_home_can_be_written_it_says_so_and_starts(single: Path, tmp_path: Path) -> None:
    command = alone(single, "snapshot", "--format", "json", home=tmp_path, frozen=True)
    ended = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=300, check=True)
    assert json.loads(ended.stdout)["schema"] == 1
    assert f"{tmp_path}/.cache/pex but that path is un-writeable" in ended.stderr
    (left,) = re.findall(r"PEX_ROOT of (/\S+) which", ended.stderr.splitlines()[0])
    assert not Path(left).exists()


def test_two_first_starts_at_once(single: Path, tmp_path: Path) -> None:
    command = alone(single, "--version", home=tmp_path)
    started = [subprocess.Popen(command, cwd="/", stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=300)[0] for process in started] == [
        f"twtop {twtop.__version__}\n"
    ] * 2
