"""What the screen costs and how fast it answers, in a terminal of its own, while TIME-WAITs come and go."""

from __future__ import annotations

import compileall
import re
import select
import statistics
import time
from contextlib import ExitStack
from typing import Final, NamedTuple

import psutil

from tests.bench.fed import fed
from tests.bench.report import Figure, Target, show, where
from tests.pty.terminal import ROOT, Terminal, python
from twtop.lab.crowd import Crowd
from twtop.lab.lab import Lab
from twtop.lab.namespaces import require_namespaces

SIZES: Final = ((80, 24), (200, 50))
MANY: Final = 10_000
"""From so many sockets on, the targets are those for 300,000, below those for 200."""

_HAS_DATA: Final = re.compile(r"TIME-WAIT +[1-9][\d,.]*\w?")
_WARM_UP_S: Final = 4.0
_WINDOW_S: Final = 12.0
_KEYS: Final = "jk" * 10
_KEY_GAP_S: Final = 0.37
"""No divisor of a second, so that keys meet every part of a tick."""


class Targets(NamedTuple):
    """What the figures shall be, the bytes by width of the terminal."""

    cpu: Target
    memory: Target
    first_data: Target
    bytes_per_s: dict[int, Target]
    key: Target = Target(50)


FEW_SOCKETS: Final = Targets(Target(3), Target(85), Target(0.8), {80: Target(1.5)})
MANY_SOCKETS: Final = Targets(Target(35), Target(160), Target(1.2), {80: Target(4), 200: Target(8)})
AMONG_PROCESSES: Final = MANY_SOCKETS._replace(cpu=Target(45))
"""With owners to be found among thousands of processes."""


class Probe(Terminal):
    """A terminal that measures what runs in it."""

    def watch(self, seconds: float) -> None:
        """Read what comes for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read()

    def answer_s(self, key: str) -> float:
        """Press a key; return the seconds until the first byte comes back."""
        start = time.perf_counter()
        self.send(key)
        select.select([self._master], [], [], 5)
        return time.perf_counter() - start

    @property
    def tree(self) -> list[psutil.Process]:
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    @property
    def cpu_s(self) -> float:
        return float(sum(sum(process.cpu_times()[:4]) for process in self.tree))

    @property
    def memory_mb(self) -> float:
        """Resident memory: the proportional share would leave out what this process happens to share."""
        return float(sum(process.memory_info().rss for process in self.tree)) / 1e6


def run(sockets: int, processes: int, descriptors: int) -> None:
    """Bring up so many TIME-WAITs, and processes that hold others; report on each size of terminal."""
    require_namespaces()
    # An installed twtop is compiled, and so is one that ran before, unless Python is told not to keep it.
    compileall.compile_dir(ROOT / "twtop", quiet=1)
    targets = AMONG_PROCESSES if processes else MANY_SOCKETS if sockets >= MANY else FEW_SOCKETS
    print(f"{where()}; shared with what feeds the sockets and what plays the terminal")
    with Lab() as lab, ExitStack() as others:
        if processes:
            print(f"{processes:,} processes hold {descriptors:,} sockets besides", flush=True)
            others.enter_context(Crowd(lab.client, processes, descriptors))
        others.enter_context(fed(lab.client, sockets))
        others.enter_context(lab.client.entered())
        for columns, rows in SIZES:
            _measure(columns, rows, targets)


def _measure(columns: int, rows: int, targets: Targets) -> None:
    start = time.perf_counter()
    with Probe(python("twtop"), columns=columns, rows=rows) as terminal:
        terminal.wait("the first data", lambda: _HAS_DATA.search(terminal.text))
        first_data = time.perf_counter() - start
        terminal.watch(_WARM_UP_S)
        wall, cpu, written = time.perf_counter(), terminal.cpu_s, len(terminal.output)
        terminal.watch(_WINDOW_S)
        wall = time.perf_counter() - wall
        cpu, written = terminal.cpu_s - cpu, len(terminal.output) - written
        answers, memory = [], []
        for key in _KEYS:
            terminal.watch(_KEY_GAP_S)
            answers.append(terminal.answer_s(key))
            memory.append(terminal.memory_mb)
        shown = _HAS_DATA.search(terminal.text)
        terminal.send("q")
        terminal.wait_exit()
    rate = written / wall / 1000
    target = targets.bytes_per_s.get(columns)
    show(
        f"{columns}x{rows}: {shown[0] if shown else 'no data'}",
        [
            Figure.of("CPU of one core", 100 * cpu / wall, "%", targets.cpu),
            Figure.of("memory, median", statistics.median(memory), "MB", targets.memory),
            Figure.of("memory, highest", max(memory), "MB", targets.memory),
            Figure.of(f"key to answer, worst of {len(answers)}", 1000 * max(answers), "ms", targets.key),
            Figure.of("written to the terminal", rate, "KB/s", target)
            if target
            else Figure("written to the terminal", f"{rate:.3g} KB/s"),
            Figure.of("start to first data", first_data, "s", targets.first_data),
        ],
    )
