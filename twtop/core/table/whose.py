"""Whose the sockets of a view are, in a few words for every line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from twtop.core.format import count_text
from twtop.core.owners.certainty import Certainty
from twtop.core.owners.owner import NO_OWNERS
from twtop.core.table.keys import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.core.owners.owner import Owner, Owners
    from twtop.core.sockets import U8, U32, U64, Rows, Sockets


@dataclass(frozen=True, slots=True, eq=False)
class Whose:
    """Owners and certainties in the order of a view's rows: the sockets of a group are next to each other."""

    owners: Owners
    owner: U32
    certainty: U8
    _told: dict[tuple[int, int, int], str] = field(default_factory=dict)
    """What was said of groups, by the number of their keys and their span: lines are drawn time and again."""

    def group(self, keys: tuple[str, ...], span: slice) -> str:
        """Say whose the sockets of a group are, as far as its keys, down to its own, do not."""
        if self.owners is NO_OWNERS:
            return ""
        place = len(keys), span.start, span.stop
        if place not in self._told:
            self._told[place] = self._of_group(keys, span)
        return self._told[place]

    def _of_group(self, keys: tuple[str, ...], span: slice) -> str:
        if "owner" in keys:
            return self._certainties(span) if keys[-1] == "owner" else ""
        if KEYS[keys[-1]].of_owners:
            return self._processes(span)
        return self._holder(span, by_command="command" not in keys)

    def everybody(self) -> str:
        """Say whose all of them are: who has most of them, or else how many processes have some."""
        if not len(self.owner):
            return ""
        return self._holder(slice(None), by_command=True) or self._processes(slice(None))

    def _certainties(self, span: slice) -> str:
        """Say how it is known that they are somebody's, unless he holds all of them: ``312 was, 4 held``."""
        counts = np.bincount(self.certainty[span], minlength=len(Certainty))
        counts[Certainty.UNKNOWN] = 0
        ways = [way for way in np.argsort(-counts, kind="stable").tolist() if counts[way]]
        if ways in ([], [Certainty.HELD]):
            return ""
        if len(ways) == 1:
            return Certainty(ways[0]).word
        return ", ".join(f"{count_text(int(counts[way]))} {Certainty(way).label}" for way in ways)

    def _processes(self, span: slice) -> str:
        """Count the processes, where there are several."""
        slots = np.flatnonzero(np.bincount(self.owner[span]))
        slots = slots[self.owners.has_process[slots]]
        number = len(np.unique(self.owners.identity[slots]))
        return f"{number:,} processes" if number > 1 else ""

    def _holder(self, span: slice, *, by_command: bool) -> str:
        """Name the process or the command that all are of, or most: ``php-fpm[1822]``, ``php-fpm 98%``.

        What is but likely of all of them is called so.
        """
        name = self._whole_or_most(span, by_command=by_command)
        only_likely = bool(name) and bool((self.certainty[span] == Certainty.LIKELY).all())
        return f"{Certainty.LIKELY.word} {name}" if only_likely else name

    def _whole_or_most(self, span: slice, *, by_command: bool) -> str:
        counts = np.bincount(self.owner[span])
        process = self._most(counts, self.owners.identity, lambda owner: owner.text)
        if process or not by_command:
            return process
        return self._most(counts, self.owners.command, lambda owner: owner.command)

    def _most(self, counts: Rows, numbers: U64, name: Callable[[Owner], str]) -> str:
        """Name what more than half have in common; ``counts`` are those of sockets by slot."""
        slots = np.flatnonzero(counts)
        slots = slots[slots != 0]
        if not slots.size:
            return ""
        _, which = np.unique(numbers[slots], return_inverse=True)
        sums = np.bincount(which, counts[slots])
        part, whole = int(sums.max()), int(counts.sum())
        text = name(self.owners.records[int(slots[which == sums.argmax()][0])])
        if not text or 2 * part <= whole:
            return ""
        # Rounded down: 100% is said of none that has less than all.
        return text if part == whole else f"{text} {100 * part // whole}%"


def whose(sockets: Sockets, rows: Rows) -> Whose:
    """Return whose sockets are, one group's rows after the other's."""
    if sockets.owners is NO_OWNERS:
        return Whose(NO_OWNERS, sockets.owner[:0], sockets.certainty[:0])
    return Whose(sockets.owners, sockets.owner[rows], sockets.certainty[rows])


def socket_whose(sockets: Sockets, row: int, keys: tuple[str, ...]) -> str:
    """Say whose one socket is, or only how that is known where its group says who it is."""
    if sockets.owners is NO_OWNERS:
        return ""
    certainty = int(sockets.certainty[row])
    if "owner" in keys:
        return Certainty(certainty).word if certainty else ""
    return sockets.owner_at(row).described(certainty)
