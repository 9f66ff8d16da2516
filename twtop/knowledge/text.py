"""An explanation as plain text, for ``twtop explain``."""

from __future__ import annotations

from itertools import groupby
from textwrap import TextWrapper
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twtop.knowledge.explanation import Explanation, Section, SysctlRow
    from twtop.knowledge.topics import Topic

NARROWEST: Final = 20
"""Narrower pages are laid out for this width."""

_BULLETS: Final = {
    "text": "  ",
    "list": "  - ",
    "steps": "  - ",
    "code": "  ",
    "warning": "  ! ",
    "sources": "  - ",
}


def render_text(explanation: Explanation, width: int) -> str:
    """Lay out an explanation; no line is longer than `width` columns (at least 20)."""
    width = max(width, NARROWEST)
    lines = wrapped(explanation.title, width)
    for section in explanation.sections:
        lines += ["", section.heading, *_content(section, width)]
    return "\n".join(lines) + "\n"


def render_index(topics: Iterable[Topic], width: int) -> str:
    """List all topics, one line each, grouped by kind."""
    width = max(width, NARROWEST)
    parts: list[str] = []
    for kind, group in groupby(topics, key=lambda topic: topic.kind):
        lines = (_cut(f"  {_short(topic)}: {topic.summary}", width) for topic in group)
        parts.append("\n".join((f"{kind}s".capitalize(), *lines)))
    return "\n\n".join(parts) + "\n"


def _content(section: Section, width: int) -> Iterator[str]:
    for row in section.rows:
        yield from _sysctl(row, width)
    for myth in section.myths:
        yield from wrapped(f'{myth.name}: "{myth.claim}"', width, "  ", "      ")
        yield from wrapped(myth.truth, width, "      ")
    for line in section.lines:
        bullet = _BULLETS[section.kind]
        is_command = section.kind == "steps" and line.startswith("$ ")
        yield from wrapped(line, width, " " * len(bullet) if is_command else bullet)


def _sysctl(row: SysctlRow, width: int) -> Iterator[str]:
    value = row.note if row.value is None else f"{row.value or 'empty'} ({row.note})"
    yield from wrapped(f"{row.name} = {value}", width, "  ", "      ")
    yield from wrapped(f"{row.meaning} [{row.unit}, per {row.scope}]", width, "      ")


def wrapped(text: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    """Break a line at blanks only, so that CLOSE-WAIT stays one word."""
    indent = " " * len(first) if rest is None else rest
    wrapper = TextWrapper(width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
    return wrapper.wrap(text)


def _short(topic: Topic) -> str:
    """Leave out what `find` does not need, for the sake of the summary."""
    return topic.name.rpartition(".")[2] if topic.kind == "sysctl" else topic.name


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 3] + "..."
