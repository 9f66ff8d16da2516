"""The kernel's counters in the order in which they are shown, each with what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from twtop.core.counters import is_gauge
from twtop.diagnosis.rules import RULES
from twtop.knowledge.counter_pages import counter_pages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twtop.core.counter_history import CounterCourse, Movement
    from twtop.knowledge.counter_pages import CounterPage

_FILES: Final = {"Tcp": "snmp", "TcpExt": "netstat"}
"""Files of /proc/net by the names they give; those of sockstat begin with that of the file."""


@dataclass(frozen=True, slots=True)
class Row:
    """One counter; ``movement`` is None where the kernel has no such counter, and ``lack`` says why."""

    name: str
    movement: Movement | None
    lack: str = ""

    @property
    def page(self) -> CounterPage:
        """What is said about it."""
        return counter_pages()[self.name]

    @property
    def is_gauge(self) -> bool:
        """Whether it has values and changes in place of rates."""
        return is_gauge(self.name)


@dataclass(frozen=True, slots=True)
class Listing:
    """All counters: those that moved first, then the gauges, then those that did not move or are missing."""

    moved: tuple[Row, ...]
    gauges: tuple[Row, ...]
    unmoved: tuple[Row, ...]
    unreadable: tuple[str, ...]
    """What could not be read, one line each."""


def listing(course: CounterCourse) -> Listing:
    """Put the counters in order."""
    here = [name for name in counter_pages() if name in course.now.counters]
    missing = [name for name in counter_pages() if name not in course.now.counters]
    moved, unmoved = course.in_order_of_movement(name for name in here if not is_gauge(name))

    def rows(names: Iterable[str]) -> tuple[Row, ...]:
        return tuple(Row(name, course.movement(name)) for name in names)

    return Listing(
        moved=rows(moved),
        gauges=rows(filter(is_gauge, here)),
        unmoved=(*rows(unmoved), *(Row(name, None, _lack(name, course)) for name in missing)),
        unreadable=course.unreadable,
    )


@cache
def rules_using(name: str) -> tuple[str, ...]:
    """Return the names of the rules that look at a counter."""
    return tuple(rule.name for rule in RULES.values() if name in (*rule.inputs, *rule.helped_by))


def _lack(name: str, course: CounterCourse) -> str:
    group = name.partition(".")[0]
    file = _FILES.get(group, group)
    if any(problem.startswith(f"{file}:") for problem in course.unreadable):
        return f"not read: see {file} above"
    return counter_pages()[name].lack if course.now.counters else "not read"
