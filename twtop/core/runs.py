"""Rows that belong together, one run of them after the other, so that one pass measures all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from twtop.core.mixing import mixed
from twtop.core.roles import is_alone
from twtop.core.sorting import sorted_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.sockets import U64, Mask, Rows, Sockets


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Rows of a table in runs, none of them empty."""

    rows: Rows
    starts: Rows
    """Where in ``rows`` each run begins."""

    @classmethod
    def of(cls, key: U64) -> Self:
        """Put rows with the same key into one run; within a run they ascend.

        The low bits of keys, which are mixed well, tell most apart and sort fastest; rows whose key shares
        them with another one are sorted by the whole key.
        """
        low = key.astype(np.uint16)
        row_at = np.zeros(1 << 16, np.intp)
        row_at[low] = np.arange(len(key))
        shared = key[row_at[low]] != key
        if not shared.any():
            return cls._of_sorted(np.argsort(low, kind="stable"), low)
        by_low, others = np.flatnonzero(~shared), np.flatnonzero(shared)
        rows = np.append(by_low[np.argsort(low[by_low], kind="stable")], others[sorted_places(key[others])])
        return cls._of_sorted(rows, key)

    @classmethod
    def _of_sorted(cls, rows: Rows, key: NDArray[np.unsignedinteger]) -> Self:
        """Cut rows where the key changes."""
        sequence = key[rows]
        begins = np.ones(len(rows), np.bool_)
        np.not_equal(sequence[1:], sequence[:-1], out=begins[1:])
        return cls(rows, np.flatnonzero(begins))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def heads(self) -> Rows:
        """One row of each run."""
        return self.rows[self.starts]

    @property
    def ends(self) -> Rows:
        """Where in ``rows`` each run ends."""
        return np.append(self.starts[1:], len(self.rows)).astype(np.intp)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many rows each run has."""
        return self.ends - self.starts

    def sums(self, column: NDArray[np.generic]) -> NDArray[np.int64]:
        """Add up a column of numbers or truths, which goes by rows, over each run."""
        # Most columns are zero in most pile-ups.
        if not len(self) or not column.max():
            return np.zeros(len(self), np.int64)
        return np.add.reduceat(column[self.rows], self.starts, dtype=np.int64)

    def pick(self, chosen: Mask) -> Runs:
        """Return the chosen runs."""
        return self.arranged(np.flatnonzero(chosen))

    def arranged(self, order: Rows) -> Runs:
        """Return runs in another order."""
        sizes = self.sizes[order]
        return Runs(self.rows[ranges(self.starts[order], self.ends[order])], np.cumsum(sizes) - sizes)

    def where(self, chosen: Mask) -> Runs:
        """Leave out rows, and runs of which none is left."""
        kept = chosen[self.rows]
        sizes = np.add.reduceat(kept, self.starts, dtype=np.int64)
        sizes = sizes[sizes > 0]
        return Runs(self.rows[np.flatnonzero(kept)], np.cumsum(sizes) - sizes)


def ranges(first: Rows, last: Rows) -> Rows:
    """Return the numbers of each range, ``last`` exclusive, one range after the other."""
    sizes = last - first
    begins = np.cumsum(sizes) - sizes
    return np.repeat(first - begins, sizes) + np.arange(sizes.sum())


def bundles(sockets: Sockets, server: Mask) -> Runs:
    """Put together what differs in a client's port, clocks and queues alone.

    That is: sockets of one state, one role and one pair of addresses, with one port of the server, be it here
    or there. Listeners and sockets that are only bound count as servers.
    """
    serving = server | is_alone(sockets.state)
    port = np.where(serving, sockets.local_port, sockets.remote_port)
    ends = (sockets.local_hi, sockets.local_lo, sockets.remote_hi, sockets.remote_lo)
    return Runs.of(mixed([*ends, port, sockets.state, server.view(np.uint8)]))
