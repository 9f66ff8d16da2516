"""A comparison for people: of what, the sums, then every section as on the screen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from twtop.core.filter import filter_text
from twtop.export.comparison.sections import moments_text, sections, summary
from twtop.sources.watch import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.export.comparison.sections import Names, Row
    from twtop.export.records import Origin
    from twtop.kernel.host import HostInfo
    from twtop.sources.comparison.comparing import Comparison

_NUMBER: Final = 8
_WORD: Final = 8


def comparison_table(comparison: Comparison, names: Names, host: HostInfo, recorded: Origin) -> Iterator[str]:
    """Yield lines; ``recorded`` is where both moments are from."""
    day = time.strftime("%Y-%m-%d", time.localtime(comparison.before.wall_s))
    where = "all namespaces" if host.namespace_label == ALL else f"namespace {host.namespace_label}"
    yield f"{recorded.name}: {host.hostname}, Linux {host.kernel}, {where}, {day}\n"
    yield f"{moments_text(comparison, names)}\n{summary(comparison)}\n"
    if chosen := filter_text(comparison.spec.filter):
        yield f"filter: {chosen}\n"
    for remark in (*recorded.lacks, *comparison.remarks):
        yield f"{remark}\n"
    for section in sections(comparison, names):
        titles = "".join(title.rjust(_NUMBER) for title in section.columns)
        yield f"\n{titles}{' ' if titles else ''}{section.title.upper()}\n"
        yield from (_line(row, len(section.columns)) for row in section.rows)


def _line(row: Row, columns: int) -> str:
    numbers = "".join(text.rjust(_NUMBER) for text in (*row.numbers, *[""] * (columns - len(row.numbers))))
    word = f"{row.word:<{_WORD}} " if row.word else ""
    return f"{numbers}{' ' if numbers else ''}{word}{row.text}".rstrip() + "\n"
