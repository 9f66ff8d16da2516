"""``twtop record`` as scripts, systemd and people run it, in hosts of the lab."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.pty.terminal import Terminal
from tests.recording import small_disk
from tests.recording.file.made import recorded
from tests.warm import COLD, TWTOP
from twtop import cli
from twtop.errors import RecordingError, UsageError
from twtop.lab.host import endpoint
from twtop.recording.codec.decoder import Decoder
from twtop.recording.file.reader import open_tape
from twtop.recording.file.spool import AGAIN_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twtop.core.sockets import Sockets
    from twtop.lab.lab import Lab

RECORDING = ("record", "--interval", "0.1")
RECORD = (*TWTOP, *RECORDING)


class Recorder(subprocess.Popen[str]):
    """A recorder in a host of the lab."""

    def __init__(
        self, lab: Lab, *arguments: str, command: Sequence[str] = RECORD, notify: str | None = None
    ) -> None:
        with lab.client.entered():
            super().__init__(
                [*command, *arguments],
                stderr=subprocess.PIPE,
                text=True,
                env=os.environ | ({} if notify is None else {"NOTIFY_SOCKET": notify}),
            )

    def __exit__(self, *raised: Any) -> None:
        # Whatever went wrong, it would go on.
        self.kill()
        super().__exit__(*raised)

    def end(self, how: int = signal.SIGTERM) -> tuple[int, list[str]]:
        """Send a signal; return the exit status and what it has said."""
        self.send_signal(how)
        _, said = self.communicate(timeout=100)
        return self.returncode, said.splitlines()


def looks_in(path: Path) -> int:
    with suppress(RecordingError), closing(open_tape(path)) as tape:
        return len(tape.index())
    return 0


def until(condition: Callable[[], object]) -> None:
    """Wait until something holds; on a busy machine programs take their time to start."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_for_looks(path: Path, looks: int = 3) -> None:
    until(lambda: looks_in(path) >= looks)


