"""The sysctls of one instant: texts as the kernel wrote them, and the few that twtop calculates with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

FIN_TIMEOUT: Final = "net.ipv4.tcp_fin_timeout"
TW_REUSE: Final = "net.ipv4.tcp_tw_reuse"
TIMESTAMPS: Final = "net.ipv4.tcp_timestamps"
LOCAL_PORT_RANGE: Final = "net.ipv4.ip_local_port_range"
RESERVED_PORTS: Final = "net.ipv4.ip_local_reserved_ports"
UNPRIVILEGED_PORT_START: Final = "net.ipv4.ip_unprivileged_port_start"

DEFAULT_FIN_TIMEOUT_S: Final = 60
DEFAULT_TW_REUSE: Final = 2
DEFAULT_UNPRIVILEGED_PORT_START: Final = 1024

_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")
_PORTS: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_LAST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ephemeral ports, both ends included (``ip_local_port_range``)."""

    low: int
    high: int

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and self.low <= port <= self.high

    @property
    def capacity(self) -> int:
        """How many ports connect() can choose.

        Of an odd number it tries all but one, a different one in turn: almost always all are used before it
        fails, and if not, the lowest is left (seen on Linux 6.18, with IPv4 and IPv6).
        Source: net/ipv4/inet_hashtables.c, ``__inet_hash_connect``.
        """
        return self.high - self.low + 1

    @property
    def half(self) -> int:
        """How many ports have the parity that connect() tries first; beyond them connect() is slow."""
        return (self.capacity + 1) // 2


DEFAULT_PORT_RANGE: Final = PortRange(32768, 60999)


class Sysctls(Mapping[str, str]):
    """Dotted names (``net.ipv4.tcp_fin_timeout``) to their text: stripped, fields one space apart.

    Immutable. A name that is neither in the mapping nor in `unreadable` does not exist in this kernel. A text
    that twtop should calculate with but cannot understand counts as unreadable. Where there is no value, the
    typed properties answer with the kernel's default.
    """

    def __init__(self, values: Mapping[str, str], unreadable: Mapping[str, str] | None = None) -> None:
        texts = dict(values)
        reasons = dict(unreadable or {})
        for name in _PARSERS.keys() & texts.keys():
            try:
                _PARSERS[name](texts[name])
            except ValueError as error:
                del texts[name]
                reasons[name] = str(error)
        self._texts: Final = texts
        self.unreadable: Final[Mapping[str, str]] = MappingProxyType(reasons)
        """Names of sysctls that exist but gave no usable value, to the reason why."""

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __repr__(self) -> str:
        return f"Sysctls({self._texts!r}, {dict(self.unreadable)!r})"

    def numbers(self, name: str) -> tuple[int, ...]:
        """Return the numbers of a sysctl such as ``tcp_mem``; none if it is absent or not all numbers."""
        return _numbers(self._texts.get(name, ""))

    def number(self, name: str) -> int | None:
        """Return the value of a sysctl that is one number, None if it is absent or anything else."""
        numbers = self.numbers(name)
        return numbers[0] if len(numbers) == 1 else None

    @property
    def fin_timeout_s(self) -> int:
        """``tcp_fin_timeout`` in seconds."""
        text = self.get(FIN_TIMEOUT)
        return DEFAULT_FIN_TIMEOUT_S if text is None else _not_negative(text)

    @property
    def tw_reuse(self) -> int:
        """``tcp_tw_reuse``: 0 off, 1 on, 2 for loopback only."""
        text = self.get(TW_REUSE)
        return DEFAULT_TW_REUSE if text is None else _not_negative(text)

    @property
    def timestamps(self) -> bool:
        """``tcp_timestamps``: new connections offer them, and without them no TIME-WAIT is taken over."""
        return self.number(TIMESTAMPS) != 0

    @property
    def port_range(self) -> PortRange:
        """``ip_local_port_range``."""
        text = self.get(LOCAL_PORT_RANGE)
        return DEFAULT_PORT_RANGE if text is None else _port_range(text)

    @property
    def first_port(self) -> int:
        """``ip_unprivileged_port_start``: no range may begin below (net/ipv4/sysctl_net_ipv4.c)."""
        number = self.number(UNPRIVILEGED_PORT_START)
        return DEFAULT_UNPRIVILEGED_PORT_START if number is None else number

    @property
    def reserved_ports(self) -> frozenset[int]:
        """``ip_local_reserved_ports``: ports that are never chosen automatically."""
        return _port_list(self.get(RESERVED_PORTS, ""))


def _numbers(text: str) -> tuple[int, ...]:
    words = text.split()
    return tuple(map(int, words)) if all(map(_NUMBER.fullmatch, words)) else ()


def _not_negative(text: str) -> int:
    if not _NUMBER.fullmatch(text) or text.startswith("-"):
        raise ValueError(f"expected a number from 0, found {_shortened(text)}")
    return int(text)


def _port_range(text: str) -> PortRange:
    numbers = _numbers(text)
    if len(numbers) != 2 or not 1 <= numbers[0] <= numbers[1] <= _LAST_PORT:
        raise ValueError(f"expected two ports, the lower first, found {_shortened(text)}")
    return PortRange(*numbers)


@lru_cache(maxsize=4)
def _port_list(text: str) -> frozenset[int]:
    ports: set[int] = set()
    named = 0
    for item in filter(None, text.split(",")):
        match = _PORTS.fullmatch(item)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last <= _LAST_PORT:
            raise ValueError(f"expected ports such as 8080,10000-10010, found {_shortened(item)}")
        named += last - first + 1
        # The kernel names none twice; what a recording claims that it said may do so without end.
        if named > _LAST_PORT + 1:
            raise ValueError(f"expected each port once, found {_shortened(text)}")
        ports.update(range(first, last + 1))
    return frozenset(ports)


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")


_PARSERS: Final[Mapping[str, Callable[[str], object]]] = {
    FIN_TIMEOUT: _not_negative,
    TW_REUSE: _not_negative,
    LOCAL_PORT_RANGE: _port_range,
    RESERVED_PORTS: _port_list,
}
