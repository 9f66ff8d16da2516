"""Which row holds a number: cookies of sockets, or whatever is in ascending order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.sockets import U32, U64, Mask, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Cookies:
    """The cookies of a table of sockets; build it with `of`.

    The kernel numbers sockets in the order in which it is first asked for their cookies
    (net/core/sock_diag.c, ``__sock_gen_cookie``), so those of most that are there at one time differ in the
    low bits. A table by these finds them at once; the few that share theirs with others are searched for.
    """

    cookie: U64
    """By row."""
    _row: U32
    """By low bits: a row whose cookie has them, or 0."""
    _others: U64
    """The cookies that are not found there, ascending."""
    _other_rows: Rows

    @classmethod
    def of(cls, cookie: U64) -> Self:
        """Make ready to find the rows of cookies."""
        rows = np.arange(len(cookie), dtype=np.uint32)
        # More places than sockets: cookies that are gone lie between those that are there.
        row_at = np.zeros(1 << len(cookie).bit_length(), np.uint32)
        place = _place(cookie, row_at)
        row_at[place] = rows
        others = np.flatnonzero(row_at[place] != rows)
        others = others[np.argsort(cookie[others])]
        return cls(cookie, row_at, cookie[others], others)

    @property
    def repeated(self) -> bool:
        """Whether a cookie is there twice; then it is open which of its rows is found."""
        same_place = self.cookie[self._row[_place(self._others, self._row)]]
        return bool(np.any(same_place == self._others) or np.any(self._others[1:] == self._others[:-1]))

    def find(self, wanted: U64) -> tuple[Rows, Mask]:
        """Return where each wanted cookie stands, and whether it stands there."""
        if not len(self.cookie):
            return np.zeros(len(wanted), np.intp), np.zeros(len(wanted), np.bool_)
        rows = self._row[_place(wanted, self._row)].astype(np.intp)
        there = self.cookie[rows] == wanted
        if len(self._others):
            missing = np.flatnonzero(~there)
            at, found = find(wanted[missing], self._others)
            rows[missing] = self._other_rows[at]
            there[missing] = found
        return rows, there


def _place(cookie: U64, table: U32) -> Rows:
    return (cookie & np.uint64(len(table) - 1)).view(np.intp)


def find(
    wanted: NDArray[np.unsignedinteger], ascending: NDArray[np.unsignedinteger]
) -> tuple[NDArray[np.intp], Mask]:
    """Return where each wanted value stands in an ascending array, and whether it stands there."""
    if not len(ascending):
        return np.zeros(len(wanted), np.intp), np.zeros(len(wanted), np.bool_)
    at = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    return at, ascending[at] == wanted
