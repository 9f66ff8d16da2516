"""How a rule is declared: what it looks at, when it fires, and everything that is said then."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Final, TypeAlias

from twtop.core.filter import Everything
from twtop.diagnosis.finding import Finding, Remedy, Severity
from twtop.diagnosis.subjects import listing
from twtop.knowledge.conditions import ALWAYS, Condition, parse_condition
from twtop.knowledge.facts import facts_of
from twtop.knowledge.placeholders import PLACEHOLDER, fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from twtop.core.filter import Expr
    from twtop.diagnosis.evidence import Evidence
    from twtop.knowledge.conditions import Facts
    from twtop.knowledge.facts import HostFacts

MOST: Final = 8
"""Subjects of one rule that are worth telling apart."""

LISTINGS: Final = {"list": "p", "timers": "o"}
"""Placeholders for the ``ss`` command that lists a symptom's sockets, with their processes or with timers."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """What a rule's function returns: something it saw, with the numbers of this host."""

    severity: Severity
    headline: str
    evidence: tuple[str, ...] = ()
    subject: str = ""
    """What it is about, without numbers that change: with the rule's name it is the finding's identity."""
    sockets: Expr = field(default_factory=Everything)
    values: Mapping[str, str] = field(default_factory=dict)
    """For the placeholders of the rule's texts, but for those that list the sockets (`LISTINGS`)."""
    kinds: frozenset[str] = frozenset()
    """Which of the rule's texts that are said only sometimes apply (`Text.kind`)."""

    def value(self, name: str, host: HostFacts) -> str:
        """Return what stands for a placeholder of the rule's texts."""
        if name in self.values:
            return self.values[name]
        return listing(self.sockets, LISTINGS[name]) if name in LISTINGS else fill(f"{{{name}}}", host)


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence that is said only where it is true.

    It may contain the symptom's values and the host's numbers: ``{port}``, ``{net.ipv4.tcp_fin_timeout}``.
    ``when`` is a condition about sysctls (`twtop.knowledge.conditions`), ``kind`` one of the symptom's.
    """

    text: str
    command: str = ""
    when: Condition = ALWAYS
    kind: str = ""

    def holds(self, facts: Facts, symptom: Symptom) -> bool:
        """Tell whether it is to be said."""
        return self.when.holds(facts) and (not self.kind or self.kind in symptom.kinds)


Said: TypeAlias = "str | Text"


def only(text: str, *, command: str = "", when: str = "", kind: str = "") -> Text:
    """Return a text with a command to copy, a condition, or a kind of symptom."""
    return Text(text, command, parse_condition(when) if when else ALWAYS, kind)


def texts_of(said: Iterable[Said]) -> list[Text]:
    """Return texts, those without any condition too."""
    return [Text(each) if isinstance(each, str) else each for each in said]


def doubled(number: float) -> int:
    """Return a limit with room for twice as many, a power of two."""
    return 1 << ceil(2 * number - 1).bit_length()


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong; to add one, add an entry to a module of `twtop.diagnosis.rules`."""

    name: str
    """Short, for scripts: ``ports-nearly-gone``."""
    title: str
    threshold: str
    """When it fires, in words and numbers."""
    inputs: tuple[str, ...]
    """``sockets``, ``ports``, ``tcp_info``, ``backlogs`` (of listeners), ``configured`` (files), or names of
    counters and sysctls; where one is missing it cannot run."""
    find: Callable[[Evidence], Iterable[Symptom]]
    """Pure: what is wrong in this evidence, the worst first; the same answer for the same evidence."""
    cause: str
    check: tuple[Said, ...]
    remedies: tuple[Said, ...]
    dont: tuple[Said, ...]
    helped_by: tuple[str, ...] = ()
    """What it also looks at where the kernel has it."""
    sysctls: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """Where the arithmetic comes from: kernel files, RFC sections."""
    snapshots: int = 1
    """In how many snapshots one after the other it must be seen before it is told."""
    owners: str = ""
    """What is said before the owner of its sockets, such as ``held by``; empty where none is to be named."""
    family: str = ""
    """Shared by rules of which one speaks where another falls silent: the finding goes on under its name."""

    @property
    def texts(self) -> list[Text]:
        """All that it may say, once it has found something."""
        return texts_of((self.cause, *self.check, *self.remedies, *self.dont))

    def finding(self, symptom: Symptom, host: HostFacts) -> Finding:
        """Put a symptom and the words that are true of it together."""
        facts = facts_of(host)

        def told(said: Iterable[Said]) -> list[Text]:
            return [text for text in texts_of(said) if text.holds(facts, symptom)]

        def filled(text: str) -> str:
            # In one go: a value may look like a placeholder itself.
            return PLACEHOLDER.sub(lambda match: symptom.value(match[1], host), text)

        def lines(said: Iterable[Said]) -> tuple[str, ...]:
            return tuple(filled(text.text) for text in told(said))

        return Finding(
            rule=self.name,
            family=self.family or self.name,
            subject=symptom.subject,
            severity=symptom.severity,
            headline=symptom.headline,
            evidence=symptom.evidence,
            cause=filled(self.cause),
            check=lines(self.check),
            remedies=tuple(Remedy(filled(text.text), filled(text.command)) for text in told(self.remedies)),
            dont=lines(self.dont),
            sysctls=self.sysctls,
            sockets=symptom.sockets,
        )
