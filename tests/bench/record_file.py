"""What ``twtop record`` costs as a whole, and how large its file becomes."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import psutil

from tests.bench.fed import fed
from tests.bench.feeder import LIFE_S
from tests.bench.record_codec import pair
from tests.bench.report import Figure, Target, show
from tests.pty.terminal import ROOT, python
from twtop.lab.lab import Lab
from twtop.recording.codec.decoder import Decoder
from twtop.recording.file.reader import open_tape
from twtop.recording.tape import KEY_EVERY_S

if TYPE_CHECKING:
    from twtop.lab.host import Host

_CPU: Final = Target(25)
_PER_SOCKET: Final = Target(40)
_QUIET_MB: Final = Target(1)
_QUIET: Final = 500
_SETTLING: Final = 6
"""Looks at the start."""
_STARTING_S: Final = 4.0
"""Python starts, and the first pass over the processes is made, once."""


class _Recorded(NamedTuple):
    cpu_share: float
    memory: int
    key_size: int
    """Bytes of the key look."""
    sockets: int
    """Those of the key look."""
    looks: int
    """Others, after those at the start."""
    size: int
    """What these take in the file, with their share of what is around all."""
    born: int
    """New sockets that these saw."""


def run(sockets: int, rounds: int, warm_up_s: float = LIFE_S + 5, starting_s: float = _STARTING_S) -> None:
    """Record a busy host and a quiet one, and print what that took."""
    with Lab() as lab, fed(lab.client, sockets, warm_up_s):
        _report_busy(_record(lab.client, rounds, starting_s))
    with Lab() as lab, ExitStack() as held:
        with lab.client.entered():
            for _ in range(_QUIET // 2):
                for end in pair():
                    held.enter_context(end)
        _report_quiet(_record(lab.client, rounds, starting_s))


def _record(host: Host, rounds: int, starting_s: float) -> _Recorded:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bench.twtop")
        with host.entered():
            recorder = subprocess.Popen(
                python("twtop", "record", "-o", str(path)), cwd=ROOT, stderr=subprocess.PIPE
            )
        assert recorder.stderr is not None
        try:
            # It says so when it begins; until then a busy machine takes its time.
            recorder.stderr.readline()
            process = psutil.Process(recorder.pid)
            time.sleep(starting_s)
            start, cpu_s = time.monotonic(), sum(process.cpu_times()[:2])
            time.sleep(rounds)
            cpu_share = (sum(process.cpu_times()[:2]) - cpu_s) / (time.monotonic() - start)
            memory = process.memory_info().rss
            recorder.send_signal(signal.SIGTERM)
            recorder.wait()
        finally:
            recorder.kill()
            recorder.communicate()
        return _read(path, cpu_share, memory)


def _read(path: Path, cpu_share: float, memory: int) -> _Recorded:
    decoder = Decoder()
    born, before = [], np.zeros(0, np.uint64)
    with closing(open_tape(path)) as tape:
        looks = [tape.look(number) for number in tape.index().number.tolist()]
    for look in looks:
        cookies = decoder.decode(look.parts[0].body).sockets.cookie
        born.append(int(np.count_nonzero(~np.isin(cookies, before))))
        before = cookies
    around = (path.stat().st_size - sum(look.size for look in looks)) // len(looks)
    # The owners of the sockets that were there before are told once, when they are found.
    settled = looks[min(_SETTLING, len(looks) // 2) :]
    size = sum(look.size + around for look in settled)
    key = looks[0]
    return _Recorded(cpu_share, memory, key.size, key.sockets, len(settled), size, sum(born[-len(settled) :]))


def _report_busy(recorded: _Recorded) -> None:
    told = recorded.size / max(1, recorded.born)
    share = recorded.key_size / max(1, recorded.sockets) * LIFE_S / KEY_EVERY_S
    rate = recorded.born / max(1, recorded.looks)
    show(
        f"twtop record: {recorded.sockets:,} sockets, {rate:,.0f} new in each look",
        [
            Figure.of("CPU of one core, everything included", 100 * recorded.cpu_share, "%", _CPU),
            Figure("resident memory", f"{recorded.memory / 1e6:,.0f} MB"),
            Figure.of("bytes in the file per new socket", told + share, "", _PER_SOCKET),
            Figure("    of it: its share of the key looks", f"{share:.1f}"),
            Figure("a minute", f"{(told + share) * rate * 60 / 1e6:,.1f} MB"),
        ],
    )


def _report_quiet(recorded: _Recorded) -> None:
    per_minute = recorded.size / recorded.looks * 60 + recorded.key_size * 60 / KEY_EVERY_S
    show(
        f"twtop record: {recorded.sockets:,} sockets of which none is new",
        [
            Figure("CPU of one core, everything included", f"{100 * recorded.cpu_share:.1f} %"),
            Figure.of("a minute in the file", per_minute / 1e6, "MB", _QUIET_MB),
        ],
    )
