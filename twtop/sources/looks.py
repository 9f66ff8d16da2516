"""The running kernel looked at time after time, for whoever goes through the looks one by one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final, TypeAlias

from twtop.errors import KernelError
from twtop.sources.owners.finder import CPU_SHARE, OwnerFinder
from twtop.sources.panorama import Looked
from twtop.sources.watch import Watch

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
"""How long the first look waits for the first pass over the processes, at most."""
_POLL_S: Final = 0.02


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
    ``pause`` waits so many seconds. With ``owners`` processes are looked at, once before the first look and
    beside all others. With ``wanted`` the kernel copies only what it may match (see `Watch`).

    Raises:
        KernelError: the first look fails.
    """
    finder = OwnerFinder(owners_share) if owners else None
    try:
        if finder is not None:
            _find_first(finder, chosen, pause)
        with Watch(chosen, labels, wanted) as watch:
            start = time.monotonic()
            yield _seen(watch, finder)
            number = 0
            while True:
                number = max(number + 1, ceil((time.monotonic() - start) / interval_s))
                pause(max(0.0, start + number * interval_s - time.monotonic()))
                try:
                    yield _seen(watch, finder)
                except KernelError as error:
                    yield Missed(time.time(), str(error))
    finally:
        if finder is not None:
            finder.stop()


def _seen(watch: Watch, finder: OwnerFinder | None) -> Looked:
    looked = watch.look(None if finder is None else finder.holdings())
    if finder is not None:
        finder.look_for(looked.moment.snapshot.sockets)
    return looked


def _find_first(finder: OwnerFinder, chosen: Chosen, pause: Callable[[float], None]) -> None:
    """Let it look at all processes for the sockets that there are now."""
    with Watch(chosen) as watch:
        finder.look_for(watch.look().moment.snapshot.sockets)
    finder.start()
    until = time.monotonic() + _FIRST_OWNERS_S
    while finder.holdings().looking and time.monotonic() < until:
        pause(_POLL_S)
