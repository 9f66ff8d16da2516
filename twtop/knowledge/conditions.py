"""When a sentence applies: ``net.ipv4.tcp_fin_timeout > 60 and inode = zero``; data, never code.

A condition is a list of clauses joined by ``and``. A clause is ``present(name)``, ``absent(name)`` or
``name operator value`` with one of ``= != < <= > >=``. Names with a dot are sysctls, the others facts of
a row; a value may be such a fact too (``rqueue > wqueue``). A name may have several possible values (a row
that mixes timers): one that fits is enough.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias

Value: TypeAlias = float | str
Facts: TypeAlias = Mapping[str, Collection[Value]]
"""Each known name with all values it may have; a name that is missing is absent."""

ROW_FACTS: Final = frozenset({"inode", "timer", "retrans", "rqueue", "wqueue", "restarted", "role", "count"})
_LARGEST: Final = frozenset({"retrans", "rqueue", "wqueue"})

_EXISTENCE: Final = re.compile(r"(present|absent)\(\s*([\w.]+)\s*\)")
_COMPARISON: Final = re.compile(r"([\w.]+)\s*(!=|<=|>=|=|<|>)\s*([\w-]+)")
_OPERATORS: Final[Mapping[str, Callable[[Value, Value], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One test of one name; `value` is None for ``present`` and ``absent``."""

    name: str
    test: str
    value: Value | None = None

    def holds(self, facts: Facts) -> bool:
        """Say whether one possible value of the name passes the test; words and numbers never compare."""
        if self.value is None:
            return (self.name in facts) == (self.test == "present")
        compare = _OPERATORS[self.test]
        others = facts.get(str(self.value), ()) if self.value in ROW_FACTS else (self.value,)
        pairs = product(facts.get(self.name, ()), others)
        return any(compare(fact, other) for fact, other in pairs if type(fact) is type(other))


@dataclass(frozen=True, slots=True)
class Condition:
    """Clauses that must all hold; without any it always holds."""

    clauses: tuple[Clause, ...] = ()

    def holds(self, facts: Facts) -> bool:
        """Say whether every clause holds."""
        return all(clause.holds(facts) for clause in self.clauses)

    @property
    def names(self) -> frozenset[str]:
        """All sysctls and facts it asks about."""
        return frozenset(clause.name for clause in self.clauses)

    @property
    def is_about_largest(self) -> bool:
        """Whether one socket of a row may fulfil it for all: the row knows its largest value only."""
        return any(clause.name in _LARGEST and clause.test in (">", ">=") for clause in self.clauses) or (
            "restarted" in self.names
        )


ALWAYS: Final = Condition()


def parse_condition(text: str) -> Condition:
    """Read a condition; raises ValueError naming the clause that is none."""
    return Condition(tuple(_clause(part.strip()) for part in text.split(" and ")))


def value_of(text: str) -> Value:
    """Read a number as a number (always a float) and everything else as a word."""
    return float(text) if re.fullmatch(r"-?[0-9]+", text) else text


def _clause(text: str) -> Clause:
    if match := _EXISTENCE.fullmatch(text):
        clause = Clause(match[2], match[1])
    elif match := _COMPARISON.fullmatch(text):
        clause = Clause(match[1], match[2], value_of(match[3]))
    else:
        raise ValueError(f"not a condition: {text!r}")
    if "." not in clause.name and clause.name not in ROW_FACTS:
        raise ValueError(f"{clause.name!r} is neither a sysctl nor one of {', '.join(sorted(ROW_FACTS))}")
    return clause
