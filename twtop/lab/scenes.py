"""Small things that happen again and again, each at its own pace, in one thread and nearly no CPU time."""

from __future__ import annotations

import heapq
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from twtop.lab.host import Socket

Act: TypeAlias = "Callable[[], Sequence[Socket]]"
"""Does one thing and returns the sockets that stay open for a while, in the order they will be closed."""

_JITTER: Final = 0.3


@dataclass(frozen=True, slots=True)
class Scene:
    """An act, repeated about every ``every_s`` seconds, with the sockets of the last ``keep`` acts open."""

    act: Act
    every_s: float
    keep: int = 0
    at_start: int = 1
    _open: deque[Sequence[Socket]] = field(default_factory=deque)

    def step(self) -> None:
        """Act once, and close what has been open for longest."""
        # Ports run out and queues fill: a busy host lives with that, and so does its play.
        with suppress(OSError):
            self._open.append(self.act())
        while len(self._open) > self.keep:
            for old in self._open.popleft():
                old.close()


def play(scenes: Sequence[Scene], random: Random) -> NoReturn:
    """Repeat all scenes until the process is ended; a scene that is late does not catch up."""
    for scene in scenes:
        for _ in range(scene.at_start):
            scene.step()
    now = time.monotonic()
    agenda = [(now + random.random() * scene.every_s, number) for number, scene in enumerate(scenes)]
    heapq.heapify(agenda)
    while True:
        due, number = agenda[0]
        time.sleep(max(0.0, due - time.monotonic()))
        scenes[number].step()
        pause = scenes[number].every_s * random.uniform(1 - _JITTER, 1 + _JITTER)
        heapq.heapreplace(agenda, (max(due + pause, time.monotonic()), number))
