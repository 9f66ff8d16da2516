"""Looks as CSV (RFC 4180): a header once, then lines whose first column is the time of the look.

Without groups a line per look: ``time``, ``sockets``, ``born_per_s``, ``gone_per_s``, a column per state.
With groups a line per group and look, none where nothing matches: ``time``, the columns that groups of a
snapshot have (`twtop.export.csv_`), ``born_per_s``, ``gone_per_s``. Rates are empty in the first look.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from twtop.core.states import IN_LIFE_ORDER
from twtop.export.csv_ import csv_lines, group_cells, group_columns
from twtop.export.records import group_records
from twtop.export.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.export.stream.instant import Instant, Wanted

_RATES = ("born_per_s", "gone_per_s")


class Csv:
    """Writes looks as CSV."""

    def __init__(self) -> None:
        self._begun = False

    def texts(self, instant: Instant) -> Iterator[str]:
        """Yield the header, if this is the first look, and its lines."""
        header = [] if self._begun else [_columns(instant.wanted)]
        self._begun = True
        rows = _groups(instant) if instant.wanted.grouped else [_states(instant)]
        yield from csv_lines(chain(header, rows))


def _columns(wanted: Wanted) -> tuple[str, ...]:
    if wanted.grouped:
        return ("time", *group_columns(wanted.spec.keys), *_RATES)
    return ("time", "sockets", *_RATES, *(state.label for state in IN_LIFE_ORDER))


def _states(instant: Instant) -> tuple[object, ...]:
    view, turnover = instant.view, instant.turnover
    return (
        _time(instant),
        view.matching,
        *map(instant.per_s, turnover),
        *(view.state_matches[state] for state in IN_LIFE_ORDER),
    )


def _groups(instant: Instant) -> Iterator[tuple[object, ...]]:
    time = _time(instant)
    for group in group_records(instant.view, instant.wanted.limit):
        yield time, *group_cells(group), instant.per_s(group.born), instant.per_s(group.gone)


def _time(instant: Instant) -> str:
    return utc_text(instant.looked.moment.snapshot.wall_s)
