"""The network namespaces of this machine, and what to call them.

They are found through /proc: a process's own ``ns/net`` takes the right to trace it, but the inode of its
``net/tcp`` anybody may see, and all processes of one namespace have the same (fs/proc/proc_net.c). Those
without a process are found where ``ip netns`` and container engines keep them. What is held in other ways,
by a descriptor alone or by a mount elsewhere, is not found.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.owners.cgroup import shown_path, unit_of
from twtop.core.text import printable
from twtop.kernel.host import in_initial_namespace, in_initial_pid_namespace
from twtop.kernel.namespaces.held import OWN_NAMESPACE
from twtop.kernel.processes.reading import read_cgroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PROC: Final = Path("/proc")
FOLDERS: Final = (Path("/run/netns"), Path("/var/run/docker/netns"))
"""Where namespaces are mounted by name: ip-netns(8), which CNI and podman use too, and docker."""

_MOST_PIDS: Final = 16
"""So many processes of each namespace are remembered: one of them will live on."""
_MOST_NAMES: Final = 4096
_GENERATED: Final = re.compile(r"(cni|netns)-[0-9a-f-]{36}|([0-9]+-)?[0-9a-z]{10,64}")
"""Names that engines make up for what is better called by its pod or container."""
_OF_SESSION: Final = re.compile(r"session-.*\.scope|user@.*\.service|init\.scope|.*\.slice")
"""Units in which a user or the system starts all kinds of processes."""
_COMM_LIMIT: Final = 64


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace; every text is fit for a terminal."""

    number: int
    """What ``ip netns identify`` and ``ls -l /proc/PID/ns/net`` know it by; where that may not be seen, the
    inode of its ``net/tcp``, which is taken from the same pool of numbers."""
    name: str
    names: tuple[str, ...] = ()
    """What else it is called."""
    pids: tuple[int, ...] = ()
    """Some of its processes, in ascending order."""
    path: str | None = None
    """A file that stands for it, to be opened by who may; None where there is none."""
    files: int = 0
    """The inode of its ``net/tcp``, 0 where unknown."""
    own: bool = False
    """Whether the process that looked is in it."""


class _Node(NamedTuple):
    """What a file is, however it is reached."""

    device: int
    inode: int


@dataclass(slots=True)
class _Draft:
    """What is known of a namespace so far."""

    files: int = 0
    node: _Node | None = None
    pids: tuple[int, ...] = ()
    path: str | None = None
    mounted: tuple[str, ...] = ()
    own: bool = False

    def is_that_of(self, other: _Draft) -> bool:
        """Tell whether both are known to be one namespace."""
        return (self.files == other.files != 0) or (self.node == other.node is not None)

    def learn(self, other: _Draft) -> None:
        """Take what is not known yet."""
        self.files = self.files or other.files
        self.node = self.node or other.node
        self.pids += other.pids
        # A name lasts longer than any process.
        self.path = other.path if other.mounted or self.path is None else self.path
        self.mounted += other.mounted


def find_namespaces(folders: Iterable[Path] = FOLDERS) -> list[Namespace]:
    """Return all network namespaces that can be found, each once, that of the calling thread first.

    Names are all different. Takes about 30 microseconds per process.
    """
    drafts = [_own_draft()]
    for draft in (*_of_processes(), *_mounted(folders)):
        known = next((each for each in drafts if each.is_that_of(draft)), None)
        if known is None:
            drafts.append(draft)
        else:
            known.learn(draft)
    return _distinct([_named(draft) for draft in drafts])


def own_namespace() -> Namespace:
    """Return the one that the calling thread is in; what processes it has is not looked for."""
    return _named(_own_draft())


def namespace_of(pid: int, found: Iterable[Namespace]) -> Namespace | None:
    """Return the one of some namespaces that a process is in, None where there is no such process."""
    files = files_of(f"{PROC}/{pid}")
    return next((each for each in found if files and each.files == files), None)


