"""The label of an address is that of the longest prefix that holds it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import unhurried
from twtop.core.address import halves
from twtop.core.names.labels import NO_LABELS, Labels, span_of

if TYPE_CHECKING:
    from twtop.core.names.labels import Network

ADDRESSES = st.one_of(
    st.integers(0, 2**32 - 1).map(IPv4Address),
    st.integers(0, 2**128 - 1).map(IPv6Address),
    # Near each other, and at the edges of the halves.
    st.sampled_from(
        [
            *("0.0.0.0", "10.0.0.0", "10.0.0.5", "10.0.0.255", "10.255.255.255", "255.255.255.255"),  # noqa: S104
            *("::", "::1", "::ffff:10.0.0.5", "2001:db8::", "2001:db8::5", "2001:db8:0:1::", "fe80::1"),
            *("2001:db8::ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ]
    ).map(ip_address),
)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    address = draw(ADDRESSES)
    whole = 32 if address.version == 4 else 128
    length = draw(st.integers(0, whole) | st.sampled_from((0, 8, 24, 31, 32, 64, 96, 127, 128)))
    return ip_network(f"{address}/{min(length, whole)}", strict=False)


def whole(address: IPv4Address | IPv6Address) -> int:
    high, low = halves(address)
    return high << 64 | low


def plainly(named: dict[Network, str], address: IPv4Address | IPv6Address) -> str:
    """Look at every network."""
    number = whole(address)
    is_ipv4 = number >> 32 == 0xFFFF
    best, label = -1, ""
    for network, text in named.items():
        first, last = span_of(network)
        length = network.prefixlen + (96 if network.version == 4 else 0)
        # An IPv6 network that is wider than all of IPv4 does not mean IPv4.
        if first <= number <= last and length > best and (length >= 96 or not is_ipv4):
            best, label = length, text
    return label


def without_repetitions(named: list[tuple[Network, str]]) -> dict[Network, str]:
    by_span = {span_of(network): (network, text) for network, text in named}
    return dict(by_span.values())


NAMED = st.lists(st.tuples(networks(), st.sampled_from(("db", "web", "büro 5"))), max_size=12)


@unhurried
@given(NAMED.map(without_repetitions), st.lists(ADDRESSES, max_size=30))
def test_the_longest_prefix_wins(named: dict[Network, str], others: list[IPv4Address | IPv6Address]) -> None:
    labels = Labels.of(named.items())
    edges = [end for network in named for end in (network[0], network[-1])]
    addresses = [*others, *edges]
    ends = [halves(address) for address in addresses]
    high, low = (np.array([end[half] for end in ends], np.uint64) for half in (0, 1))
    expected = [plainly(named, address) for address in addresses]
    assert [labels.texts[number] for number in labels.find(high, low)] == expected
    assert [labels.text(*end) for end in ends] == expected


def test_without_labels_nothing_is_looked_up() -> None:
    assert not NO_LABELS
    assert NO_LABELS.find(np.array([0], np.uint64), np.array([5], np.uint64)).tolist() == [0]
    assert NO_LABELS.text(0, 5) == ""


def test_all_of_ipv6_is_not_ipv4() -> None:
    labels = Labels.of([(IPv6Network("::/0"), "six")])
    assert labels.text(*halves(ip_address("10.0.0.5"))) == ""
    assert labels.text(*halves(ip_address("::5"))) == "six"
    assert labels.text(*halves(ip_address("2001:db8::5"))) == "six"


def test_equal_labels_are_one() -> None:
    labels = Labels.of([(ip_network("10.0.0.0/24"), "db"), (ip_network("2001:db8::/64"), "db")])
    assert labels.texts == ("", "db")
