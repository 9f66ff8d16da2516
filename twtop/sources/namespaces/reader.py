"""One of several namespaces that are read in turn."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from twtop.errors import KernelError
from twtop.sources.namespaces.source import open_source
from twtop.sources.observer import Observer
from twtop.sources.panorama import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twtop.core.names.labels import Labels
    from twtop.core.owners.holdings import Holdings
    from twtop.core.owners.registry import Registry
    from twtop.core.sockets import U32, Sockets
    from twtop.kernel.namespaces.listing import Namespace
    from twtop.kernel.sockdiag.bytecode import KernelFilter
    from twtop.sources.namespaces.source import Source
    from twtop.sources.observer import Frame

Find: TypeAlias = "Callable[[Sockets], Holdings]"

REST_S: Final = 10.0
"""How often counters and sysctls are read where the kernel counts no sockets."""
_AGAIN_S: Final = 5.0
"""When one that refused is tried again."""


class NamespaceReader:
    """Reads a namespace and observes it; for one thread."""

    def __init__(
        self, namespace: Namespace, registry: Registry, labels: Labels, wanted: KernelFilter | None = None
    ) -> None:
        """``wanted`` limits what the kernel copies, as `LiveSource.take` has it."""
        self.namespace = namespace
        """As it was found last; its name and its processes may change."""
        self._registry = registry
        self._labels = labels
        self._wanted = wanted
        self._source: Source | None = None
        self._observer: Observer | None = None
        self._place = Place(namespace, None, "it was not read yet")
        self._due_s = 0.0

    def read(self, find: Find | None, *, idle: bool = False) -> Frame:
        """Take a snapshot and return what follows from it; ``idle``: there are no sockets to look for.

        ``find`` is told of the sockets and returns what processes hold. Raises KernelError.
        """
        source, observer = self._open()
        snapshot = source.take_idle() if idle else source.take(self._wanted)
        if not self.namespace.own:
            sockets = replace(snapshot.sockets, namespaces={0: self.namespace.name})
            snapshot = replace(snapshot, sockets=sockets)
        frame = observer.observe(snapshot, None if find is None else find(snapshot.sockets))
        if frame.host.namespaced and frame.host.namespace_label != self.namespace.name:
            frame = replace(frame, host=frame.host._replace(namespace_label=self.namespace.name))
        return frame

    def _open(self) -> tuple[Source, Observer]:
        if self._source is None or self._observer is None:
            self._source = open_source(self.namespace)
            self._observer = Observer(self._source.host, self._registry, self._source.reader, self._labels)
        return self._source, self._observer

    def owners_in_use(self) -> Iterable[U32]:
        """Return slots of owners that may be named again."""
        return () if self._observer is None else self._observer.owners_in_use()

    def look(self, find: Find | None) -> Place:
        """Read it, unless there is nothing to read or it refused a moment ago; never raises KernelError.

        Where the kernel counts no sockets none are looked for: that would be a walk over the machine's whole
        table. Sockets that are only bound, which are not counted, are not seen there.
        """
        now_s = time.monotonic()
        if self._place.problem and now_s < self._due_s:
            return self._place
        try:
            idle = not self._open()[0].has_sockets()
            if idle and now_s < self._due_s:
                self._place = replace(self._place, namespace=self.namespace, rests=True)
            else:
                self._place = Place(self.namespace, self.read(find, idle=idle), idle=idle)
                self._due_s = now_s + REST_S if idle else 0.0
        except KernelError as error:
            self.close()
            reason = str(error).removeprefix(f"namespace {self.namespace.name}: ")
            self._place = Place(self.namespace, None, reason)
            self._due_s = now_s + _AGAIN_S
        return self._place

    def close(self) -> None:
        """Let go of the namespace, and forget what was observed."""
        if self._source is not None:
            self._source.close()
        self._source = self._observer = None
