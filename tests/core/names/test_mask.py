"""A masked text says no address, and is as wide as it was."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import unhurried
from twtop.core.address import endpoint_text, halves
from twtop.core.names.mask import Mask

ADDRESSES = st.integers(1 << 24, 2**32 - 1).map(IPv4Address) | st.integers(2, 2**128 - 1).map(IPv6Address)
LETTERS = "[g-hjkmnp-tv-z]"


def shape(text: str) -> str:
    """What a pseudonym of an address looks like."""
    return re.sub("[0-9a-fA-F]", LETTERS, re.escape(text))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("▸ 10.0.0.5:5432  50% of ports", f"▸ {shape('10.0.0.5')}:5432  50% of ports"),
        (":443<198.51.100.15", f":443<{shape('198.51.100.15')}"),
        ("10.1.2.0/24, 2001:db8::/64.", f"{shape('10.1.2.0')}/24, {shape('2001:db8::')}/64\\."),
        ("[2001:db8::5]:50001 →", rf"\[{shape('2001:db8::5')}\]:50001 →"),
        ("at 192.0.2.1.", f"at {shape('192.0.2.1')}\\."),
        ("::ffff:192.0.2.1", f"::ffff:{shape('192.0.2.1')}"),
        ("  203.0.…", f"  {shape('203.0.')}…"),
        ("  203.0.11~", f"  {shape('203.0.11')}~"),
        ("[2001:db8:20:…]:5432", rf"\[{shape('2001:db8:20:')}…\]:5432"),
        ("[2001…", rf"\[{shape('2001')}…"),
        ("[2001:…", rf"\[{shape('2001:')}…"),
        ("10.0.0.5:54…", f"{shape('10.0.0.5')}:54…"),
        ("5.0.0.10.in-addr.arpa", f"{shape('5.0.0.10')}.in-addr.arpa"),
    ],
)
def test_addresses_are_hidden(text: str, masked: str) -> None:
    assert re.fullmatch(masked, Mask(b"secret").masked(text))


@pytest.mark.parametrize(
    "text",
    [
        "LIVE 14:02:11  1.0s  Linux 6.18.0-12  ns host",
        "127.0.0.1:80 [::1]:80 0.0.0.0:22 [::]:22 *:443 127.9.9.9",
        "  14,400   240     0 4,800   0-60s ▁▂▃ ▸ TIME-WAIT",
        "port:8000-8999 or dport = :443, 12…",
        "net.ipv4.tcp_fin_timeout = 60; 1.5 s; 99.9 %",
        "ab::cdz",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert Mask(b"secret").masked(text) == text


@pytest.mark.parametrize(
    "text", ["dst 10", "dport = :443 and port:80-90", "state time-wait", "label = db", "db:5432 14:05"]
)
def test_typed_words_stay(text: str) -> None:
    assert Mask(b"secret").masked_typed(text) == text


@pytest.mark.parametrize(
    "text",
    ["dst 10.77", "0.113.7:80", "dst 10.", "2001:db8:", "8::5]:443", "dst 1.2.3", "src 2001:db8", "fe80:"],
)
def test_parts_of_addresses_are_hidden_while_they_are_typed(text: str) -> None:
    masked = Mask(b"secret").masked_typed(text)
    assert len(masked) == len(text)
    assert not re.search(r"[0-9]\.|[0-9a-f]:[0-9a-f:]", masked.removesuffix(":443").removesuffix(":80"))


@unhurried
@given(st.lists(ADDRESSES, unique=True, max_size=50), st.binary(min_size=1, max_size=32))
def test_each_address_has_one_pseudonym_of_its_own(
    addresses: list[IPv4Address | IPv6Address], secret: bytes
) -> None:
    mask = Mask(secret)
    texts = [endpoint_text(*halves(address), 80) for address in addresses if not address.is_loopback]
    masked = [mask.masked(text) for text in texts]
    assert [len(text) for text in masked] == [len(text) for text in texts]
    assert len(set(masked)) == len(set(texts))
    assert [mask.masked(text) for text in texts] == masked
    assert [mask.masked(text) for text in masked] == masked
    for text, hidden in zip(texts, masked, strict=True):
        # Of ::ffff:0:0/96 the dots are left, as of every IPv4 address.
        assert not re.search("[0-9a-f]", hidden.removesuffix(":80")), (text, hidden)


def test_another_run_has_other_pseudonyms() -> None:
    text = "198.51.100.15 2001:db8:20:30::8"
    assert Mask(b"one").masked(text) != Mask(b"two").masked(text)


def test_the_shortest_addresses_differ_too() -> None:
    mask = Mask(b"secret")
    texts = [f"{high}.{low}.{third}.9" for high in range(1, 10) for low in range(10) for third in range(10)]
    assert len({mask.masked(text) for text in texts}) == len(texts)


def test_names_of_hosts_have_pseudonyms_too() -> None:
    mask = Mask(b"secret")
    name = mask.name("db-1.example.com")
    assert re.fullmatch(rf"{LETTERS}{{2}}-{LETTERS}\.{LETTERS}{{7}}\.{LETTERS}{{3}}", name)
    assert mask.name("db-1.example.com") == name != mask.name("db-2.example.com")
    assert [len(mask.name(name)) for name in ("", "a", "x" * 300)] == [0, 1, 300]
    assert len({mask.name(letter) for letter in "abcdefghijklmnopqrstuvwxyz"}) == 16