def sockets_in(path: Path) -> list[Sockets]:
    """Return what each look of a recording saw."""
    with closing(open_tape(path)) as tape:
        decoder = Decoder()
        return [
            decoder.decode(tape.look(number).parts[0].body).sockets for number in tape.index().number.tolist()
        ]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_for_systemd(lab: Lab, tmp_path: Path) -> None:
    """It says when it is ready and when it ends; SIGHUP begins another file, SIGTERM is a good end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        with Recorder(lab, "-o", f"{tmp_path}/", notify=str(tmp_path / "notify")) as recorder:
            assert manager.recv(100) == b"READY=1"
            (first,) = tmp_path.glob("*.twtop")
            wait_for_looks(first)
            recorder.send_signal(signal.SIGHUP)
            until(lambda: len(list(tmp_path.glob("*.twtop"))) == 2)
            (second,) = set(tmp_path.glob("*.twtop")) - {first}
            wait_for_looks(second)
            status, said = recorder.end()
            assert manager.recv(100) == b"STOPPING=1"
    assert status == 0
    host = re.escape(socket.gethostname())
    assert names(tmp_path) == sorted(["notify", first.name, second.name])
    for path in (first, second):
        assert re.fullmatch(rf"twtop-{host}-\d{{8}}-\d{{6}}(-\d)?\.twtop", path.name)
    begun, *ended = said
    assert begun == f"twtop: recording all sockets every 0.1 s until ctrl+c: {first}"
    assert [line.rpartition(": ")[2] for line in ended] == [str(first), str(second)]
    assert re.match(r"twtop: recorded \d+ looks in 0:00:\d\d, \d+ kB: ", ended[0])


def test_logrotate_moves_the_file_away_first(lab: Lab, tmp_path: Path) -> None:
    path, moved = tmp_path / "a.twtop", tmp_path / "a.twtop.1"
    with Recorder(lab, "-o", str(path)) as recorder:
        wait_for_looks(path)
        path.rename(moved)
        path.touch()
        recorder.send_signal(signal.SIGHUP)
        wait_for_looks(path)
        status, said = recorder.end(signal.SIGINT)
    assert status == 130
    assert names(tmp_path) == ["a.twtop", "a.twtop.1"]
    assert looks_in(moved) >= 3
    assert [line.rpartition(": ")[2] for line in said[1:]] == [str(moved), str(path)]


def test_nohup_means_what_it_says(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "a.twtop"
    with Recorder(lab, "-o", str(path), command=("nohup", *COLD, *RECORDING)) as recorder:
        wait_for_looks(path)
        recorder.send_signal(signal.SIGHUP)
        wait_for_looks(path, looks_in(path) + 2)
        status, _ = recorder.end()
    assert status == 0
    assert names(tmp_path) == ["a.twtop"]


def test_it_ends_with_the_terminal_that_it_was_started_from(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "a.twtop"
    with lab.client.entered(), Terminal([*COLD, *RECORDING, "-o", str(path)]) as terminal:
        wait_for_looks(path)
        terminal.vanish()
        assert terminal.process.wait(100) == 128 + signal.SIGHUP
    assert names(tmp_path) == ["a.twtop"]


def test_it_goes_on_when_its_file_is_deleted(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "a.twtop"
    with Recorder(lab, "-o", str(path)) as recorder:
        wait_for_looks(path)
        path.unlink()
        until(path.exists)
        wait_for_looks(path)
        status, said = recorder.end()
    assert status == 0
    assert said[1] == f"twtop: {path} was deleted or cut: going on in another file"
    assert names(tmp_path) == ["a.twtop"]


@pytest.mark.parametrize("by_owner", [False, True])
def test_for_a_time_with_a_filter(lab: Lab, tmp_path: Path, by_owner: bool) -> None:
    wanted = f"sport = :{endpoint(lab.client.listen(0))[1]}"
    wanted += f" and pid = {os.getpid()}" if by_owner else ""
    lab.client.listen(0)
    path = tmp_path / "a.twtop"
    with Recorder(lab, "-o", str(path), "--filter", wanted, "--for", "1s") as recorder:
        _, said = recorder.communicate(timeout=100)
    assert recorder.returncode == 0
    assert f"recording sockets that match {wanted} every 0.1 s for 0:00:01" in said
    assert {len(sockets) for sockets in sockets_in(path)} == {1}
    with closing(open_tape(path)) as tape:
        assert tape.filter == wanted
        assert tape.is_finished


def test_a_full_disk_is_waited_for(lab: Lab, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    small = (sys.executable, "-m", small_disk.__name__, str(disk), "1m", *COLD, *RECORDING)
    with Recorder(lab, "-o", str(disk / "a.twtop"), command=small) as recorder:
        seen = Path(f"/proc/{recorder.pid}/root{disk}")
        until(lambda: recorder.poll() is not None or (seen / "a.twtop-wal").exists())
        if recorder.poll() is not None:
            pytest.skip(f"no disk could be mounted: {recorder.communicate()[1].splitlines()[-1]}")
        until(lambda: (seen / "a.twtop-wal").stat().st_size > 100_000)
        with (seen / "other").open("wb", buffering=0) as other, suppress(OSError):
            while other.write(bytes(4096)):
                pass
        assert recorder.stderr is not None
        begun, full = recorder.stderr.readline(), recorder.stderr.readline()
        (seen / "other").unlink()
        again = recorder.stderr.readline()
        shutil.copy(seen / "a.twtop", tmp_path)
        shutil.copy(seen / "a.twtop-wal", tmp_path)
        status, ended = recorder.end()
    file = disk / "a.twtop"
    assert begun.startswith("twtop: recording all sockets")
    assert full == f"twtop: {file}: no space left on device: nothing is recorded until that changes\n"
    assert re.fullmatch(rf"twtop: recording again, after 0:00:0\d: {file}\n", again)
    assert (status, len(ended)) == (0, 1)
    with closing(open_tape(tmp_path / "a.twtop")) as tape:
        (gap,) = (mark for mark in tape.marks() if mark.kind == "failure")
        at = tape.index().wall_s
        resumed = int((at > gap.wall_s).argmax())
        assert tape.index().is_key[resumed]
        assert at[resumed] - gap.wall_s > AGAIN_S / 2
        assert re.fullmatch(r"not recorded from .* to .*: .*: no space left on device", gap.text)


def test_a_look_that_fails_is_a_mark_at_once(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "a.twtop"
    with lab.client.entered():
        resident = subprocess.Popen(["unshare", "--net", "sleep", "60"])
    try:
        until(lambda: Path(f"/proc/{resident.pid}/comm").read_text() == "sleep\n")
        with Recorder(lab, "-o", str(path), "--netns", str(resident.pid)) as recorder:
            wait_for_looks(path)
            resident.kill()
            resident.wait()
            assert recorder.stderr is not None
            begun, gone = recorder.stderr.readline(), recorder.stderr.readline()
            status, _ = recorder.end()
    finally:
        resident.kill()
        resident.wait()
    assert status == 0
    assert begun.startswith("twtop: recording all sockets of namespace sleep[")
    assert "is gone: no process is in it" in gone
    with closing(open_tape(path)) as tape:
        (mark,) = tape.marks()
        assert (mark.kind, f"twtop: {mark.text}\n") == ("failure", gone)
        assert mark.wall_s > tape.index().wall_s[-1]


def test_what_there_is_is_never_overwritten(lab: Lab, tmp_path: Path) -> None:
    there = recorded(tmp_path / "a.twtop").read_bytes()
    with Recorder(lab, "-o", str(tmp_path / "a.twtop")) as recorder:
        _, said = recorder.communicate(timeout=100)
    assert recorder.returncode == 2
    assert said == f"twtop: {tmp_path}/a.twtop exists already, and a recording overwrites nothing\n"
    assert (tmp_path / "a.twtop").read_bytes() == there


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--for", "soon"], "expected a time such as 90s, 10m, 2h or 1d, found 'soon'"),
        (["--for", "0s"], "expected a time such as 90s, 10m, 2h or 1d, found '0s'"),
        (["--for", "10"], "expected a time such as 90s, 10m, 2h or 1d, found '10'"),
        (["--max-size", "5"], "expected a size of 1M at least, such as 500M or 2G, found '5'"),
        (["--max-size", "1000K"], "expected a size of 1M at least, such as 500M or 2G, found '1000K'"),
        (["--interval", "0"], "expected seconds from 0.1 to 3600, found '0'"),
        (["--filter", "state nowhere"], "nowhere"),
        (["-o", "nowhere/"], "there is no folder nowhere/"),
        (["-o", ""], "--output: expected a file or a folder, found ''"),
        (["--netns", "nowhere"], "nowhere"),
    ],
)
def test_bad_arguments(arguments: list[str], complaint: str) -> None:
    with pytest.raises(UsageError) as refused:
        cli.run(["record", *arguments])
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()), "what is started next would take no signal"
    assert complaint in str(refused.value)
