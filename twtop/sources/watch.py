"""What is looked at, time after time: one network namespace, or all there are."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, Self, TypeAlias

from twtop.core.names.labels import NO_LABELS, Labels
from twtop.core.owners.registry import Registry
from twtop.errors import KernelError, UsageError
from twtop.kernel.namespaces.choice import choose_namespace
from twtop.kernel.namespaces.listing import Namespace, find_namespaces, is_there, own_namespace
from twtop.sources.namespaces.reader import NamespaceReader
from twtop.sources.panorama import Place, panorama

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twtop.kernel.sockdiag.bytecode import KernelFilter
    from twtop.sources.observer import Frame
    from twtop.sources.owners.finder import OwnerFinder
    from twtop.sources.panorama import Panorama

ALL: Final = "all"
OWN: Final = "own"

Chosen: TypeAlias = Namespace | Literal["all", "own"]
"""A namespace, that of the thread, or all."""

OWNERS_S: Final = 0.1
"""More than it takes to look at the processes that new sockets may be of, and less than anybody minds."""
_FIND_EVERY_S: Final = 5.0
_FIND_SHARE: Final = 100
"""Looking for namespaces costs a hundredth of the time at most."""
_GONE_FOR_S: Final = 60.0
"""How long a namespace that is gone is still listed."""


def chosen(text: str | None) -> Chosen:
    """Read ``--netns``; raises UsageError where there is no such namespace."""
    if text is None:
        return OWN
    return ALL if text == ALL else choose_namespace(text)


class Watch:
    """Reads what was chosen; for one thread, which is in its own namespace between two readings."""

    def __init__(
        self, wanted: Chosen, labels: Labels = NO_LABELS, sockets: KernelFilter | None = None
    ) -> None:
        """With ``sockets`` the kernel copies only those it may match, and all listeners and bound ones.

        Ports, flow and findings are of all sockets, and mean nothing then.
        """
        self._sockets = sockets
        self._asked = wanted
        self._wanted = wanted
        """What was asked for, as it was found last."""
        self._labels = labels
        self._registry = Registry()
        self._readers: dict[int, NamespaceReader] = {}
        self._gone: dict[int, tuple[Namespace, float]] = {}
        self._find_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def choose(self, wanted: Chosen) -> None:
        """Look at something else from now on; what is looked at already is remembered."""
        if wanted != self._asked:
            self._asked = self._wanted = wanted
            self._find_s = 0.0
            self._gone.clear()

    def look(self, finder: OwnerFinder | None = None, owners_s: float = OWNERS_S) -> Frame | Panorama:
        """Read what was chosen; ``finder`` is told of the sockets, and asked whose they are.

        For one namespace it waits ``owners_s`` at most until the holders of new ones are found; else the next
        look knows. Raises KernelError where what was chosen cannot be read, or is gone: if it comes back, it
        is read again.
        """
        if self._registry.is_crowded:
            self._registry.prune(
                slots for reader in self._readers.values() for slots in reader.owners_in_use()
            )
        if self._wanted == ALL:
            return self._all(finder)
        namespace = own_namespace() if self._wanted == OWN else self._still_there(self._wanted)
        self._keep([namespace])
        find = None if finder is None else partial(finder.find, within_s=owners_s)
        return self._readers[namespace.number].read(find)

    def _all(self, finder: OwnerFinder | None) -> Panorama:
        now_s = time.monotonic()
        if now_s >= self._find_s:
            for namespace in self._keep(self._find()):
                self._gone[namespace.number] = namespace, now_s
        known = None if finder is None else finder.holdings()
        find = None if known is None else lambda _: known
        places = [reader.look(find) for reader in self._readers.values()]
        if not any(place.frame for place in places):
            raise KernelError(str(places[0].problem))
        looked = panorama([*places, *self._lately_gone(now_s)])
        if finder is not None:
            finder.look_for(looked.moment.snapshot.sockets)
        return looked

    def _keep(self, found: Iterable[Namespace]) -> list[Namespace]:
        """Begin to read what is new; let go of what is not wanted any more, which could not end else."""
        wanted = {namespace.number: namespace for namespace in found}
        dropped = []
        for number in self._readers.keys() - wanted.keys():
            reader = self._readers.pop(number)
            reader.close()
            dropped.append(reader.namespace)
        for number, namespace in wanted.items():
            self._gone.pop(number, None)
            reader = self._readers.setdefault(
                number, NamespaceReader(namespace, self._registry, self._labels, self._sockets)
            )
            reader.namespace = namespace
        return dropped

    def _lately_gone(self, now_s: float) -> Iterator[Place]:
        for number, (namespace, since_s) in list(self._gone.items()):
            if now_s - since_s > _GONE_FOR_S:
                del self._gone[number]
            else:
                yield Place(namespace, None, "it is gone")

    def _still_there(self, wanted: Namespace) -> Namespace:
        """Return the chosen namespace as it is now; one that is gone and comes back has the same name."""
        if is_there(wanted):
            return wanted
        if time.monotonic() >= self._find_s:
            found = self._find()
            now = next((each for each in found if each.number == wanted.number), None)
            if now is None:
                with suppress(UsageError):
                    now = choose_namespace(wanted.name, found)
            if now is not None:
                self._wanted, self._find_s = now, 0.0
                return now
        self._keep([])
        raise KernelError(f"namespace {wanted.name} is gone: no process is in it, and nothing else keeps it")

    def _find(self) -> list[Namespace]:
        started, cpu = time.monotonic(), time.thread_time()
        found = find_namespaces()
        cost_s = time.thread_time() - cpu
        self._find_s = started + max(_FIND_EVERY_S, _FIND_SHARE * cost_s)
        return found
