"""What services(5) says of ports."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twtop.core.names.services import parse_services

FILE = """\
# Network services
tcpmux\t\t1/tcp\t\t\t# TCP port service multiplexer
domain\t\t53/udp
domain\t\t53/tcp
http\t\t80/tcp\t\twww www-http\t# WorldWideWeb HTTP
www 80/tcp
postgresql 5432/TCP postgres
bell\x07 81/tcp
none
none/tcp 5
zero 0/tcp
much 65536/tcp
huge 99999999999999999999999/tcp
words tcp/80
digits \u00b2/tcp
"""


def test_a_tcp_port_has_the_first_of_its_names() -> None:
    assert parse_services(FILE) == {1: "tcpmux", 53: "domain", 80: "http", 5432: "postgresql", 81: "bell?"}


def test_a_name_is_bounded() -> None:
    assert parse_services("x" * 500 + " 9/tcp") == {9: "x" * 24}


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert all(0 < port < 65536 and name.isprintable() for port, name in parse_services(text).items())
