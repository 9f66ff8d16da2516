"""The keys that tell whose sockets are: process, command, user, and unit or container.

What is unknown is a group of its own, ``?``, so that the groups add up to all sockets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.table.key import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twtop.core.owners.owner import Owner
    from twtop.core.sockets import U32, U64, Mask, Sockets
    from twtop.core.table.key import Columns

_UNKNOWN: Final = "?"


def _column(name: str) -> Columns:
    """Return the column of numbers that are equal for equal texts, whatever their order."""

    def column(sockets: Sockets, _: Mask) -> Sequence[U64]:
        numbers: U64 = getattr(sockets.owners, name)
        return [numbers[sockets.owner]]

    return column


def _order(text: Callable[[Owner], str]) -> Columns:
    """Return the column of places in the order of a text, and of process ids where it is the same."""

    def column(sockets: Sockets, _: Mask) -> Sequence[U32]:
        records = sockets.owners.records
        there = np.zeros(len(sockets.owners), np.bool_)
        there[sockets.owner] = True
        ranks = [(text(records[slot]), records[slot].pid, slot) for slot in np.flatnonzero(there).tolist()]
        ranks.sort()
        place = np.zeros(len(there), np.uint32)
        place[[slot for _, _, slot in ranks]] = np.arange(len(ranks))
        return [place[sockets.owner]]

    return column


def _key(
    name: str, column: str, text: Callable[[Owner], str], sorted_by: Callable[[Owner], str] | None = None
) -> Key:
    return Key(
        name,
        name,
        _column(column),
        lambda sockets, row, _: text(sockets.owner_at(row)) or _UNKNOWN,
        splits_bundles=True,
        order=_order(sorted_by or text),
        of_owners=True,
    )


OWNER_KEYS: Final = (
    # Process ids are sorted as numbers: nginx[77] before nginx[100].
    _key("owner", "identity", lambda owner: owner.text, lambda owner: owner.command or owner.text),
    _key("command", "command", lambda owner: owner.command),
    _key("user", "user", lambda owner: owner.user),
    _key("unit", "unit", lambda owner: owner.unit),
)
