from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import unhurried
from twtop.core.address import address_text, endpoint_text, halves, is_ipv4

addresses = st.ip_addresses() | st.ip_addresses(network="::/96") | st.ip_addresses(network="::ffff:0:0/96")


@unhurried
@given(addresses)
def test_an_address_survives_being_halved(address: IPv4Address | IPv6Address) -> None:
    high, low = halves(address)
    plain = (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
    assert 0 <= high < 1 << 64
    assert 0 <= low < 1 << 64
    assert ip_address(address_text(high, low)) == plain
    assert is_ipv4(high, low) == isinstance(plain, IPv4Address)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("10.0.0.1", "10.0.0.1:80"),
        ("::ffff:10.0.0.1", "10.0.0.1:80"),
        ("::1", "[::1]:80"),
        ("2001:db8::ffff:0:1", "[2001:db8::ffff:0:1]:80"),
        ("0.0.0.0", "0.0.0.0:80"),  # noqa: S104
    ],
)
def test_endpoints(address: str, text: str) -> None:
    assert endpoint_text(*halves(ip_address(address)), 80) == text


def test_a_port_may_be_a_word() -> None:
    assert endpoint_text(0, 1, "*") == "[::1]:*"
