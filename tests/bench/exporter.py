"""One scrape over HTTP against one tick of the snapshot benchmark, in turns so that both share the noise."""

from __future__ import annotations

import asyncio
import http.client
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from tests.bench.report import Figure, Target, milliseconds, show, where
from tests.bench.snapshot import Stopwatch, rest, tick
from twtop.core.states import State
from twtop.export.output import remark
from twtop.exporter.desk import LEAST_AGE_S, Desk
from twtop.exporter.listening import listen
from twtop.exporter.looks import Looks
from twtop.exporter.server import Server
from twtop.exporter.web import Web
from twtop.lab.bulk import time_waits
from twtop.lab.lab import Lab
from twtop.lab.namespaces import require_namespaces
from twtop.sources.live import LiveSource
from twtop.sources.observer import Observer
from twtop.sources.watch import OWN, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

_PER_TICK: Final = Target(1.3)
_TOP: Final = 10


def run(sockets: int, rounds: int) -> None:
    """Make the sockets and print the report."""
    require_namespaces()
    print(f"medians of {rounds} rounds; {where()}")
    with Lab() as lab:
        time_waits(lab.client, sockets)
        with lab.client.entered(), _exporter() as port:
            clock, size, count = _measure(port, rounds)
    cpu_ratio = clock["cpu scrape"] / clock["cpu tick"]
    show(
        f"{count:,} TIME-WAIT sockets",
        [
            Figure("snapshot: take, observe, group", milliseconds(clock["tick"])),
            Figure("    CPU time", milliseconds(clock["cpu tick"])),
            Figure("a scrape, asked for over HTTP", milliseconds(clock["scrape"])),
            Figure("    CPU time, with that of the client", milliseconds(clock["cpu scrape"])),
            Figure.of("  scrape / snapshot", clock["scrape"] / clock["tick"], "", _PER_TICK),
            Figure.of("  the same of CPU time", cpu_ratio, "", _PER_TICK),
            Figure("a second scrape within the second", milliseconds(clock["again"])),
            Figure("the page", f"{size:,} bytes"),
            Figure("CPU of one core, scraped every 15 s", f"{100 * clock.mean('cpu scrape') / 15:.2f} %"),
        ],
    )


def _measure(port: int, rounds: int) -> tuple[Stopwatch, int, int]:
    """Measure in the calling thread's namespace, after one round that warms up."""
    clock = Stopwatch()
    with LiveSource() as source, closing(http.client.HTTPConnection("127.0.0.1", port)) as client:
        observer = Observer(source.host)
        for number in range(rounds + 1):
            if number == 1:
                clock = Stopwatch()
            due = time.monotonic() + LEAST_AGE_S
            moment = tick(clock, source, observer)
            # A look is older than a second when it is taken again.
            time.sleep(max(0.0, due - time.monotonic()))
            rest()
            with clock.time("scrape"):
                body = _scrape(client)
            rest()
            with clock.time("again"):
                _scrape(client)
            rest()
        return clock, len(body), int(moment.snapshot.state_counts()[State.TIME_WAIT])


def _scrape(client: http.client.HTTPConnection) -> bytes:
    client.request("GET", "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    return client.getresponse().read()


@contextmanager
def _exporter() -> Iterator[int]:
    """Answer in this process, and in the calling thread's namespace; yield the port."""
    loop = asyncio.new_event_loop()
    with (
        closing(Web(None, remark)) as web,
        closing(listen("127.0.0.1:0")) as listener,
        Watch(OWN) as watch,
        Desk(Looks(watch), _TOP) as desk,
    ):
        serving = loop.create_task(Server(listener, desk, web).serve())
        thread = threading.Thread(target=_until_cancelled, args=(loop, serving))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            loop.call_soon_threadsafe(serving.cancel)
            thread.join()
            loop.close()


def _until_cancelled(loop: asyncio.AbstractEventLoop, serving: asyncio.Task[None]) -> None:
    loop.run_until_complete(asyncio.wait([serving]))
