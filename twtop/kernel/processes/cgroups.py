"""Which cgroup an id means that sock_diag tells: the inode number of its folder.

Sources: cgroups(7), Documentation/admin-guide/cgroup-v2.rst, fs/kernfs (``kernfs_ino``: on 64 bits the inode
number is the id).
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from twtop.kernel.mounts import MOUNTINFO, mounts

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_FOLDERS: Final = 50_000


class CgroupTree(NamedTuple):
    """A mount of the cgroup v2 hierarchy, or of a part of it."""

    mount: str
    """Where it is mounted."""
    root: str
    """The path of what is mounted there, ``/`` for the whole hierarchy as far as this namespace sees it."""

    @classmethod
    def find(cls, mountinfo: Path = MOUNTINFO) -> Self | None:
        """Return the mount that shows most; None where there is none."""
        found = (cls(mount.place, mount.root) for mount in mounts("cgroup2", mountinfo))
        return min(found, key=lambda tree: len(tree.root), default=None)

    def id_of(self, path: str) -> int | None:
        """Return the id of a cgroup by its path, as /proc/PID/cgroup has it; None if it is not in here."""
        inside = self._inside(path)
        if inside is None:
            return None
        # Gone, or not ours to see.
        with suppress(OSError):
            return os.stat(self.mount + inside).st_ino  # noqa: PTH116 - the path may begin with //
        return None

    def walk(self) -> Iterator[tuple[int, str]]:
        """Yield the id and path of every cgroup, those near the root first, at most 50,000.

        The numbers come with the list of a folder, so no cgroup is looked at one by one. What vanishes
        meanwhile, or may not be read, is left out.
        """
        prefix = self.root.rstrip("/")
        with suppress(OSError):
            yield Path(self.mount).stat().st_ino, self.root
        waiting = deque([""])
        left = _MOST_FOLDERS
        while waiting:
            folder = waiting.popleft()
            with suppress(OSError), os.scandir(self.mount + folder) as entries:
                for entry in entries:
                    if left and entry.is_dir(follow_symlinks=False):
                        path = f"{folder}/{entry.name}"
                        waiting.append(path)
                        left -= 1
                        yield entry.inode(), prefix + path

    def _inside(self, path: str) -> str | None:
        """Return where a cgroup is below the mount; None if it lies outside."""
        prefix = self.root.rstrip("/")
        # ``/..`` leads out of this cgroup namespace.
        if not f"{path}/".startswith(f"{prefix}/") or "/.." in path:
            return None
        return path[len(prefix) :].rstrip("/")
