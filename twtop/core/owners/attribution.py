"""Whose every socket is, from one snapshot to the next.

A mini-socket has neither inode nor user, so nobody can be asked whose it is. But the cookie of a connection
stays the same until its TIME-WAIT ends: its owner is carried on from the last snapshot in which it was held.
What never was seen in anybody's hands goes to whom the rest of the snapshot points to, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twtop.core.lookup import find
from twtop.core.mixing import mixed
from twtop.core.owners.certainty import Certainty
from twtop.core.owners.cgroup import unit_of
from twtop.core.owners.circumstances import by_listener, by_remote_end
from twtop.core.owners.earlier import Earlier
from twtop.core.owners.owner import NO_UID, Owner
from twtop.core.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.owners.holdings import Holdings
    from twtop.core.owners.registry import Registry
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U8, U32, U64, Mask, Rows, Sockets


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """Slots of owners and how certain they are, per socket; filled step by step."""

    owner: U32
    certainty: U8

    def claim(self, rows: Rows, owner: U32, certainty: Certainty) -> None:
        """Give rows their owners; who has slot 0 gets none."""
        known = owner != 0
        self.owner[rows[known]] = owner[known]
        self.certainty[rows[known]] = certainty


class Attributor:
    """Attributes the sockets of one namespace, snapshot after snapshot; for one thread."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._earlier = Earlier()
        self._holders: Sequence[Owner] = ()
        self._slots = np.zeros(0, np.uint32)

    def attribute(
        self, before: Snapshot | None, now: Snapshot, at: Rows, there: Mask, holdings: Holdings
    ) -> Snapshot:
        """Return a snapshot with owners.

        ``at`` tells, for each of its sockets that was ``there`` before, in which row of ``before`` it was.
        """
        count = len(now.sockets)
        claims = Claims(np.zeros(count, np.uint32), np.zeros(count, np.uint8))
        self._learn(holdings)
        if before is not None:
            _carry_on(claims, before, at, there, exact=now.exact_cookies)
            self._earlier.remember(before, at, there)
        self._hold(claims, now, holdings)
        if before is not None:
            self._hold_last(claims, before, now, holdings)
        has_process = self._registry.table().has_process
        unknown = np.flatnonzero(~has_process[claims.owner])
        if unknown.size:
            self._infer(claims, now, unknown, there, holdings)
        looked_for = np.ones_like(there) if before is None else there
        lack = _lack(claims, now.sockets, looked_for, holdings, self._registry.table().has_process)
        sockets = replace(
            now.sockets, owner=claims.owner, certainty=claims.certainty, owners=self._registry.table()
        )
        return replace(now, sockets=sockets, owners_lack=lack)

    def in_use(self) -> tuple[U32, ...]:
        """Return the slots that this attributor may name again, besides those of the last snapshot."""
        return self._earlier.owners(), self._slots

    def _learn(self, holdings: Holdings) -> None:
        """Give the holders their slots."""
        if holdings.holders is not self._holders or len(holdings.holders) != len(self._slots):
            self._holders = holdings.holders
            self._slots = np.fromiter(map(self._registry.slot, holdings.holders), np.uint32)

    def _holder_of(self, inode: U32, holdings: Holdings) -> U32:
        """Return the slots of the holders of sockets, 0 where none is known."""
        at, found = find(inode, holdings.inode)
        owner = np.zeros(len(inode), np.uint32)
        owner[found] = self._slots[holdings.holder[at[found]]]
        return owner

    def _hold(self, claims: Claims, now: Snapshot, holdings: Holdings) -> None:
        """Attribute what is held now; where no process is known, to the user and the cgroup."""
        sockets = now.sockets
        rows = np.flatnonzero(sockets.inode)
        if not rows.size:
            return
        claims.claim(rows, self._holder_of(sockets.inode[rows], holdings), Certainty.HELD)
        # Anew each time: names of users and cgroups may have become known.
        nameless = rows[~self._registry.table().has_process[claims.owner[rows]]]
        claims.claim(nameless, self._by_user(sockets, nameless, holdings), Certainty.HELD)

    def _hold_last(self, claims: Claims, before: Snapshot, now: Snapshot, holdings: Holdings) -> None:
        """Attribute what was held in the snapshot before and found only after it."""
        old = before.sockets
        old_rows = np.flatnonzero(old.inode)
        rows, there = now.cookies.find(old.cookie[old_rows])
        rows, inode = rows[there], old.inode[old_rows[there]]
        has_process = self._registry.table().has_process
        open_question = (now.sockets.inode[rows] == 0) & ~has_process[claims.owner[rows]]
        rows, inode = rows[open_question], inode[open_question]
        certainty = Certainty.WAS if now.exact_cookies else Certainty.PORTS
        claims.claim(rows, self._holder_of(inode, holdings), certainty)

    def _infer(self, claims: Claims, now: Snapshot, unknown: Rows, there: Mask, holdings: Holdings) -> None:
        """Attribute what no process was seen to hold; the surest evidence first."""
        earlier = np.zeros(len(unknown), np.uint32)
        new = np.flatnonzero(~there[unknown])
        earlier[new] = self._earlier.find(now, unknown[new])
        unknown = self._offer(claims, now.sockets, unknown, earlier, Certainty.PORTS)
        listener = by_listener(now, claims, unknown)
        unknown = self._offer(claims, now.sockets, unknown, listener, Certainty.LISTENER)
        likely = by_remote_end(now, claims, unknown, self._registry)
        unknown = self._offer(claims, now.sockets, unknown, likely, Certainty.LIKELY)
        # A full socket keeps its cgroup when its process is gone.
        unknown = unknown[(claims.owner[unknown] == 0) & (now.sockets.cgroup[unknown] != 0)]
        claims.claim(unknown, self._by_cgroup(now.sockets, unknown, holdings), Certainty.WAS)

    def _offer(self, claims: Claims, sockets: Sockets, rows: Rows, owner: U32, certainty: Certainty) -> Rows:
        """Give rows their owners; return those that got none.

        To know a program is worth more than to know for certain whose user or cgroup it was. But what
        somebody holds now is not given to another user's process.
        """
        owners = self._registry.table()
        own = claims.owner[rows]
        fits = (own == 0) | (owners.command_number[owner] != 0)
        fits &= (sockets.inode[rows] == 0) | (owners.user[own] == owners.user[owner])
        taken = (owner != 0) & fits
        claims.claim(rows[taken], owner[taken], certainty)
        left: Rows = rows[~taken]
        return left

    def _by_user(self, sockets: Sockets, rows: Rows, holdings: Holdings) -> U32:
        """Return slots of owners of which only user and cgroup are known."""
        return self._partial(sockets.uid[rows].astype(np.uint64), sockets.cgroup[rows], holdings)

    def _by_cgroup(self, sockets: Sockets, rows: Rows, holdings: Holdings) -> U32:
        """Return slots of owners of which only the cgroup is known."""
        return self._partial(np.full(len(rows), NO_UID, np.uint64), sockets.cgroup[rows], holdings)

    def _partial(self, uids: U64, cgroups: U64, holdings: Holdings) -> U32:
        alike = Runs.of(mixed([uids, cgroups]))
        pairs = zip(uids[alike.heads].tolist(), cgroups[alike.heads].tolist(), strict=True)
        slots = [self._registry.slot(_partial_owner(uid, cgroup, holdings)) for uid, cgroup in pairs]
        owner = np.zeros(len(uids), np.uint32)
        owner[alike.rows] = np.repeat(np.array(slots, np.uint32), alike.sizes)
        return owner


