"""The connection that twtop is used over: what sshd tells of it, and which sockets that is."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import table
from twtop.core.address import MAPPED_PREFIX, halves
from twtop.core.own_session import Ends, Session, ends_told
from twtop.core.states import State

CLIENT, SERVER = halves(ip_address("198.51.100.7")), halves(ip_address("10.0.0.7"))
V6 = halves(ip_address("2001:db8::1")), halves(ip_address("2001:db8::2"))
LINK = halves(ip_address("fe80::1")), halves(ip_address("fe80::2"))


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        ("198.51.100.7 50022 10.0.0.7 22", Ends(CLIENT, 50022, SERVER, 22)),
        ("::ffff:198.51.100.7 50022 ::ffff:10.0.0.7 22", Ends(CLIENT, 50022, SERVER, 22)),
        ("2001:db8::1 50022 2001:db8::2 2222", Ends(V6[0], 50022, V6[1], 2222)),
        ("fe80::1%eth0 50022 fe80::2%eth0 22", Ends(LINK[0], 50022, LINK[1], 22)),
        ("UNKNOWN 65535 UNKNOWN 65535", None),
        ("198.51.100.7 0 10.0.0.7 22", None),
        ("198.51.100.7 99999 10.0.0.7 22", None),
        ("198.51.100.7 ² 10.0.0.7 22", None),
        ("198.51.100.7 50022 10.0.0.7", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_ssh_connection(told: str, ends: Ends | None) -> None:
    assert ends_told({"SSH_CONNECTION": told}) == ends


def test_ssh_client_tells_no_address_of_the_server() -> None:
    assert ends_told({"SSH_CLIENT": "198.51.100.7 50022 22"}) == Ends(CLIENT, 50022, None, 22)
    both = {"SSH_CLIENT": "192.0.2.1 1 22", "SSH_CONNECTION": "198.51.100.7 50022 10.0.0.7 22"}
    assert ends_told(both) == Ends(CLIENT, 50022, SERVER, 22)


@given(st.text())
def test_whatever_an_environment_holds_it_is_read_or_not(told: str) -> None:
    ends_told({"SSH_CONNECTION": told})
    ends_told({"SSH_CLIENT": told})


SOCKETS = table(
    state=[State.ESTAB, State.ESTAB, State.TIME_WAIT, State.ESTAB, State.ESTAB],
    local_port=[22, 22, 22, 50022, 22],
    remote_port=[50022, 50023, 50022, 22, 50022],
    local_lo=[SERVER[1], SERVER[1], SERVER[1], CLIENT[1], MAPPED_PREFIX | 1],
    remote_lo=[CLIENT[1], CLIENT[1], CLIENT[1], SERVER[1], CLIENT[1]],
    inode=[11, 12, 0, 14, 15],
)


def test_both_ends_are_found_where_both_are_here() -> None:
    session = Session(frozenset({Ends(CLIENT, 50022, SERVER, 22)}))
    assert session.cookies(SOCKETS) == (1, 4)


def test_without_the_servers_address_its_port_has_to_do() -> None:
    session = Session(frozenset({Ends(CLIENT, 50022, None, 22)}))
    assert session.cookies(SOCKETS) == (1, 4, 5)


def test_what_is_claimed_counts_only_where_it_is_there() -> None:
    claimed = Session(frozenset({Ends(CLIENT, 50099, SERVER, 22), Ends(V6[0], 50022, V6[1], 22)}))
    assert claimed.cookies(SOCKETS) == ()
    assert claimed.cookies(table(state=[])) == ()


def test_the_socket_of_an_sshd_above_is_found_by_its_inode() -> None:
    assert Session(inodes=frozenset({12, 99})).cookies(SOCKETS) == (2,)
    assert Session(inodes=frozenset({0})).cookies(SOCKETS) == ()


def test_nothing_known_is_nothing_found() -> None:
    assert Session().cookies(SOCKETS) == ()
