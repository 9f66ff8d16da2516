"""What a rule found, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from twtop.knowledge.placeholders import duration

if TYPE_CHECKING:
    from twtop.core.filter import Expr


class Severity(IntEnum):
    """How bad a finding is; more is worse."""

    NOTE = 1
    """Worth knowing; nothing fails."""
    WARNING = 2
    """Something is slow, leaks, or will fail."""
    CRITICAL = 3
    """Connections fail now, or within a minute."""

    @property
    def label(self) -> str:
        """The word for it: ``note``, ``warning``, ``critical``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something to do about it."""

    text: str
    command: str = ""
    """The exact command that does it, where one does; shown, never run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or about to be; texts are without control characters."""

    rule: str
    """Name of the rule that found it."""
    family: str
    """Name of that rule's family: other rules of it may find the same thing later on."""
    subject: str
    """What it is about, the same while it lasts: a destination, a port; empty for the whole host."""
    severity: Severity
    headline: str
    """One line with the numbers of this host."""
    evidence: tuple[str, ...]
    cause: str
    check: tuple[str, ...]
    """What to look at next."""
    remedies: tuple[Remedy, ...]
    dont: tuple[str, ...]
    """Advice not to be followed, and why."""
    sysctls: tuple[str, ...]
    """Those that decide here, by their dotted names."""
    sockets: Expr
    """A filter for the sockets it is about."""
    known_s: float = 0.0
    """For how long it has been found."""
    over_s: float | None = None
    """Since when its cause is gone; None while it is there."""
    namespace: str = ""
    """The network namespace that it is about, where there are several."""

    @property
    def title(self) -> str:
        """The headline, behind the namespace where there are several."""
        return f"{self.namespace}: {self.headline}" if self.namespace else self.headline

    @property
    def state(self) -> str:
        """How bad it is, and for how long: ``warning, for 12 s``, ``over for 3 s``."""
        if self.over_s is not None:
            return f"over for {duration(round(self.over_s))}"
        return f"{self.severity.label}, for {duration(round(self.known_s))}"

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands of its remedies."""
        return tuple(remedy.command for remedy in self.remedies if remedy.command)

    @property
    def identity(self) -> tuple[str, str, str]:
        """What stays the same while numbers change."""
        return self.namespace, self.family, self.subject
