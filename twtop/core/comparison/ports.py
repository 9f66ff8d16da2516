"""Port budgets of two moments side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twtop.core.mixing import mixed
from twtop.core.ports.usage import Destination

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.ports.usage import Ports
    from twtop.core.sockets import Rows, Sockets


@dataclass(frozen=True, slots=True, eq=False)
class PortUse:
    """Ports in use at one moment; without the sockets that use them."""

    ends: tuple[NDArray[np.unsignedinteger], ...]
    """The columns of `Destination`, a row for each destination."""
    used: NDArray[np.int64]
    """Ports in use towards each."""
    limit: NDArray[np.int64]
    """How many can be."""

    @classmethod
    def of(cls, ports: Ports, sockets: Sockets) -> PortUse:
        """Take what is compared; ``sockets`` are those that the ports were counted of."""
        ends = tuple(getattr(sockets, name)[ports.row] for name in Destination._fields)
        return cls(ends, np.asarray(ports.used, np.int64), ports.capacity + np.asarray(ports.own, np.int64))

    def destination(self, index: int) -> Destination:
        """Return the destination at one index."""
        return Destination(*(int(column[index]) for column in self.ends))


class PortChange(NamedTuple):
    """What became of the budget towards one destination; nobody's ports are 0 of 0."""

    destination: Destination
    before: int
    after: int
    limit_before: int
    limit_after: int

    @property
    def change(self) -> int:
        """How many more are in use."""
        return self.after - self.before


class PortChanges(NamedTuple):
    """The budgets that changed the most."""

    shown: tuple[PortChange, ...]
    """The greatest change first; of equals those with more ports."""
    others: int
    """How many more changed."""


def compare_ports(before: PortUse, after: PortUse, most: int) -> PortChanges:
    """Compare the budgets of all destinations, and return those ``most`` that changed the most."""
    keys = np.concatenate([mixed(before.ends), mixed(after.ends)])
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    used_before = _spread(before.used, number[: len(before.used)], len(first))
    used_after = _spread(after.used, number[len(before.used) :], len(first))
    limits = (
        _spread(before.limit, number[: len(before.used)], len(first)),
        _spread(after.limit, number[len(before.used) :], len(first)),
    )
    moved = np.flatnonzero(used_before != used_after)
    size = np.abs(used_after - used_before)[moved]
    order = moved[np.lexsort((-np.maximum(used_before, used_after)[moved], -size))]

    def destination(place: int) -> Destination:
        of_before = place < len(before.used)
        return before.destination(place) if of_before else after.destination(place - len(before.used))

    shown = [
        PortChange(
            destination(int(first[at])),
            int(used_before[at]),
            int(used_after[at]),
            int(limits[0][at]),
            int(limits[1][at]),
        )
        for at in order[:most].tolist()
    ]
    shown.sort(key=lambda row: (-abs(row.change), -max(row.before, row.after), row.destination))
    return PortChanges(tuple(shown), len(order) - len(shown))


def _spread(values: NDArray[np.int64], number: Rows, count: int) -> NDArray[np.int64]:
    """Put values where their numbers say; zeros elsewhere."""
    spread = np.zeros(count, np.int64)
    spread[number] = values
    return spread
