"""Which of the chosen sockets are to be closed, and why the others are not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.closing.kinds import FULL_ORPHANS, Kind, kinds_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.sockets import U8, U32, Mask, Sockets


class Lacks(NamedTuple):
    """Why the kernel cannot close certain sockets; None where it can."""

    minis: str | None = None
    """TIME-WAIT, and FIN-WAIT-2 as a mini-socket."""
    orphans: str | None = None
    """Full sockets that no program holds any more."""
    namespaces: str | None = None
    """Those of certain network namespaces."""


ABLE: Final = Lacks()
"""A kernel that can close all there are."""


class Why(IntEnum):
    """Why a socket is not closed; the first reason counts."""

    CLOSED = 0
    """It is."""
    OWN_SESSION = 1
    TWTOP = 2
    BOUND = 3
    UNKNOWN = 4
    MINI = 5
    ORPHAN = 6
    TIME_WAIT = 7
    NAMESPACE = 8


_MINIS: Final = (Kind.TIME_WAIT, Kind.FIN_WAIT_2_MINI)


class Rest(NamedTuple):
    """Sockets that stay, and why."""

    sockets: int
    why: Why
    text: str


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be done with the chosen sockets; make it with `plan`."""

    sockets: Sockets
    """All that were chosen and are still there."""
    kinds: U8
    why: U8
    lacks: Lacks
    missing: int
    """How many were chosen and are gone by now."""

    @cached_property
    def chosen(self) -> Mask:
        """Tell which are closed."""
        chosen: Mask = self.why == Why.CLOSED
        return chosen

    @cached_property
    def count(self) -> int:
        """How many are closed."""
        return int(np.count_nonzero(self.chosen))

    @cached_property
    def agreed(self) -> frozenset[Kind]:
        """The kinds that are closed: what turns into another one meanwhile is left alone."""
        return frozenset(kind for kind, _ in self.by_kind)

    @cached_property
    def by_kind(self) -> list[tuple[Kind, int]]:
        """Return how many of each kind are closed, the most first."""
        counts = np.bincount(self.kinds[self.chosen], minlength=len(Kind) + 1)
        found = [(Kind(int(kind)), int(counts[kind])) for kind in np.flatnonzero(counts)]
        return sorted(found, key=lambda each: -each[1])

    @cached_property
    def by_owner(self) -> list[tuple[str, int]]:
        """Return how many sockets of each owner are closed, the most first; ``?`` for an unknown one."""
        sockets = self.sockets
        who = sockets.owner[self.chosen].astype(np.uint64) << np.uint64(8) | sockets.certainty[self.chosen]
        keys, counts = np.unique(who, return_counts=True)
        found: dict[str, int] = {}
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            text = sockets.owners.records[key >> 8].described(key & 0xFF)
            found[text] = found.get(text, 0) + count
        return sorted(found.items(), key=lambda each: -each[1])

    @cached_property
    def rest(self) -> list[Rest]:
        """Return what is not closed, by reason."""
        counts = np.bincount(self.why, minlength=len(Why))
        return [Rest(int(counts[why]), why, self._reason(why)) for why in Why if why and counts[why]]

    def _reason(self, why: Why) -> str:
        told = {
            Why.MINI: self.lacks.minis,
            Why.ORPHAN: self.lacks.orphans,
            Why.NAMESPACE: self.lacks.namespaces,
        }
        return told.get(why) or _REASONS[why]


_REASONS: Final = {
    Why.OWN_SESSION: "the SSH connection that twtop is used over",
    Why.TWTOP: "twtop's own",
    Why.NAMESPACE: "in a network namespace where nothing can be closed",
    Why.BOUND: "UNCONN: the kernel cannot close what is only bound",
    Why.UNKNOWN: "in a state that this twtop does not know",
    Why.TIME_WAIT: "TIME-WAIT: they protect new connections, and go by themselves",
}


def plan(
    sockets: Sockets,
    missing: int = 0,
    *,
    session: Sequence[int] = (),
    own: U32 | None = None,
    served: Sequence[int] = (0,),
    lacks: Lacks = ABLE,
    time_wait: bool = False,
) -> Plan:
    """Decide which sockets are closed.

    ``session``: cookies of the SSH connection that twtop runs in. ``own``: inodes of twtop's own sockets.
    ``served``: namespaces (``Sockets.netns``) where sockets can be closed. ``time_wait``: the user wants
    TIME-WAITs closed too.
    """
    kinds = kinds_of(sockets)
    why = np.zeros(len(sockets), np.uint8)
    if not time_wait:
        why[kinds == Kind.TIME_WAIT] = Why.TIME_WAIT
    if lacks.orphans:
        why[np.isin(kinds, FULL_ORPHANS) & (sockets.inode == 0)] = Why.ORPHAN
    if lacks.minis:
        why[np.isin(kinds, _MINIS)] = Why.MINI
    why[kinds == Kind.UNKNOWN] = Why.UNKNOWN
    why[kinds == Kind.BOUND] = Why.BOUND
    why[~np.isin(sockets.netns, served)] = Why.NAMESPACE
    if own is not None:
        why[(sockets.inode != 0) & np.isin(sockets.inode, own)] = Why.TWTOP
    why[np.isin(sockets.cookie, np.array(session, np.uint64))] = Why.OWN_SESSION
    return Plan(sockets, kinds, why, lacks, missing)
