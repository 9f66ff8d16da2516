"""An explanation as plain text, for ``twtop explain``."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twtop.knowledge.explanation import Explanation, Section, SysctlRow
    from twtop.knowledge.topics import Topic

NARROWEST: Final = 20
"""Below this width lines are cut into words no more; they then end where they end."""

_BULLETS: Final = {"text": "  ", "list": "  - ", "warning": "  ! "}


def render_text(explanation: Explanation, width: int) -> str:
    """Lay out an explanation; no line is longer than `width` columns (at least 20)."""
    width = max(width, NARROWEST)
    lines = wrap(explanation.title, width)
    for section in explanation.sections:
        lines += ["", section.heading, *_content(section, width)]
    return "\n".join(lines) + "\n"


def render_index(topics: Iterable[Topic], width: int) -> str:
    """List all topics, one line each, grouped by kind."""
    width = max(width, NARROWEST)
    lines: list[str] = []
    kind = ""
    for topic in topics:
        if topic.kind != kind:
            kind = topic.kind
            lines += ["", f"{kind}s".capitalize()] if lines else [f"{kind}s".capitalize()]
        lines.append(_cut(f"  {topic.name}: {topic.summary}", width))
    return "\n".join(lines) + "\n"


def _content(section: Section, width: int) -> Iterator[str]:
    for row in section.rows:
        yield from _sysctl(row, width)
    for line in section.lines:
        bullet = _BULLETS[section.kind]
        yield from wrap(line, width, initial_indent=bullet, subsequent_indent=" " * len(bullet))


def _sysctl(row: SysctlRow, width: int) -> Iterator[str]:
    value = row.note if row.value is None else f"{row.value or 'empty'} ({row.note})"
    default = "" if row.state in ("default", "changed") else f" Default: {row.default}."
    yield from wrap(f"{row.name} = {value}", width, initial_indent="  ", subsequent_indent="      ")
    about = f"{row.meaning} [{row.unit}, per {row.scope}].{default}"
    yield from wrap(about, width, initial_indent="      ", subsequent_indent="      ")


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 3] + "..."
