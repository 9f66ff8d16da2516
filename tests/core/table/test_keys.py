from __future__ import annotations

from ipaddress import IPv6Address, ip_network

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import Row, crowd, rows_of, table, unhurried
from tests.core.filter.strategies import LABELS, OWNERS
from twtop.core.address import MAPPED_PREFIX
from twtop.core.mixing import mixed
from twtop.core.owners.owner import NOBODY
from twtop.core.roles import server_side
from twtop.core.states import State, state_label
from twtop.core.sysctls import DEFAULT_PORT_RANGE
from twtop.core.table.keys import KEYS, has_remote, local_text, remote_text

ALONE = (State.LISTEN, State.UNCONN)


def address(high: int, low: int) -> str:
    number = IPv6Address(high << 64 | low)
    return str(number.ipv4_mapped or number)


def end(high: int, low: int, port: int) -> str:
    text = address(high, low)
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"


def local(row: Row) -> str:
    if address(row.local_hi, row.local_lo) in ("0.0.0.0", "::"):  # noqa: S104
        return f"*:{row.local_port or '*'}"
    return end(row.local_hi, row.local_lo, row.local_port)


def network(row: Row) -> str:
    text = address(row.remote_hi, row.remote_lo)
    return str(ip_network(f"{text}/{64 if ':' in text else 24}", strict=False))


def text_of(name: str, row: Row, server: bool) -> str:
    """Read one key of one socket as slowly and plainly as possible."""
    alone = row.state in ALONE
    remote = end(row.remote_hi, row.remote_lo, row.remote_port)
    remote_address = address(row.remote_hi, row.remote_lo)
    peer = f":{row.local_port}<{remote_address}" if server else remote
    whose = (NOBODY, *OWNERS)[row.owner]
    return {
        "state": state_label(row.state),
        "peer": local(row) if alone else peer,
        "remote": "*" if alone else remote,
        "remote-address": "*" if alone else remote_address,
        "remote-network": "*" if alone else network(row),
        "remote-port": f":{row.remote_port or '*'}",
        "local": local(row),
        "local-address": address(row.local_hi, row.local_lo),
        "local-port": f":{row.local_port}",
        "role": "server" if server else "client",
        "owner": whose.text,
        "command": whose.command or "?",
        "user": whose.user or "?",
        "unit": whose.unit or "?",
        "namespace": str(row.netns) if row.netns else "this one",
        "label": "*" if alone else LABELS.text(row.remote_hi, row.remote_lo) or "no label",
    }[name]


@unhurried
@given(st.integers(0, 2**32), st.sampled_from(list(KEYS)))
def test_text(seed: int, name: str) -> None:
    sockets = crowd(seed, 60)
    server = server_side(sockets, DEFAULT_PORT_RANGE)
    for nth, row in enumerate(rows_of(sockets)):
        assert KEYS[name].text(sockets, nth, bool(server[nth])) == text_of(name, row, bool(server[nth]))


@unhurried
@given(st.integers(0, 2**32), st.sampled_from(list(KEYS)))
def test_a_group_has_one_text_and_a_text_has_one_group(seed: int, name: str) -> None:
    sockets = crowd(seed, 60)
    # 0.0.0.0 and :: are two addresses with one text, because listeners of either take all that come.
    sockets = sockets.take((sockets.local_hi != 0) | (sockets.local_lo != 0))
    server = server_side(sockets, DEFAULT_PORT_RANGE)
    keys = mixed(KEYS[name].columns(sockets, server)).tolist()
    texts = [
        # A listener of this host and its clients on this host: one end, seen from its two sides.
        (KEYS[name].text(sockets, nth, bool(server[nth])), name == "peer" and row.state in ALONE)
        for nth, row in enumerate(rows_of(sockets))
    ]
    assert len(set(zip(keys, texts, strict=True))) == len(set(keys)) == len(set(texts))


def test_a_listener_is_no_peer_of_the_connections_from_its_own_address() -> None:
    here, port = MAPPED_PREFIX | 0x0A000001, 80
    sockets = table(
        state=[State.LISTEN, State.ESTAB],
        local_lo=[here, here],
        remote_lo=[MAPPED_PREFIX, here],
        local_port=[port, port],
        remote_port=[0, 5000],
    )
    server = server_side(sockets, DEFAULT_PORT_RANGE)
    assert [KEYS["peer"].text(sockets, row, True) for row in (0, 1)] == ["10.0.0.1:80", ":80<10.0.0.1"]
    keys = mixed(KEYS["peer"].columns(sockets, server))
    assert keys[0] != keys[1]


@pytest.mark.parametrize("name", ["remote", "remote-address", "remote-network"])
def test_having_no_peer_is_the_same_in_both_families(name: str) -> None:
    sockets = table(state=[State.LISTEN, State.UNCONN, State.ESTAB], remote_lo=[MAPPED_PREFIX, 0, 1])
    keys = mixed(KEYS[name].columns(sockets, np.zeros(3, np.bool_)))
    assert keys[0] == keys[1] != keys[2]
    assert KEYS[name].text(sockets, 0, False) == KEYS[name].text(sockets, 1, False) == "*"


def test_ends_of_single_sockets() -> None:
    sockets = table(
        state=[State.LISTEN, State.UNCONN, State.ESTAB],
        local_lo=[0, MAPPED_PREFIX, MAPPED_PREFIX | 0x7F000001],
        local_port=[80, 0, 81],
        remote_lo=[0, MAPPED_PREFIX, 1],
        remote_port=[0, 0, 82],
    )
    assert [local_text(sockets, row) for row in range(3)] == ["*:80", "*:*", "127.0.0.1:81"]
    assert [remote_text(sockets, row) for row in range(3)] == ["*", "*", "[::1]:82"]
    assert [has_remote(state) for state in (State.LISTEN, State.UNCONN, State.TIME_WAIT)] == [0, 0, 1]
