"""How certain it is that an owner is the right one."""

from __future__ import annotations

from enum import IntEnum


class Certainty(IntEnum):
    """By what an owner was found; ``word`` stands before the owner's name."""

    UNKNOWN = 0
    HELD = 1
    """It holds the socket now."""
    WAS = 2
    """It held the connection with the same cookie."""
    PORTS = 3
    """It held an earlier connection between the same two ends."""
    LISTENER = 4
    """It listens on the local port."""
    LIKELY = 5
    """It alone holds other connections to the same remote end."""

    @property
    def is_exact(self) -> bool:
        """Whether the socket itself was seen in its owner's hands."""
        return self in (Certainty.HELD, Certainty.WAS)

    @property
    def word(self) -> str:
        """What stands before the name of an owner of this certainty."""
        return _WORDS[self]

    @property
    def label(self) -> str:
        """What it is called where no owner's name follows: ``held``, ``unknown``, else its word."""
        return {Certainty.UNKNOWN: "unknown", Certainty.HELD: "held"}.get(self, self.word)


_WORDS = {
    Certainty.UNKNOWN: "?",
    Certainty.HELD: "",
    Certainty.WAS: "was",
    Certainty.PORTS: "earlier",
    Certainty.LISTENER: "listener",
    Certainty.LIKELY: "likely",
}
