"""Names of users and cgroups, asked for once."""

from __future__ import annotations

import pwd
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from twtop.core.owners.cgroup import shown_path, unit_of
from twtop.core.owners.owner import NO_UID, Owner
from twtop.core.text import printable
from twtop.kernel.users import LONGEST_USER, local_users

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twtop.kernel.processes.cgroups import CgroupTree
    from twtop.kernel.processes.reading import Process

_MOST: Final = 10_000
"""Users, and cgroups, that are remembered; beyond that, those are forgotten that nobody asked for."""
_SLOW_S: Final = 1.0
_PATIENCE_S: Final = 60.0
_AGAIN_S: Final = 60.0
"""After so long the tree of cgroups is walked once more for ids that are not in it."""
_PER_STEP: Final = 200


class UserNames:
    """Names of users by uid; for one thread.

    Those of this host itself are known from the beginning. Directory services may be slow: after an answer
    that took over a second, nobody new is asked for a minute; then a user goes by number.
    """

    def __init__(self) -> None:
        self.names = local_users()
        self._ask_from_s = 0.0

    def name(self, uid: int) -> str:
        """Return a user's name, or the number where there is none; nothing for an unknown user."""
        found = self.names.get(uid)
        return found if found is not None else self._ask(uid)

    def _ask(self, uid: int) -> str:
        if uid == NO_UID:
            return ""
        start = time.monotonic()
        name = str(uid)
        if start >= self._ask_from_s:
            with suppress(KeyError, OSError):
                name = printable(pwd.getpwuid(uid).pw_name)[:LONGEST_USER] or name
            if (end := time.monotonic()) > start + _SLOW_S:
                self._ask_from_s = end + _PATIENCE_S
        if len(self.names) >= _MOST:
            self.names.clear()
        self.names[uid] = name
        return name


class CgroupNames:
    """Paths of cgroups by id, fit for a terminal; for one thread.

    The cgroups of processes that were read are known for one ``stat`` each. Only for an id that is still
    unknown then is the tree walked, which takes a list of every folder.
    """

    def __init__(self, tree: CgroupTree | None) -> None:
        self.paths: dict[int, str] = {}
        self._tree = tree
        self._ids: dict[str, int] = {}
        self._missing: set[int] = set()
        self._missing_from_s = 0.0
        self._wanted: set[int] = set()
        self._walk: Iterator[tuple[int, str]] | None = None

    def learn(self, path: str) -> int:
        """Return the id of a process's cgroup, 0 where it has none, and remember its path."""
        number = self._ids.get(path)
        if number is None:
            number = self._ids[path] = (self._tree.id_of(path) or 0) if self._tree and path else 0
            if number:
                self._remember(number, path)
        return number

    def doubt(self) -> None:
        """Ask for the ids of paths again: a unit that is started anew has a new cgroup of the old name."""
        self._ids.clear()

    def want(self, ids: Iterable[int], now_s: float) -> None:
        """Look for the paths of these ids, unless they were looked for in vain a moment ago."""
        if now_s > self._missing_from_s + _AGAIN_S:
            self._missing.clear()
        self._wanted = set(ids).difference(self.paths, self._missing) if self._tree else set()

    def step(self, now_s: float) -> bool:
        """Walk on a little; return whether there was anything to do."""
        if not self._wanted or self._tree is None:
            return False
        if self._walk is None:
            self._walk = self._tree.walk()
        for _ in range(_PER_STEP):
            number, path = next(self._walk, (0, ""))
            if not number:
                # What came into being behind the walk is found by the next one.
                if not self._missing:
                    self._missing_from_s = now_s
                self._missing |= self._wanted
                self._wanted = set()
            elif number in self._wanted:
                self._remember(number, path)
                self._wanted.discard(number)
            if not self._wanted:
                self._walk = None
                break
        return True

    def _remember(self, number: int, path: str) -> None:
        if len(self.paths) >= _MOST and number not in self.paths:
            self.paths.clear()
        self.paths[number] = shown_path(path)


def owner_of(process: Process, users: UserNames) -> Owner:
    """Describe a process as an owner."""
    path = shown_path(process.cgroup)
    return Owner(
        process.pid,
        process.start,
        process.command,
        process.uid,
        users.name(process.uid),
        path,
        unit_of(path),
    )