def files_of(process: str) -> int:
    """Return the inode of ``net/tcp`` of a folder such as ``/proc/1``; 0 where there is none."""
    with suppress(OSError):
        return os.stat(f"{process}/net/tcp").st_ino  # noqa: PTH116 - called for every process
    return 0


def process_in(namespace: Namespace) -> int | None:
    """Return one of the known processes of a namespace that is still in it, None where all have left."""
    files = namespace.files
    return next((pid for pid in namespace.pids if files and files_of(f"{PROC}/{pid}") == files), None)


def is_there(namespace: Namespace) -> bool:
    """Tell whether what a namespace was found by still leads to it; cheap, but not the last word."""
    if namespace.own or process_in(namespace) is not None:
        return True
    node = _node(namespace.path) if namespace.path is not None else None
    return node is not None and node.inode == namespace.number


def _own_draft() -> _Draft:
    own = "/proc/thread-self"
    return _Draft(files=files_of(own), node=_node(OWN_NAMESPACE), path=OWN_NAMESPACE, own=True)


def _of_processes() -> Iterator[_Draft]:
    """Yield a namespace for each inode of ``net/tcp``."""
    by_files: dict[int, _Draft] = {}
    pids = (int(name) for name in os.listdir(PROC) if name.isdecimal())  # noqa: PTH208 - only names
    for pid in sorted(pids):
        # Zombies and processes that ended meanwhile have none.
        if files := files_of(f"{PROC}/{pid}"):
            draft = by_files.setdefault(files, _Draft(files))
            if len(draft.pids) < _MOST_PIDS:
                draft.pids += (pid,)
                path = f"{PROC}/{pid}/ns/net"
                if draft.node is None and (node := _node(path)):
                    draft.node, draft.path = node, path
    yield from by_files.values()


def _mounted(folders: Iterable[Path]) -> Iterator[_Draft]:
    """Yield namespaces that are kept by name; what is no namespace has another device."""
    own = _node(OWN_NAMESPACE)
    for folder in folders:
        with suppress(OSError):
            for path in sorted(islice(folder.iterdir(), _MOST_NAMES)):
                node = _node(str(path))
                if own and node and node.device == own.device:
                    yield _Draft(node=node, path=str(path), mounted=(printable(path.name),))


def _node(path: str) -> _Node | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - called for every process
    except OSError:
        return None
    return _Node(found.st_dev, found.st_ino)


def _named(draft: _Draft) -> Namespace:
    number = draft.node.inode if draft.node else draft.files
    given = [name for name in draft.mounted if not _GENERATED.fullmatch(name)]
    if _is_initial(draft):
        name = "host"
    else:
        name = given[0] if given else _process_name(draft.pids) or next(iter(draft.mounted), str(number))
    return Namespace(
        number=number,
        name=name,
        names=tuple(dict.fromkeys((*draft.mounted, str(number)))),
        pids=draft.pids,
        path=draft.path,
        files=draft.files,
        own=draft.own,
    )


def _is_initial(draft: _Draft) -> bool:
    """Tell whether it is the one the machine started with, as far as that can be seen from outside."""
    return in_initial_namespace() if draft.own else 1 in draft.pids and bool(in_initial_pid_namespace())


def _process_name(pids: Iterable[int]) -> str | None:
    """Return the container, pod or unit of the first process; else its own name."""
    for pid in pids:
        unit = unit_of(shown_path(read_cgroup(pid))).partition("/")[0]
        if unit and not _OF_SESSION.fullmatch(unit):
            return unit
        # It may have ended meanwhile; then another one names the namespace.
        with suppress(OSError), open(f"{PROC}/{pid}/comm", "rb") as file:  # noqa: PTH123 - as everywhere here
            return f"{printable(file.read(_COMM_LIMIT).decode('utf-8', 'replace').strip())}[{pid}]"
    return None


def _distinct(found: list[Namespace]) -> list[Namespace]:
    """Tell apart by a process, or by its number, what has the same name as another."""
    counts = Counter(each.name for each in found)
    return [
        each
        if counts[each.name] == 1
        else replace(each, name=f"{each.name}[{each.pids[0] if each.pids else each.number}]")
        for each in found
    ]
