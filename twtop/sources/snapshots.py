"""One snapshot: of one network namespace, or of every one of the machine."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from twtop.core.changes import follow
from twtop.core.merging import Part, merged, naming
from twtop.core.owners.attribution import Attributor
from twtop.core.owners.registry import Registry
from twtop.core.sockets import Sockets
from twtop.errors import KernelError
from twtop.kernel.namespaces.listing import find_namespaces
from twtop.sources.namespaces.source import open_source
from twtop.sources.owners.finder import find_all_owners

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twtop.core.changes import Moment
    from twtop.core.names.labels import Labels
    from twtop.core.snapshot import Snapshot
    from twtop.kernel.namespaces.listing import Namespace
    from twtop.kernel.sockdiag.bytecode import KernelFilter


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
            with closing(open_source(namespace)) as source:
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


def moments(snapshots: Sequence[Snapshot], *, owners: bool) -> list[Moment]:
    """Return the first moments of snapshots of different namespaces; with owners after a look at processes.

    A snapshot must have all sockets then: one that nobody holds gets its owner by others.
    """
    if not owners:
        return [follow(None, snapshot) for snapshot in snapshots]
    holdings = find_all_owners(Sockets.concatenate([snapshot.sockets for snapshot in snapshots]))
    registry = Registry()
    return [
        follow(None, snapshot, partial(Attributor(registry).attribute, holdings=holdings))
        for snapshot in snapshots
    ]


def together(taken: Iterable[Taken], *, owners: bool) -> Moment:
    """Put the sockets of all together, with their owners if so wanted."""
    taken = list(taken)
    found = [(each.namespace.number, each.snapshot) for each in taken if each.snapshot is not None]
    looked = moments([snapshot for _, snapshot in found], owners=owners)
    parts = [Part(number, moment) for (number, _), moment in zip(found, looked, strict=True)]
    return merged(parts, {each.namespace.number: each.namespace.name for each in taken})
