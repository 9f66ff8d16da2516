"""The kernel's own counters of one instant, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

_GAUGES: Final = frozenset({"Tcp.RtoAlgorithm", "Tcp.RtoMin", "Tcp.RtoMax", "Tcp.MaxConn", "Tcp.CurrEstab"})
_GAUGE_FILES: Final = ("sockstat.", "sockstat6.")


class Counters(Mapping[str, int]):
    """Names such as ``Tcp.ActiveOpens``, ``TcpExt.TWRecycled``, ``sockstat.TCP.tw`` to their values.

    Immutable. A name that this kernel does not have is absent.
    """

    def __init__(self, values: Mapping[str, int], problems: tuple[str, ...] = ()) -> None:
        self._values: Final = dict(values)
        self.problems: Final = problems
        """What could not be read or understood, one line each."""

    def __getitem__(self, name: str) -> int:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Counters({self._values!r}, {self.problems!r})"


def is_gauge(name: str) -> bool:
    """Tell whether a counter is a number of the moment and not a sum that only grows."""
    return name in _GAUGES or name.startswith(_GAUGE_FILES)
