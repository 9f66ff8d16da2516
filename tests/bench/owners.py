"""Whose every socket is, among many processes: the first answer against ``ss -tanp``, and then every tick."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import psutil

from tests.bench.report import Figure, Target, milliseconds, show, where
from tests.bench.snapshot import Stopwatch
from twtop.core.lookup import find
from twtop.lab.bulk import time_waits
from twtop.lab.crowd import Crowd
from twtop.lab.lab import Lab
from twtop.lab.namespaces import require_namespaces
from twtop.sources.live import LiveSource
from twtop.sources.observer import Observer
from twtop.sources.owners.finder import BURST_S, CPU_SHARE, OwnerFinder

PER_SECOND: Final = 1000
"""New connections of the busy processes."""
BUSY: Final = 10
"""One process in so many makes them, so that they last a second or two."""

_PER_SS: Final = Target(3, at_least=True)
_TICK_S: Final = 1.0
_SETTLING_TICKS: Final = 3
"""Whatever credit is left from the start is used up in these."""


def run(processes: int, descriptors: int, sockets: int, rounds: int, ticks: int) -> None:
    """Make the processes and the sockets, and print both reports."""
    require_namespaces()
    print(f"medians of {rounds} rounds; {where()}", flush=True)
    busy = -(-processes // BUSY)
    with (
        Lab() as lab,
        Crowd(lab.client, processes, descriptors, busy=busy, per_second=PER_SECOND) as crowd,
        lab.client.entered(),
    ):
        time_waits(lab.client, sockets)
        _report_first(processes, rounds)
        with _Ticks() as quiet:
            measured = quiet.measure(ticks)
        crowd.churn()
        with _Ticks() as hurried:
            measured_busy = hurried.measure(ticks)
        _report_ticks(measured, measured_busy, busy, ticks)


def _report_first(processes: int, rounds: int) -> None:
    clock = Stopwatch()
    ss_cpu: list[float] = []
    before = psutil.Process().memory_info().rss
    with LiveSource() as source:
        kept = source.take()
        for _ in range(rounds):
            with clock.time("all"):
                with clock.time("complete"):
                    finder = OwnerFinder()
                    finder.start()
                    taken = source.take()
                    finder.look_for(taken.sockets)
                    while finder.holdings().looking:
                        time.sleep(0.001)
                with clock.time("attribute"):
                    frame = Observer(source.host).observe(taken, finder.holdings())
            finder.stop()
            with clock.time("take"):
                source.take()
            before_ss = resource.getrusage(resource.RUSAGE_CHILDREN)
            with clock.time("ss"):
                subprocess.run(["ss", "-tanp"], stdout=subprocess.DEVNULL, check=True)
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            ss_cpu.append(used.ru_utime + used.ru_stime - before_ss.ru_utime - before_ss.ru_stime)
    grown = psutil.Process().memory_info().rss - before
    owned = frame.moment.snapshot.sockets
    held = int(np.count_nonzero(owned.inode))
    known = int(np.count_nonzero(owned.owner[owned.inode != 0]))
    ss, first = clock["ss"], clock["all"]
    show(
        f"{len(kept.sockets):,} sockets, {held:,} of them held by {processes:,} processes: the first answer",
        [
            Figure("owners known", f"{known:,} of {held:,}"),
            Figure("snapshot, owners, attribution, findings", _times(first, clock["cpu all"])),
            Figure("ss -tanp > /dev/null", _times(ss, statistics.median(ss_cpu))),
            Figure.of("  ss / twtop", ss / first, "", _PER_SS),
            Figure("of it: snapshot and owners, side by side", milliseconds(clock["complete"])),
            Figure("    the snapshot alone, for comparison", milliseconds(clock["take"])),
            Figure("of it: attribution and findings", milliseconds(clock["attribute"])),
            Figure("memory of the finder's arrays", f"{finder.nbytes / 1e6:.2f} MB"),
            Figure("memory grown by, everything included", f"{grown / 1e6:.1f} MB"),
        ],
    )


def _times(wall_s: float, cpu_s: float) -> str:
    return f"{milliseconds(wall_s)} ({milliseconds(cpu_s)} CPU)"


class Measured(NamedTuple):
    """A number of ticks."""

    cpu_ms: float
    """CPU time of the finder's thread, a second."""
    tell_ms: float
    """CPU time that telling it of a snapshot takes the teller."""
    known: float
    """Share of the held sockets of a snapshot whose holder was known a tick later."""
    new: float
    """Held sockets that were not in the snapshot before, a tick."""


class _Ticks:
    """A finder that is told of a snapshot every second."""

    def __init__(self) -> None:
        self._finder = OwnerFinder()
        self._source = LiveSource()

    def __enter__(self) -> _Ticks:
        self._finder.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._finder.stop()
        self._source.close()

    def measure(self, ticks: int) -> Measured:
        tell: list[float] = []
        known: list[float] = []
        new: list[int] = []
        inode = np.zeros(0, np.uint32)
        start_s = start_cpu_s = 0.0
        due_s = time.monotonic()
        settling = min(_SETTLING_TICKS, ticks)
        for number in range(settling + ticks + 1):
            sockets = self._source.take().sockets
            if number == settling:
                start_s, start_cpu_s = time.monotonic(), self._cpu_s()
            holdings = self._finder.holdings()
            if len(inode) and number > settling:
                known.append(float(np.mean(find(inode, holdings.inode)[1])))
            before, inode = inode, np.unique(sockets.inode[sockets.inode != 0])
            new.append(int(np.count_nonzero(~find(inode, before)[1])))
            cpu_s = time.thread_time()
            self._finder.look_for(sockets)
            tell.append(time.thread_time() - cpu_s)
            due_s += _TICK_S
            time.sleep(max(0.0, due_s - time.monotonic()))
        cpu_s, wall_s = self._cpu_s() - start_cpu_s, time.monotonic() - start_s
        return Measured(
            1000 * cpu_s / wall_s,
            1000 * statistics.median(tell),
            statistics.fmean(known),
            statistics.fmean(new[settling + 1 :]),
        )

    def _cpu_s(self) -> float:
        thread = Path(f"/proc/self/task/{self._finder._thread.native_id}/schedstat")
        return int(thread.read_text().split()[0]) / 1e9


def _report_ticks(quiet: Measured, hurried: Measured, busy: int, ticks: int) -> None:
    # In so short a time, what was saved up before counts too.
    with_burst = Target(1000 * (CPU_SHARE + BURST_S / ticks))
    show(
        f"{ticks} ticks, told of a snapshot once a second",
        [
            Figure.of("CPU of the finder, quiet", quiet.cpu_ms, "ms/s", Target(1000 * CPU_SHARE)),
            Figure("  owners known a tick later", f"{quiet.known:.2%}"),
            Figure.of(
                f"CPU, {PER_SECOND:,} connections/s in {busy} processes", hurried.cpu_ms, "ms/s", with_burst
            ),
            Figure("  new sockets in a snapshot", f"{hurried.new:,.0f}"),
            Figure("  owners known a tick later", f"{hurried.known:.2%}"),
            Figure("CPU of telling it of a snapshot", f"{hurried.tell_ms:.2f} ms"),
        ],
    )
