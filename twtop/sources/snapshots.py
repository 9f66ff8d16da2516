"""One snapshot of every network namespace of the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twtop.core.changes import follow
from twtop.core.merging import Part, merged, naming
from twtop.errors import KernelError
from twtop.kernel.namespace_list import find_namespaces
from twtop.sources.namespace_source import open_source

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twtop.core.changes import Moment
    from twtop.core.names.labels import Labels
    from twtop.core.snapshot import Snapshot
    from twtop.kernel.bytecode import KernelFilter
    from twtop.kernel.namespace_list import Namespace


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What was read of a namespace."""

    namespace: Namespace
    snapshot: Snapshot | None
    problem: str | None = None
    """Why there is none; None where there is one."""


def take_all(wanted: KernelFilter | None, labels: Labels) -> list[Taken]:
    """Read every namespace once, as `LiveSource.take` does; raises KernelError where none can be read."""
    taken: list[Taken] = []
    for namespace in find_namespaces():
        try:
            with open_source(namespace) as source:
                taken.append(Taken(namespace, source.take(wanted).labelled(labels)))
        except KernelError as error:
            taken.append(Taken(namespace, None, str(error)))
    if not any(each.snapshot for each in taken):
        raise KernelError(str(taken[0].problem))
    return taken


def lacks_of(taken: Iterable[Taken]) -> tuple[str, ...]:
    """Say what could not be read, and what of it is incomplete, one sentence each."""
    return tuple(
        naming(each.namespace.name, sentence)
        for each in taken
        for sentence in ((str(each.problem),) if each.snapshot is None else each.snapshot.degraded)
    )


def together(taken: Iterable[Taken]) -> Moment:
    """Put the sockets of all together."""
    taken = list(taken)
    parts = [Part(each.namespace.number, follow(None, each.snapshot)) for each in taken if each.snapshot]
    return merged(parts, {each.namespace.number: each.namespace.name for each in taken})
