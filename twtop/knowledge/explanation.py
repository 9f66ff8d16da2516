"""An explanation ready to be drawn: sections in the order of their value to the reader, no layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

SectionKind: TypeAlias = Literal["text", "warning", "list", "steps", "code", "sysctl", "myth", "sources"]
SysctlState: TypeAlias = Literal["default", "changed", "computed", "absent", "hidden", "unreadable"]


@dataclass(frozen=True, slots=True)
class SysctlRow:
    """A sysctl as it is on this host.

    `value` is None unless it was read. `state`: ``default`` and ``changed`` compare with the kernel's
    constant, ``computed`` defaults depend on the machine and are not compared; ``absent`` is not in this
    kernel, ``hidden`` not in this namespace, ``unreadable`` was refused. `note` says the state in words.
    """

    name: str
    value: str | None
    default: str
    scope: Literal["namespace", "host"]
    unit: str
    meaning: str
    state: SysctlState
    note: str


@dataclass(frozen=True, slots=True)
class MythRow:
    """A wrong claim in short: the name of its page, what people say, and the truth on this host."""

    name: str
    claim: str
    truth: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its content: `rows` for the kind ``sysctl``, `myths` for ``myth``, `lines` for others.

    Each line is a paragraph (``text``), an item (``list``), a thing to do (``steps``; a command after
    ``$``), a line for the shell, blanks and all (``code``), advice not to be followed or a danger
    (``warning``), or a place to read on (``sources``); of any length and without control characters.
    """

    heading: str
    kind: SectionKind
    lines: tuple[str, ...] = ()
    rows: tuple[SysctlRow, ...] = ()
    myths: tuple[MythRow, ...] = ()


def with_content(*sections: Section) -> tuple[Section, ...]:
    """Leave out sections that have nothing below their heading."""
    return tuple(section for section in sections if section.lines or section.rows or section.myths)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is to be said about one topic on one host."""

    topic: str
    summary: str
    sections: tuple[Section, ...]

    @property
    def title(self) -> str:
        """The topic and its summary in one line."""
        return f"{self.topic}: {self.summary}"
