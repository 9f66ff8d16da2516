"""What a stream tells of one look, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from twtop.core.table.turnover import turnover
from twtop.core.table.view import view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.table.turnover import Turnover
    from twtop.core.table.view import Spec, View
    from twtop.sources.panorama import Looked


@dataclass(frozen=True)
class Wanted:
    """What the user wants to read."""

    spec: Spec
    grouped: bool
    """Whether groups are told, by the keys of ``spec``, or states alone."""
    limit: int | None = None
    """How many groups of each level are told; None for all."""


@dataclass(frozen=True)
class Instant:
    """One look, seen as the user wants it."""

    looked: Looked
    wanted: Wanted

    @cached_property
    def view(self) -> View:
        """What matches, grouped."""
        return view(self.looked.moment, self.wanted.spec)

    @cached_property
    def turnover(self) -> Turnover:
        """What came and went of all that matches."""
        return turnover(self.view)

    def per_s(self, count: int) -> float | None:
        """Return so many since the look before as a rate; None for the first look."""
        seconds = self.looked.moment.seconds
        return round(count / seconds, 3) if seconds > 0 else None


class Format(Protocol):
    """How looks are written."""

    def texts(self, instant: Instant) -> Iterator[str]:
        """Yield what one look is; the first one may have a header."""
        ...
