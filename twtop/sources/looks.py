"""The running kernel looked at time after time, for whoever goes through the looks one by one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final, TypeAlias

from twtop.errors import KernelError
from twtop.sources.owners.finder import CPU_SHARE, OwnerFinder
from twtop.sources.panorama import Looked
from twtop.sources.watch import ALL, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from twtop.core.names.labels import Labels
    from twtop.kernel.sockdiag.bytecode import KernelFilter
    from twtop.sources.watch import Chosen


@dataclass(frozen=True, slots=True)
class Missed:
    """A look that failed; the next one is tried all the same."""

    wall_s: float
    """Unix time."""
    reason: str


Look: TypeAlias = Looked | Missed

_FIRST_OWNERS_S: Final = 5.0
"""How long the first look waits at most until all processes were looked at."""
_OWNERS_S: Final = 1.0
"""How long another one waits for the owners of new sockets; nobody else looks until the next one."""


def live_looks(
    chosen: Chosen,
    labels: Labels,
    interval_s: float,
    pause: Callable[[float], None],
    *,
    owners: bool = False,
    owners_share: float = CPU_SHARE,
    wanted: KernelFilter | None = None,
) -> Generator[Look, None, None]:
    """Look now and at every multiple of the interval from now, until the generator is closed.

    Whoever takes longer than the interval, for looking or for using the look, misses those in between.
    ``pause`` waits so many seconds. With ``owners`` processes are looked at, all of them before the first
    look is told. With ``wanted`` the kernel copies only what it may match (see `Watch`).

    Raises:
        KernelError: the first look fails.
    """
    finder = OwnerFinder(owners_share) if owners else None
    try:
        if finder is not None:
            finder.start()
            if chosen == ALL:
                _find_first(finder)
        with Watch(chosen, labels, wanted) as watch:
            start = time.monotonic()
            yield watch.look(finder, _FIRST_OWNERS_S)
            number = 0
            while True:
                number = max(number + 1, ceil((time.monotonic() - start) / interval_s))
                pause(max(0.0, start + number * interval_s - time.monotonic()))
                try:
                    yield watch.look(finder, min(_OWNERS_S, interval_s / 4))
                except KernelError as error:
                    yield Missed(time.time(), str(error))
    finally:
        if finder is not None:
            finder.stop()


def _find_first(finder: OwnerFinder) -> None:
    """Let it look at all processes for the sockets of all namespaces: those are not waited for one by one."""
    with Watch(ALL) as watch:
        finder.find(watch.look().moment.snapshot.sockets, _FIRST_OWNERS_S)
