"""What the user calls networks and addresses; the longest prefix that holds an address gives its label."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from twtop.core.address import MAPPED_PREFIX, halves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from twtop.core.sockets import U32, U64

Network: TypeAlias = IPv4Network | IPv6Network

_LOW_HALF: Final = (1 << 64) - 1


class Span(NamedTuple):
    """A network among the 128-bit addresses that columns hold, IPv4 as ``::ffff:a.b.c.d``."""

    first: int
    last: int


_IPV4: Final = Span(MAPPED_PREFIX, MAPPED_PREFIX | 0xFFFF_FFFF)
"""What ``::/0`` does not mean, though its numbers lie within."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Labels by address; made by `Labels.of`.

    The address space is cut where the label changes: each piece begins at one of ``starts`` and ends where
    the next begins. They are found by the ranks of an address's halves: no integer of numpy has 128 bits.
    """

    texts: tuple[str, ...]
    """By number, different from each other; number 0 is no label and empty."""
    starts: tuple[int, ...]
    """Where pieces begin, ascending, the first at 0."""
    numbers: U32
    """The number of each piece's label."""
    _highs: U64
    """The high halves that a piece begins in, ascending."""
    _lows: U64
    """The low halves that a piece begins at, ascending."""
    _keys: NDArray[np.int64]
    """Of each piece: the rank of its high half, then the rank of its low half."""

    @classmethod
    def of(cls, named: Iterable[tuple[Network, str]]) -> Labels:
        """Take networks, each at most once, with their labels, none of them empty."""
        texts = [""]
        numbers: dict[str, int] = {"": 0}
        spans: dict[Span, int] = {_IPV4: 0}
        for network, text in named:
            if text not in numbers:
                numbers[text] = len(texts)
                texts.append(text)
            spans[span_of(network)] = numbers[text]
        starts, pieces = _pieces(spans)
        highs = np.array(sorted({start >> 64 for start in starts}), np.uint64)
        lows = np.array(sorted({start & _LOW_HALF for start in starts}), np.uint64)
        keys = _keys(
            highs,
            lows,
            np.array([start >> 64 for start in starts], np.uint64),
            np.array([start & _LOW_HALF for start in starts], np.uint64),
        )
        return cls(tuple(texts), tuple(starts), np.array(pieces, np.uint32), highs, lows, keys)

    def __bool__(self) -> bool:
        return len(self.texts) > 1

    def find(self, high: U64, low: U64) -> U32:
        """Return the number of each address's label, 0 for none."""
        if not self:
            return np.zeros(len(high), np.uint32)
        keys = _keys(self._highs, self._lows, high, low)
        found: U32 = self.numbers[np.searchsorted(self._keys, keys, "right") - 1]
        return found

    def text(self, high: int, low: int) -> str:
        """Return the label of one address, empty for none."""
        return self.texts[self.numbers[bisect_right(self.starts, high << 64 | low) - 1]] if self else ""


def span_of(network: Network) -> Span:
    """Return the first and the last address of a network."""
    ends = (halves(network.network_address), halves(network.broadcast_address))
    return Span(*(high << 64 | low for high, low in ends))


def _keys(highs: U64, lows: U64, high: U64, low: U64) -> NDArray[np.int64]:
    """Return the ranks of both halves in one number per address: the starts of pieces keep their place."""
    ranks = len(lows) + 1
    of_low = np.searchsorted(lows, low, "right")
    if len(highs) == 1 and not highs[0] and not high.max(initial=0):
        return of_low
    of_high = np.searchsorted(highs, high, "right") - 1
    # Between two high halves it is the end of the lower one, whatever the low half.
    return of_high * ranks + np.where(highs[of_high] == high, of_low, ranks - 1)


def _pieces(spans: dict[Span, int]) -> tuple[list[int], list[int]]:
    """Cut the address space where the innermost network changes; networks lie apart or within each other."""
    starts, numbers = [0], [0]

    def begin(start: int, number: int) -> None:
        if starts[-1] == start:
            numbers[-1] = number
        elif numbers[-1] != number:
            starts.append(start)
            numbers.append(number)

    around: list[tuple[Span, int]] = []
    for span in sorted(spans, key=lambda span: (span.first, -span.last)):
        _leave(around, span.first, begin)
        begin(span.first, spans[span])
        around.append((span, spans[span]))
    _leave(around, 1 << 128, begin)
    return starts, numbers


def _leave(around: list[tuple[Span, int]], upto: int, begin: Callable[[int, int], None]) -> None:
    """Close the networks that end before an address, the innermost first."""
    while around and around[-1][0].last < upto:
        span, _ = around.pop()
        if span.last + 1 < 1 << 128:
            begin(span.last + 1, around[-1][1] if around else 0)


NO_LABELS: Final = Labels.of(())
"""Where nobody named anything."""
