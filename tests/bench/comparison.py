"""What it costs to keep a moment, and to compare two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.bench.report import Figure, Target, show, where
from tests.bench.snapshot import Stopwatch
from twtop.core.snapshot import snapshot
from twtop.core.table.view import Spec
from twtop.export.comparison.sections import sections
from twtop.lab.bulk import time_waits
from twtop.lab.lab import Lab
from twtop.lab.namespaces import require_namespaces
from twtop.sources.comparison.comparing import compare
from twtop.sources.comparison.kept import kept
from twtop.sources.live import LiveSource
from twtop.sources.observer import Observer

if TYPE_CHECKING:
    from twtop.sources.comparison.kept import Kept
    from twtop.sources.observer import Frame

_KEEP: Final = Target(20)
"""A key is answered in this time."""
_COMPARE: Final = Target(1000)
_APART_S: Final = 60.0
_SPECS: Final = {
    "grouped as the table is by default": Spec(),
    "every socket a group": Spec(keys=("local", "remote")),
}


def run(sockets: int, rounds: int) -> None:
    """Make sockets, and print what it costs to mark a moment and to compare it with half of them."""
    require_namespaces()
    print(f"medians of {rounds} rounds; {where()}")
    with Lab() as lab, lab.client.entered(), LiveSource() as source:
        observer = Observer(source.host)
        time_waits(lab.client, sockets)
        taken = source.take()
        # As if every other one had come since.
        before = snapshot(taken.sockets.take(slice(None, None, 2)), wall_s=taken.wall_s - _APART_S)
        first, second = (observer.observe(each) for each in (before, taken))
    _report(first, second, rounds)


def _report(first: Frame, second: Frame, rounds: int) -> None:
    clock = Stopwatch()
    for _ in range(rounds):
        with clock.time("keep"):
            marks = kept(first), kept(second)
        for name, spec in _SPECS.items():
            _compare(clock, name, marks, spec)
    sizes = [len(frame.moment.snapshot.sockets) for frame in (first, second)]
    figures = [Figure.of("mark a moment", 1000 * clock["keep"] / 2, "ms", _KEEP)]
    figures += [Figure.of(f"compare, {name}", 1000 * clock[name], "ms", _COMPARE) for name in _SPECS]
    show(f"{sizes[0]:,} sockets, then {sizes[1]:,}", figures)


def _compare(clock: Stopwatch, name: str, marks: tuple[Kept, Kept], spec: Spec) -> None:
    """Do all that the view does beside the screen's thread."""
    with clock.time(name):
        found = compare(*marks, spec)
        list(sections(found, ("A", "B")))
