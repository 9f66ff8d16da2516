"""What a reader opened on the way from one explanation to another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from twtop.knowledge.explain import explain

if TYPE_CHECKING:
    from twtop.knowledge.explanation import Explanation
    from twtop.knowledge.facts import HostFacts
    from twtop.knowledge.topics import Topic
    from twtop.ui.explanation.layout import Link


@dataclass(frozen=True, slots=True)
class Step:
    """A link that was followed, and how far down the page was then."""

    link: Link
    top: int


@dataclass(slots=True)
class Trail:
    """The explanation that the application gave, and the links followed from there, the last one shown."""

    start: Explanation | None = None
    host: HostFacts | None = None
    steps: list[Step] = field(default_factory=list)

    def restart(self, start: Explanation, host: HostFacts) -> bool:
        """Take new numbers, or a new start, which ends the trail; return whether it is a new one."""
        is_new = self.start is None or self.start.topic != start.topic
        self.start, self.host = start, host
        if is_new:
            self.steps.clear()
        return is_new

    @property
    def opened(self) -> Topic | None:
        """The topic of the last link followed, None at the start."""
        return self.steps[-1].link.topic if self.steps else None

    def shown(self) -> Explanation | None:
        """Return the explanation at the end of the trail, None where there is none yet."""
        if self.opened is None or self.host is None:
            return self.start
        return explain(self.opened, self.host)

    def copy(self) -> Trail:
        """Return a trail that goes on by itself from here."""
        return replace(self, steps=list(self.steps))
