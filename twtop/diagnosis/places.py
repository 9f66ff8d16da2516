"""Where the peers of some sockets are: one address, one network, or anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.address import address_text, is_ipv4
from twtop.core.mixing import mixed
from twtop.diagnosis.groups import REMOTE_ADDRESS, groups
from twtop.diagnosis.rule import MOST, only
from twtop.diagnosis.subjects import (
    in_states,
    remote_text,
    some_towards,
    towards_addresses,
    towards_network,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.filter import Expr
    from twtop.core.filter.nodes import Network
    from twtop.core.sockets import Rows, Sockets
    from twtop.core.states import State
    from twtop.diagnosis.evidence import Evidence

CHECKS: Final = (
    only("Does anything come back: tcpdump -ni any 'host {place}'", kind="peer"),
    only("Does anything come back: tcpdump -ni any 'net {place}'", kind="network"),
    only("Our uplink: ip -s link; nstat -az TcpRetransSegs TcpOutSegs", kind="many"),
)
"""What to look at where a place is silent; ``place`` is its name, its kind one of the symptom's."""

_MOSTLY: Final = 0.8
_NETWORK_BITS: Final = {4: 24, 6: 48}
_NOT_ALONE: Final = 2
_MOST_ADDRESSES: Final = 16


@dataclass(frozen=True, slots=True)
class Place:
    """Some sockets, and where they go."""

    kind: str
    """``peer``, ``network`` (most of them), or ``many`` networks."""
    name: str
    """The address or the network; nothing for many."""
    text: str
    """For a headline: ``10.0.0.5``, ``8 addresses in 203.0.113.0/24``."""
    rows: Rows
    sockets: Expr
    """A filter for the sockets."""


def divided(evidence: Evidence, rows: Rows, state: State) -> Iterator[tuple[str, Place]]:
    """Yield a place for each address with two sockets or more, and one for all others together.

    Each with the subject of a finding about it. A server of many clients always has single ones in trouble.
    The rows must all be in this state.
    """
    rest = rows
    for group in groups(evidence.sockets, rows, *REMOTE_ADDRESS, least=_NOT_ALONE)[:MOST]:
        place = place_of(evidence, group, state)
        yield place.name, place
        rest = np.setdiff1d(rest, group, assume_unique=True)
    if len(rest):
        yield "", place_of(evidence, rest, state)


def place_of(evidence: Evidence, rows: Rows, *states: State) -> Place:
    """Tell where sockets, all in these states, go."""
    sockets = evidence.sockets
    addresses = _one_of_each(sockets, rows)
    if len(addresses) == 1:
        peer = remote_text(sockets, int(rows[0]), port=False)
        among = evidence.to_same_address(evidence.rows(*states), int(rows[0]))
        return Place("peer", peer, peer, rows, some_towards(sockets, rows, among, *states))
    network, inside = _largest_network(sockets, rows)
    mostly = inside >= _MOSTLY * len(rows)
    text = f"{len(addresses):,} addresses"
    if len(addresses) <= _MOST_ADDRESSES:
        there = towards_addresses(sockets, addresses, *states)
    else:
        there = towards_network(network, *states) if mostly else in_states(*states)
    if mostly:
        text += f" in {network}" if inside == len(rows) else f", most in {network}"
        return Place("network", str(network), text, rows, there)
    return Place("many", "", text + " in many networks", rows, there)


def _one_of_each(sockets: Sockets, rows: Rows) -> Rows:
    """Return one socket of each remote address."""
    keys = mixed([getattr(sockets, name)[rows] for name in REMOTE_ADDRESS])
    return rows[np.sort(np.unique(keys, return_index=True)[1])]


def _largest_network(sockets: Sockets, rows: Rows) -> tuple[Network, int]:
    """Return the network, a /24 or a /48 of IPv6, to which most of the sockets go, and how many."""
    high, low = sockets.remote_hi[rows], sockets.remote_lo[rows]
    mapped = (high == 0) & (low >> np.uint64(32) == 0xFFFF)
    keys = mixed(
        [
            np.where(mapped, high, high >> np.uint64(64 - _NETWORK_BITS[6])),
            np.where(mapped, low >> np.uint64(32 - _NETWORK_BITS[4]), np.uint64(0)),
        ]
    )
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    largest = int(np.argmax(counts))
    row = int(rows[first[largest]])
    return _network_of(int(sockets.remote_hi[row]), int(sockets.remote_lo[row])), int(counts[largest])


def _network_of(high: int, low: int) -> Network:
    text = address_text(high, low)
    if is_ipv4(high, low):
        return IPv4Network(f"{text}/{_NETWORK_BITS[4]}", strict=False)
    return IPv6Network(f"{text}/{_NETWORK_BITS[6]}", strict=False)
