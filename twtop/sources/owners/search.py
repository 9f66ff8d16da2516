"""Which process is read next, and what all readings come to."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.owners.holdings import Holdings
from twtop.core.owners.owner import NOBODY
from twtop.kernel.processes.access import why_not_all
from twtop.kernel.processes.cgroups import CgroupTree
from twtop.kernel.processes.reading import glance, list_processes, read_process
from twtop.sources.owners.held import Unknown, likeness, missing
from twtop.sources.owners.ledger import Kind, Ledger
from twtop.sources.owners.names import CgroupNames, UserNames, owner_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.sources.owners.held import Held

CHECK_EVERY_S: Final = 5.0
"""How often it is seen whether a process that holds sockets has as many descriptors as before."""
_READ: Final = 4
"""After so many times that, it is read at any rate, and at each check where the number is not told."""
_BY_KIND: Final = np.array([np.inf, 1, 1, 6, 12, 12])
"""How long processes of a kind wait for a check, in the same unit."""
_LIST: Final = 0.4
"""How long it is to the next list of pids, which tells who is gone."""
_WAKE: Final = 0.1
"""How long it rests at least when there is nothing to do."""
_SETTLE_EVERY_S: Final = 1.0
_SETTLE_SHARE: Final = 20
"""Settling takes a twentieth of the time at most."""
_ROUND_SHARE: Final = 3
"""For three seconds of reading suspects, one goes to those that waited longest, suspect or not."""


class Search:
    """Finds who holds which socket, in small steps; for one thread, which sees to what that costs.

    The first pass reads every process. After that only sockets of snapshots that nobody is known to hold make
    it look: at new processes; then at those that hold sockets like them (accepted at the same port, connected
    to the same remote port) or are of their cgroup or user, first of all those that had most new ones for
    their cost of late; at all others last. It stops as soon as all are found. Every process is read again
    from time to time, so that a socket that was closed, or passed to another, is noticed.
    """

    def __init__(self, check_every_s: float = CHECK_EVERY_S) -> None:
        self._check_every_s = check_every_s
        self._users = UserNames()
        self.holdings = Holdings(users=dict(self._users.names), looking=True)
        """What is known now; a new object whenever that changes."""
        self.is_first_pass = True
        """Whether the processes that were there at first are still being read."""
        self._ledger = Ledger()
        self._unknown = Unknown()
        self._uids: set[int] = set()
        self._cgroups = CgroupNames(CgroupTree.find())
        self._suspects: list[int] = []
        self._round: list[int] = []
        self._planned_s = -np.inf
        self._of_round = False
        self._suspects_cpu_s = self._round_cpu_s = 0.0
        self._listed_s = -np.inf
        self._settle_from_s = -np.inf
        self._lack: tuple[int, str | None] | None = None

    @property
    def nbytes(self) -> int:
        """The memory of what grows with the number of sockets."""
        return self._ledger.nbytes + self._unknown.nbytes

    def look_for(self, held: Held, seen_s: float) -> None:
        """Take note of the sockets that were there at ``seen_s`` (monotonic)."""
        ledger = self._ledger
        if ledger.changed:
            self._settle(time.monotonic())
        at, unknown = missing(held.inode, ledger.held.inode)
        self._unknown.see(held.inode[unknown], seen_s, self._oldest_read_s())
        nameless = unknown | (held.inode == 0)
        self._cgroups.want(np.unique(held.cgroup[nameless]).tolist(), seen_s)
        self._uids.update(np.unique(held.uid[unknown]).tolist())
        if self._unknown.sought:
            known = ~nameless
            slot = np.zeros(len(at), np.uint32)
            slot[known] = ledger.held.slot[at[known]]
            like = likeness(held, slot, known, unknown, ledger.size) > 0
            self._plan_search(4 * like + self._kinship(held, unknown))
        self._tell()

    def step(self) -> float:
        """Do a small piece of work; return when there is more to do, in monotonic seconds.

        Raises:
            OSError: /proc cannot be read at all, or not for want of descriptors or memory.
        """
        now_s = time.monotonic()
        searching = self._unknown.sought > 0
        if now_s >= self._list_from_s() or (searching and self._listed_s < self._unknown.newest_s):
            self._list(now_s)
        elif (slot := self._next(now_s)) is not None:
            if searching or not self._is_unchanged(slot, now_s):
                self._read(slot)
        elif self._uids:
            self._users.name(self._uids.pop())
        elif not self._cgroups.step(now_s):
            return self._rest(now_s)
        if now_s >= self._settle_from_s:
            self._settle(now_s)
        return now_s

    def give_up(self, reason: str) -> None:
        """Say why no more can be found for now; the next `step` tries again."""
        self.holdings = replace(self.holdings, lack=reason, looking=False)

    def _list_from_s(self) -> float:
        return self._listed_s + _LIST * self._check_every_s

    def _list(self, now_s: float) -> None:
        absent_s, self._listed_s = self._listed_s, now_s
        self._cgroups.doubt()
        new = self._ledger.follow(list_processes(), absent_s)
        if self._unknown.sought:
            self._suspects.extend(new)

    def _next(self, now_s: float) -> int | None:
        """Return the slot of the process to read next."""
        if self._unknown.sought:
            slot = self._take(self._suspects, self._round)
            if slot is not None:
                return slot
            self._unknown.end_pass(self._oldest_read_s())
        self._suspects_cpu_s = self._round_cpu_s = 0.0
        self._suspects.clear()
        if not self._round:
            self._plan_round(now_s)
        return self._take([], self._round)

    def _take(self, suspects: list[int], others: list[int]) -> int | None:
        """Take a slot from one of two lists, from their ends, leaving out whatever was read meanwhile."""
        ledger = self._ledger
        while suspects or others:
            owed = self._suspects_cpu_s > _ROUND_SHARE * self._round_cpu_s
            self._of_round = not suspects or (owed and bool(others))
            slot = (others if self._of_round else suspects).pop()
            if ledger.kind[slot] != Kind.FREE and ledger.read_s[slot] < self._planned_s:
                return slot
        return None

    def _plan_search(self, score: NDArray[np.intp]) -> None:
        """Line up everybody who was not read since the newest socket was there."""
        ledger = self._ledger
        kind, read_s = ledger.kind[: ledger.size], ledger.read_s[: ledger.size]
        self._planned_s = self._unknown.newest_s
        slots = np.flatnonzero((kind >= Kind.NEW) & (kind <= Kind.IDLE) & (read_s < self._planned_s))
        self._round = slots[np.argsort(-read_s[slots])].tolist()
        score[kind == Kind.NEW] = 8
        slots = slots[score[slots] > 0]
        expected = ledger.worth[slots] * (self._planned_s - np.maximum(read_s[slots], 0))
        self._suspects = slots[np.lexsort((-read_s[slots], expected, score[slots]))].tolist()

    def _kinship(self, held: Held, unknown: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Give each process 2 points for the cgroup, and 1 for the user, of a socket that is sought."""
        ledger = self._ledger
        cgroups = np.unique(held.cgroup[unknown])
        same_cgroup = np.isin(ledger.cgroup[: ledger.size], cgroups[cgroups != 0])
        return 2 * same_cgroup + np.isin(ledger.uid[: ledger.size], held.uid[unknown])

    def _plan_round(self, now_s: float) -> None:
        """Line up those that are due to be read again."""
        due_s = self._due_s()
        slots = np.flatnonzero(due_s <= now_s)
        self._planned_s = now_s
        self._round = slots[np.argsort(-due_s[slots])].tolist()

    def _due_s(self) -> NDArray[np.float64]:
        ledger = self._ledger
        waits = _BY_KIND[ledger.kind[: ledger.size]] * self._check_every_s
        due_s: NDArray[np.float64] = ledger.checked_s[: ledger.size] + waits
        return due_s

    def _oldest_read_s(self) -> float:
        """Return since when everybody has been read who may hold sockets."""
        ledger = self._ledger
        kind = ledger.kind[: ledger.size]
        open_s = ledger.read_s[: ledger.size][(kind >= Kind.NEW) & (kind <= Kind.IDLE)]
        return float(open_s.min()) if open_s.size else -np.inf

    def _is_unchanged(self, slot: int, now_s: float) -> bool:
        """Tell whether a process seems to have the descriptors that it had, and was read not long ago."""
        ledger = self._ledger
        number = int(ledger.descriptors[slot])
        read_from_s = ledger.read_s[slot] + _READ * self._check_every_s
        if not number or now_s >= read_from_s or glance(ledger.pid(slot)) != number:
            return False
        ledger.checked_s[slot] = now_s
        return True

    def _read(self, slot: int) -> None:
        ledger = self._ledger
        start_s, start_cpu_s = time.monotonic(), time.thread_time()
        pid, before_s = ledger.pid(slot), float(ledger.read_s[slot])
        process = read_process(pid)
        if process is None:
            ledger.strike(pid)
            return
        holds = process.sockets is not None and process.sockets.size > 0
        owner = owner_of(process, self._users) if holds else NOBODY
        same = ledger.kind[slot] != Kind.NEW and (not holds or ledger.owner(slot) == owner)
        cgroup = int(ledger.cgroup[slot]) if same else self._cgroups.learn(process.cgroup)
        slot = ledger.enter(process, owner, cgroup, start_s)
        found = 0 if process.sockets is None else self._unknown.find(process.sockets)
        cost_s = time.thread_time() - start_cpu_s
        if found and before_s > 0:
            ledger.worth[slot] = found / (start_s - before_s) / cost_s
        if self._of_round:
            self._round_cpu_s += cost_s
        else:
            self._suspects_cpu_s += cost_s

    def _rest(self, now_s: float) -> float:
        """Settle what is left to settle; return when there is more to do."""
        if now_s >= self._settle_from_s or self.holdings.looking:
            self._settle(now_s)
        due_s = self._due_s()
        next_s = float(due_s.min()) if due_s.size else np.inf
        return min(max(next_s, now_s + _WAKE * self._check_every_s), self._list_from_s())

    def _settle(self, now_s: float) -> None:
        """Give every socket its holder, if anything has changed, and publish it."""
        if self._ledger.needs_settling(now_s):
            start_cpu_s = time.thread_time()
            hands = self._ledger.settle(now_s)
            self.holdings = replace(
                self.holdings, inode=hands.inode, holder=hands.slot, holders=self._ledger.holders
            )
            cost_s = time.thread_time() - start_cpu_s
            self._settle_from_s = now_s + max(_SETTLE_EVERY_S, _SETTLE_SHARE * cost_s)
        self._tell()

    def _tell(self) -> None:
        """Publish whatever else has changed."""
        told = self.holdings
        self.is_first_pass = self.is_first_pass and self._has_unread()
        looking = self._unknown.sought > 0 or self.is_first_pass
        lack = self._why_not_all() if self._unknown.missed else None
        cgroups, users = self._cgroups.paths, self._users.names
        if (told.looking, told.lack, told.cgroups, told.users) != (looking, lack, cgroups, users):
            self.holdings = replace(
                told, looking=looking, lack=lack, cgroups=dict(cgroups), users=dict(users)
            )

    def _has_unread(self) -> bool:
        """Tell whether some of the processes that were there at first were not read yet."""
        ledger = self._ledger
        unread = (ledger.kind[: ledger.size] == Kind.NEW) & (ledger.read_s[: ledger.size] == -np.inf)
        return not ledger.size or bool(unread.any())

    def _why_not_all(self) -> str | None:
        refused = self._ledger.count(Kind.REFUSED)
        if self._lack is None or self._lack[0] != refused:
            self._lack = refused, why_not_all(refused)
        return self._lack[1]
