"""The two moments that the user marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from twtop.sources.comparison.kept import Kept

Name: TypeAlias = Literal["A", "B"]


class Marks:
    """Which moments are marked; each mark is at one moment at most."""

    def __init__(self) -> None:
        self._kept: dict[Name, Kept] = {}

    def put(self, name: Name, kept: Kept) -> None:
        """Set a mark, or move it."""
        # Another one, so that who reads it in another thread sees both as they were together.
        self._kept = {**self._kept, name: kept}

    @property
    def kept(self) -> dict[Name, Kept]:
        """What is kept of each moment that is marked; not to be changed."""
        return self._kept

    @property
    def wall_times(self) -> list[tuple[Name, float]]:
        """Unix time of each mark that is set, in the order of time."""
        times: list[tuple[Name, float]] = [(name, kept.wall_s) for name, kept in self._kept.items()]
        return sorted(times, key=lambda mark: (mark[1], mark[0]))