def _partial_owner(uid: int, cgroup: int, holdings: Holdings) -> Owner:
    """Return what user and cgroup tell of an owner; nobody where they tell nothing."""
    path = holdings.cgroups.get(cgroup, "")
    user = "" if uid == NO_UID else holdings.users.get(uid, str(uid))
    return Owner(uid=uid, user=user, cgroup=path, unit=unit_of(path))


def _carry_on(claims: Claims, before: Snapshot, at: Rows, there: Mask, *, exact: bool) -> None:
    """Let sockets keep the owners that were seen to hold them."""
    old = before.sockets
    if not old.certainty.any():
        return
    rows = np.flatnonzero(there)
    old_rows = at[rows]
    certainty = old.certainty[old_rows]
    # What was inferred is inferred anew: there may be better evidence now.
    seen = (certainty != Certainty.UNKNOWN) & (certainty <= Certainty.PORTS)
    rows, old_rows, certainty = rows[seen], old_rows[seen], certainty[seen]
    claims.owner[rows] = old.owner[old_rows]
    held = Certainty.WAS if exact else Certainty.PORTS
    claims.certainty[rows] = np.where(certainty == Certainty.PORTS, np.uint8(Certainty.PORTS), np.uint8(held))


def _lack(
    claims: Claims, sockets: Sockets, looked_for: Mask, holdings: Holdings, has_process: Mask
) -> str | None:
    """Say how many of the sockets that somebody holds have no known process, and why.

    Not of those alone that are new: they are looked for from now on.
    """
    held = np.flatnonzero(sockets.inode)
    seen = (claims.certainty[held] == Certainty.HELD) | (claims.certainty[held] == Certainty.WAS)
    known_rows = has_process[claims.owner[held]] & seen
    if not (~known_rows & (looked_for[held] | holdings.looking)).any():
        return None
    known = int(np.count_nonzero(known_rows))
    # Also true of a recording, where nobody looks at processes any more.
    missing = "not all processes were looked at yet" if holdings.looking else holdings.lack
    count = f"owners of {known:,} of {len(held):,} sockets"
    return f"{count}; {missing}" if missing else f"{count}; no process here holds the rest"
