"""One tick without the screen, against ``ss`` and against the floor, in turns so that all share the noise."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tests.bench.floor import Drain
from tests.bench.report import Figure, Target, milliseconds, show, where
from twtop.core.changes import follow
from twtop.core.ports.usage import port_usage
from twtop.core.snapshot import snapshot
from twtop.core.states import ALL_STATES, State
from twtop.core.table.view import Spec, view
from twtop.kernel.sockdiag.dumps import SockDiag
from twtop.lab.bulk import alternating, time_waits
from twtop.lab.lab import Lab
from twtop.lab.namespaces import require_namespaces
from twtop.sources.live import LiveSource
from twtop.sources.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.changes import Moment
    from twtop.lab.host import Host

_CONNECTED: Final = ALL_STATES & ~State.LISTEN.bit & ~State.UNCONN.bit
_PER_SS: Final = Target(5, at_least=True)
_REST_S: Final = 0.1


class Stopwatch:
    """Seconds by name, taken as often as there are rounds: of a clock, and as ``cpu`` of CPU time.

    That of children counts when they have ended. Where others are at work, too, only CPU time tells much.
    """

    def __init__(self) -> None:
        self._taken: defaultdict[str, list[float]] = defaultdict(list)

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), _cpu_s()
        yield
        self._taken[name].append(time.perf_counter() - wall)
        self._taken[f"cpu {name}"].append(_cpu_s() - cpu)

    def __getitem__(self, name: str) -> float:
        return statistics.median(self._taken[name])

    def mean(self, name: str) -> float:
        return statistics.fmean(self._taken[name])


def _cpu_s() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def run(sockets: int, alternate: int, rounds: int) -> None:
    """Make the sockets and print both reports."""
    require_namespaces()
    print(f"medians of {rounds} rounds, one a second; {where()}")
    with Lab() as lab:
        time_waits(lab.client, sockets)
        _report("TIME-WAIT sockets", lab.client, rounds, Target(2.5))
    with Lab() as lab:
        alternating(lab.client, alternate)
        _report("sockets whose states alternate", lab.client, rounds, Target(4))


def _report(what: str, host: Host, rounds: int, per_floor: Target) -> None:
    with host.entered():
        clock, count = _measure(rounds)
    tick, ss, floor = clock["tick"], clock["ss"], clock["floor"]
    cpu_tick, cpu_ss, cpu_floor = clock["cpu tick"], clock["cpu ss"], clock["cpu floor"]
    others = clock["take"] - clock["dump"] - clock["snapshot"]
    observed = clock["observe"] - clock["follow"] - clock["ports"]
    show(
        f"{count:,} {what}",
        [
            Figure("twtop: take, observe, group", f"{milliseconds(tick)}  {count / tick:>11,.0f}/s"),
            Figure("ss -tanoH > /dev/null", milliseconds(ss)),
            Figure.of("  ss / twtop", ss / tick, "", _PER_SS),
            Figure("  the same in CPU time", _ratio(cpu_ss, cpu_tick)),
            Figure("floor: the dump received and dropped", milliseconds(floor)),
            Figure.of("  twtop / floor", tick / floor, "", per_floor),
            Figure("  the same in CPU time", _ratio(cpu_tick, cpu_floor)),
            Figure("CPU of one core at 1 Hz", f"{100 * clock.mean('cpu tick'):.1f} %"),
            Figure("of the tick: take a snapshot", milliseconds(clock["take"])),
            Figure("    of it: dump and decode", milliseconds(clock["dump"])),
            Figure("    of it: derive and de-duplicate", milliseconds(clock["snapshot"])),
            Figure("    of it: bound and UDP sockets, /proc", milliseconds(others)),
            Figure("of the tick: observe", milliseconds(clock["observe"])),
            Figure("    of it: follow what changed", milliseconds(clock["follow"])),
            Figure("    of it: port budgets", milliseconds(clock["ports"])),
            Figure("    of it: counters, flow, findings", milliseconds(observed)),
            Figure("of the tick: group", milliseconds(clock["group"])),
        ],
    )


def _ratio(more_s: float, less_s: float) -> str:
    return f"{milliseconds(more_s)} / {milliseconds(less_s)} = {more_s / less_s:.2f} "


def _measure(rounds: int) -> tuple[Stopwatch, int]:
    """Measure in the calling thread's namespace, after one round that warms up."""
    clock = Stopwatch()
    before: Moment | None = None
    with LiveSource() as source, SockDiag() as diag, Drain(_CONNECTED) as drain:
        observer = Observer(source.host)
        for number in range(rounds + 1):
            if number == 1:
                clock = Stopwatch()
            # The pace of the screen: what is read less often than every second must not count more or less.
            due = time.monotonic() + 1
            rest()
            moment = tick(clock, source, observer)
            with clock.time("follow"):
                before = follow(before, moment.snapshot)
            with clock.time("ports"):
                port_usage(moment.snapshot)
            # Right after others it would be warmer than in the tick.
            rest()
            with clock.time("dump"):
                sockets = diag.dump_tcp(_CONNECTED).sockets
            with clock.time("snapshot"):
                snapshot(sockets, sysctls=moment.snapshot.sysctls)
            rest()
            with clock.time("floor"):
                drain.dump()
            rest()
            with clock.time("ss"):
                subprocess.run(["ss", "-tanoH"], stdout=subprocess.DEVNULL, check=True)
            time.sleep(max(0.0, due - time.monotonic()))
        return clock, len(sockets)


def rest() -> None:
    """Wait, so that whoever comes next begins as cold as whoever came before."""
    time.sleep(_REST_S)


def tick(clock: Stopwatch, source: LiveSource, observer: Observer) -> Moment:
    """Take a snapshot, observe and group it."""
    with clock.time("tick"):
        with clock.time("take"):
            taken = source.take()
        with clock.time("observe"):
            frame = observer.observe(taken)
        with clock.time("group"):
            view(frame.moment, Spec())
    return frame.moment
