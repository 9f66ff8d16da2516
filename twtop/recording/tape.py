"""What a recording consists of, whether it is in memory or in a file.

A look is one instant of one namespace, or of several side by side. A key look can be decoded by itself, any
other only after all those since the last key look: together they are a chapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

KEY_EVERY_S: Final = 60.0
"""How often there is a key look."""


class Stream(NamedTuple):
    """A network namespace that looks are about; every text is fit for a terminal."""

    number: int
    name: str
    """What it is called among others."""
    hostname: str
    kernel: str
    label: str
    """What it is called where it is looked at alone."""
    namespaced: bool
    """It is not the one that the machine started with."""


class Part(NamedTuple):
    """What a look saw of one namespace."""

    stream: int
    """Number of the namespace."""
    body: bytes
    """An encoded snapshot; empty where it was not read, or is as it was."""
    problem: str = ""
    """Why it could not be read."""
    rests: bool = False
    """It has no sockets and was not looked at: what was read before still counts."""


class Look(NamedTuple):
    """One instant."""

    wall_s: float
    """Unix time."""
    instant_s: float
    """Monotonic time of the same moment."""
    is_key: bool
    several: bool
    """All namespaces were looked at, side by side."""
    sockets: int
    """How many there were in all."""
    parts: tuple[Part, ...]
    """Every namespace that was there."""

    @property
    def size(self) -> int:
        """How many bytes are to be kept of it."""
        return sum(len(part.body) + len(part.problem) for part in self.parts)


class Mark(NamedTuple):
    """Something worth finding again on a time line."""

    wall_s: float
    kind: str
    """``found``, ``worse``, ``over`` of a finding; ``failure`` of a look or of the recording itself."""
    severity: int
    """Of a finding (`twtop.diagnosis.finding.Severity`), else 0."""
    text: str
    """Fit for a terminal."""

    @property
    def is_trouble(self) -> bool:
        """Whether a finding came or got worse then."""
        return self.kind in {"found", "worse"}


def trouble_s(marks: Iterable[Mark]) -> list[float]:
    """Return the Unix times at which findings came or got worse."""
    return [mark.wall_s for mark in marks if mark.is_trouble]


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Equally long columns, a row for each look, the oldest first."""

    number: NDArray[np.int64]
    """By which the tape knows a look: ascending, and never used for another one."""
    wall_s: NDArray[np.float64]
    is_key: NDArray[np.bool_]
    sockets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.number)


class Tape(Protocol):
    """Looks that can be read again, in any order; what is in memory grows at one end and loses the other."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    @property
    def filter(self) -> str:
        """The filter that the sockets were recorded with; empty where all were."""

    def index(self) -> Index:
        """Return what there is now."""

    def look(self, number: int) -> Look:
        """Return one look; raises RecordingError where it is damaged, or not there any more."""

    def stream(self, number: int) -> Stream:
        """Return what is known of a namespace; raises RecordingError where nothing is."""

    def marks(self) -> Sequence[Mark]:
        """Return all marks, the oldest first."""


class Sink(Protocol):
    """Where looks go while they are taken."""

    @property
    def wants_key(self) -> bool:
        """Whether the next look must be a key look: there is none yet, or one got lost."""

    def add(self, look: Look, streams: Mapping[int, Stream], marks: Sequence[Mark]) -> None:
        """Keep a look, and what happened since the one before; ``streams``: all that it is about."""
