"""The parts of a filter; each knows its canonical text and which sockets it matches.

The canonical text of an expression parses back to an equal expression.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import reduce
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from twtop.core.address import halves
from twtop.core.filter.attributes import ATTRIBUTES
from twtop.core.filter.names import GROUPS, SS_NAMES
from twtop.core.filter.tokens import quoted
from twtop.core.states import ALL_STATES, State

if TYPE_CHECKING:
    from twtop.core.sockets import U8, U16, U64, Mask, Sockets

Network: TypeAlias = IPv4Network | IPv6Network

AF_INET6: Final = 10
HIGHEST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every socket; an empty filter."""

    def __str__(self) -> str:
        return "state all"

    def mask(self, sockets: Sockets) -> Mask:
        """Return for each row whether it matches."""
        return np.ones(len(sockets), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class States:
    """Matches sockets whose state is one of ``bits`` (bit n is state n); never all of them."""

    bits: int

    def __str__(self) -> str:
        for name, bits in GROUPS.items():
            if bits == self.bits:
                return f"state {name}"
        if not self.bits:
            return "exclude all"
        inside = [f"state {name}" for state, name in SS_NAMES.items() if self.bits & state.bit]
        outside = [f"exclude {name}" for state, name in SS_NAMES.items() if not self.bits & state.bit]
        return " ".join(inside if len(inside) <= len(outside) else outside)

    @property
    def is_one_term(self) -> bool:
        """Tell whether the text is a single ``state X`` or ``exclude X``."""
        return " " not in str(self).partition(" ")[2]

    def mask(self, sockets: Sockets) -> Mask:
        """Return for each row whether it matches."""
        matching = np.zeros(256, dtype=np.bool_)
        matching[[state for state in State if self.bits & state.bit]] = True
        found: Mask = matching[sockets.state]
        return found


NOTHING: Final = States(0)
"""Matches no socket."""


def _network_text(network: Network) -> str:
    """Write a network, IPv6 in brackets; a mapped address with dots, which ipaddress does from 3.13 on."""
    address = network.network_address
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    text = f"::ffff:{mapped}" if mapped else str(address)
    if network.prefixlen < network.max_prefixlen:
        text += f"/{network.prefixlen}"
    return f"[{text}]" if network.version == 6 else text


class Side(Enum):
    """Which end of a socket is tested."""

    LOCAL = "local"
    REMOTE = "remote"
    EITHER = "either"


_PORT_WORDS: Final = {Side.LOCAL: "sport", Side.REMOTE: "dport", Side.EITHER: "port"}
_HOST_WORDS: Final = {Side.LOCAL: "src ", Side.REMOTE: "dst ", Side.EITHER: ""}


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports from ``low`` to ``high``, both included."""

    low: int
    high: int

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Matches by address, port, or both together (never neither), at one end or at either.

    An IPv4 network matches what the kernel reports under AF_INET, and mapped addresses; an IPv6 network what
    the kernel reports under AF_INET6, mapped addresses included (net/ipv4/inet_diag.c, inet_diag_bc_run).
    """

    side: Side
    network: Network | None = None
    ports: Ports | None = None

    def __str__(self) -> str:
        if self.network is None:
            return self._port_text()
        address = _network_text(self.network)
        return f"{_HOST_WORDS[self.side]}{address}" + (f":{self.ports}" if self.ports else "")

    def _port_text(self) -> str:
        word, ports = _PORT_WORDS[self.side], self.ports or Ports(0, HIGHEST_PORT)
        match ports:
            case Ports(low, high) if low == high:
                return f":{low}" if self.side is Side.EITHER else f"{word} = :{low}"
            case Ports(low, high) if high == HIGHEST_PORT:
                return f"{word} >= :{low}"
            case Ports(0, high):
                return f"{word} <= :{high}"
        return f"{word}:{ports}"

    def mask(self, sockets: Sockets) -> Mask:
        """Return for each row whether it matches."""
        match self.side:
            case Side.LOCAL:
                return self._local(sockets)
            case Side.REMOTE:
                return self._remote(sockets)
        return self._local(sockets) | self._remote(sockets)

    def _local(self, rows: Sockets) -> Mask:
        return self._test(rows.family, rows.local_hi, rows.local_lo, rows.local_port)

    def _remote(self, rows: Sockets) -> Mask:
        return self._test(rows.family, rows.remote_hi, rows.remote_lo, rows.remote_port)

    def _test(self, family: U8, high: U64, low: U64, port: U16) -> Mask:
        found: Mask = np.ones(len(port), dtype=np.bool_)
        if self.ports:
            found &= (port >= self.ports.low) & (port <= self.ports.high)
        if self.network:
            found &= _within(self.network, family, high, low)
        return found


def _within(network: Network, family: U8, high: U64, low: U64) -> Mask:
    first_high, first_low = halves(network.network_address)
    last_high, last_low = halves(network.broadcast_address)
    # First and last address agree exactly in the bits of the prefix.
    high_bits, low_bits = _bits_in_common(first_high, last_high), _bits_in_common(first_low, last_low)
    found: Mask = ((high & high_bits) == first_high) & ((low & low_bits) == first_low)
    return found if network.version == 4 else found & (family == AF_INET6)


def _bits_in_common(first: int, last: int) -> np.uint64:
    return ~np.uint64(first ^ last)


@dataclass(frozen=True, slots=True)
class Named:
    """Matches sockets by what has a word of its own: one of `twtop.core.filter.attributes`, and a value."""

    word: str
    value: str

    def __str__(self) -> str:
        return f"{self.word} = {quoted(self.value)}"

    def mask(self, sockets: Sockets) -> Mask:
        """Return for each row whether it matches."""
        return ATTRIBUTES[self.word].mask(sockets, self.value)


@dataclass(frozen=True, slots=True)
class Not:
    """Matches what its term does not."""

    term: Expr

    def __str__(self) -> str:
        return f"not {_as_operand(self.term, after_not=True)}"

    def mask(self, sockets: Sockets) -> Mask:
        """Return for each row whether it matches."""
        return ~self.term.mask(sockets)


@dataclass(frozen=True, slots=True)
class And:
    """Matches what all its terms match; two terms or more."""

    terms: tuple[Expr, ...]

    def __str__(self) -> str:
        return " and ".join(map(_as_operand, self.terms))

    def mask(self, sockets: Sockets) -> Mask:
        """Return for each row whether it matches."""
        return reduce(np.logical_and, (term.mask(sockets) for term in self.terms))


@dataclass(frozen=True, slots=True)
class Or:
    """Matches what at least one of its terms matches; two terms or more."""

    terms: tuple[Expr, ...]

    def __str__(self) -> str:
        return " or ".join(map(_as_operand, self.terms))

    def mask(self, sockets: Sockets) -> Mask:
        """Return for each row whether it matches."""
        return reduce(np.logical_or, (term.mask(sockets) for term in self.terms))


Expr: TypeAlias = Everything | States | Endpoint | Named | Not | And | Or


def _as_operand(term: Expr, *, after_not: bool = False) -> str:
    # ``not`` takes one term, while several states side by side are one operand elsewhere.
    grouped = isinstance(term, And | Or) or (after_not and isinstance(term, States) and not term.is_one_term)
    return f"( {term} )" if grouped else str(term)


def states_of(bits: int) -> Everything | States:
    """Return the expression that matches these states."""
    return Everything() if bits == ALL_STATES else States(bits)


def named(word: str, text: str) -> Named:
    """Return the term for a text that sockets have; no filter can hold a quotation mark."""
    return Named(word, text.replace('"', "*"))


def all_of(terms: tuple[Expr, ...]) -> Expr:
    """Return the conjunction of any number of terms; those that match everything are left out."""
    left = tuple(term for term in terms if term != Everything())
    return And(left) if len(left) > 1 else left[0] if left else Everything()


def any_of(terms: tuple[Expr, ...]) -> Expr:
    """Return the disjunction of any number of terms."""
    return Or(terms) if len(terms) > 1 else terms[0] if terms else NOTHING


def filter_text(expr: Expr) -> str:
    """Return the text of a filter as the user sees it: empty where it lets everything through."""
    return "" if expr == Everything() else str(expr)


def depth(expr: Expr) -> int:
    """Return how many operators stand above the deepest term."""
    match expr:
        case Not(term):
            return 1 + depth(term)
        case And(terms) | Or(terms):
            return 1 + max(map(depth, terms))
    return 0


def names_owners(expr: Expr) -> bool:
    """Tell whether it depends on whose sockets are."""
    match expr:
        case Named(word):
            return ATTRIBUTES[word].of_owners
        case Not(term):
            return names_owners(term)
        case And(terms) | Or(terms):
            return any(map(names_owners, terms))
    return False
