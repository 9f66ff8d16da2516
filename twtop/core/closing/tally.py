"""What came of closing sockets, counted while it goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Numbers of sockets; one thread counts, another may look at them at any time."""

    total: int
    """As many as were to be closed."""
    closed: int = 0
    gone: int = 0
    """They had ended by themselves, or their cookie was not found any more."""
    changed: Counter[str] = field(default_factory=Counter)
    """By what they have become, which nobody had agreed to close."""
    refused: Counter[str] = field(default_factory=Counter)
    """By what the kernel answered."""
    unlogged: str | None = None
    """Why the system log did not take it; None if it did."""
    stopping: bool = False
    """Whether the user wants no more to be closed."""
    ended: bool = False

    @property
    def done(self) -> int:
        """How many have been dealt with."""
        return self.closed + self.gone + self.changed.total() + self.refused.total()

    @property
    def left(self) -> int:
        """How many have not."""
        return self.total - self.done
