from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from ipaddress import IPv6Address, ip_network
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.filter.strategies import ALL_TERMS, expressions, sockets
from twtop.core.filter import (
    And,
    Endpoint,
    Everything,
    Expr,
    FilterError,
    Named,
    Not,
    Or,
    Side,
    States,
    destination_part,
    names_owners,
    parse,
)
from twtop.core.filter.attributes import ATTRIBUTES
from twtop.core.filter.reduce import by_state, elementary, kernel_part
from twtop.core.names.labels import Labels
from twtop.core.sockets import Sockets
from twtop.core.states import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twtop.core.filter.nodes import Network
    from twtop.core.owners.owner import Owner

TABLES: Final = [sockets(seed) for seed in range(3)]
tables = st.sampled_from(TABLES)


def matches(expr: Expr, rows: Sockets, row: int) -> bool:
    """Decide about one row as slowly and plainly as possible."""
    match expr:
        case Everything():
            return True
        case States(bits):
            return bool(bits >> int(rows.state[row]) & 1)
        case Not(term):
            return not matches(term, rows, row)
        case And(terms):
            return all(matches(term, rows, row) for term in terms)
        case Or(terms):
            return any(matches(term, rows, row) for term in terms)
        case Named("label", pattern):
            return label_matches(pattern, rows, row)
        case Named("owner", word):
            return certainty_matches(word, int(rows.certainty[row]))
        case Named(word, value):
            return owner_matches(word, value, rows.owners.records[int(rows.owner[row])])
    return any(end_matches(expr, rows, row, end) for end in ends(expr.side))


def label_matches(pattern: str, rows: Sockets, row: int) -> bool:
    if rows.state[row] in (State.LISTEN, State.UNCONN):
        return False
    label = rows.labels.text(int(rows.remote_hi[row]), int(rows.remote_lo[row]))
    return fnmatchcase(label, pattern) if label else not pattern


def owner_matches(word: str, value: str, owner: Owner) -> bool:
    match word:
        case "pid":
            return owner.pid == int(value)
        case "proc":
            return text_matches(value, owner.command)
        case "user":
            return str(owner.uid) == value or text_matches(value, owner.user)
    parts = owner.cgroup.split("/")
    below = ["/".join(parts[first:last]) for last in range(len(parts) + 1) for first in range(last)]
    return any(text_matches(value, text) for text in (owner.unit, *below)) if value else not owner.unit


def text_matches(pattern: str, text: str) -> bool:
    return fnmatchcase(text, pattern) if text and pattern else not text and not pattern


def certainty_matches(word: str, certainty: int) -> bool:
    words = ["unknown", "held", "was", "earlier", "listener", "likely"]
    return certainty in (1, 2) if word == "exact" else certainty == words.index(word)


def ends(side: Side) -> Iterable[str]:
    return ("local", "remote") if side is Side.EITHER else (side.value,)


def end_matches(test: Endpoint, rows: Sockets, row: int, end: str) -> bool:
    high, low, port = (int(getattr(rows, f"{end}_{part}")[row]) for part in ("hi", "lo", "port"))
    if test.ports and port not in range(test.ports.low, test.ports.high + 1):
        return False
    return test.network is None or contains(
        test.network, IPv6Address(high << 64 | low), int(rows.family[row])
    )


def contains(network: Network, address: IPv6Address, family: int) -> bool:
    if network.version == 4:
        return address.ipv4_mapped is not None and address.ipv4_mapped in network
    return family == 10 and address in network


@given(expressions(ALL_TERMS), tables)
def test_a_mask_says_what_each_row_says(expr: Expr, rows: Sockets) -> None:
    expected = [matches(expr, rows, row) for row in range(len(rows))]
    mask = expr.mask(rows)
    assert mask.dtype == np.bool_
    assert mask.tolist() == expected


@given(expressions(ALL_TERMS), tables)
def test_one_state_at_a_time_says_the_same(expr: Expr, rows: Sockets) -> None:
    whole = expr.mask(rows)
    remaining = by_state(expr)
    for state in State:
        of_state = rows.state == state
        found = remaining[state].mask(rows) if state in remaining else np.zeros(len(rows), np.bool_)
        assert np.array_equal(whole & of_state, found & of_state)


@given(expressions(ALL_TERMS), tables)
def test_elementary_tests_say_the_same(expr: Expr, rows: Sockets) -> None:
    assert np.array_equal(expr.mask(rows), elementary(expr).mask(rows))


@given(expressions(ALL_TERMS), tables)
def test_the_destination_part_is_implied(expr: Expr, rows: Sockets) -> None:
    assert not (expr.mask(rows) & ~destination_part(expr).mask(rows)).any()


@given(expressions(ALL_TERMS), tables)
def test_what_the_kernel_tests_is_implied(expr: Expr, rows: Sockets) -> None:
    for rest in by_state(expr).values():
        part = kernel_part(rest)
        assert not any(word in str(part) for word in ATTRIBUTES)
        assert not (rest.mask(rows) & ~part.mask(rows)).any()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("label = db", "state all"),
        ("label != db", "state all"),
        ("label = db dport = :443", "dport = :443"),
        ("not (label = db or dport = :443)", "not dport = :443"),
        ("label = db or dport = :443", "state all"),
        ("not (label = db and dport = :443)", "state all"),
        ("pid = 77 dport = :443", "dport = :443"),
        ("proc != nginx and not (user = www-data or dport = :443)", "not dport = :443"),
        ("cgroup = a or not (owner = exact and dport = :443)", "state all"),
    ],
)
def test_the_kernel_s_part(text: str, part: str) -> None:
    assert str(kernel_part(parse(text))) == part


def test_many_stars_take_no_time() -> None:
    rows = replace(TABLES[0], labels=Labels.of([(ip_network("10.0.0.0/8"), "a" * 40)]))
    assert not Named("label", "*a" * 39 + "*b").mask(rows).any()
    assert Named("label", "*a" * 39 + "*").mask(rows).any()


@pytest.mark.parametrize(
    ("text", "pids"),
    [
        ("pid = 77,78", [77, 78]),
        ("pid != 77", [78, 1822]),
        ("proc = nginx", [77]),
        ("proc = n*", [77]),
        ("proc = NGINX", []),
        ('proc = "php-fpm: pool"', [1822]),
        ("proc = php*,and,", None),
        ('proc = php* or proc = "and"', [78, 1822]),
        ("user = www-data", [77, 1822]),
        ("user = 0", [78]),
        ("cgroup = nginx.service", [77]),
        ("cgroup = php.service", [1822]),
        ("cgroup = pool", [1822]),
        ("cgroup = php.service/pool", [1822]),
        ("cgroup = system.slice", [77, 1822]),
        ("cgroup = /sys/fs/cgroup/system.slice/", [77, 1822]),
        ("cgroup = /sys/fs/cgroup/unified/system.slice/nginx.service", [77]),
        ("cgroup = /nginx.service", []),
        ("cgroup = /sys/fs/cgroup", [78]),
        ("cgroup = slice", []),
    ],
)
def test_whose_sockets_are_meant(text: str, pids: list[int] | None) -> None:
    if pids is None:
        with pytest.raises(FilterError, match="a value is missing"):
            parse(text)
        return
    rows = TABLES[0]
    found = {rows.owners.records[slot].pid for slot in rows.owner[parse(text).mask(rows)].tolist()}
    assert sorted(found - {0}) == pids


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        ("proc = x", True),
        ("not (estab or dport = :443 pid != 7)", True),
        ("label = x", False),
        ("estab or dport = :443", False),
    ],
)
def test_whether_a_filter_needs_owners(text: str, whose: bool) -> None:
    assert names_owners(parse(text)) == whose


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "state all"),
        ("time-wait", "state all"),
        ("dst 10.0.0.5", "dst 10.0.0.5"),
        ("time-wait dport = :443 dst 10/8", "dport = :443 and dst 10.0.0.0/8"),
        ("time-wait (dport = :443 or dport = :80)", "dport = :443 or dport = :80"),
        ("dport != :443 sport = :80", "not dport = :443"),
        ("dport = :443 or sport = :443", "state all"),
        (":443", "state all"),
        ("dport = :443 or time-wait", "state all"),
        ("not (dport = :443 time-wait)", "state all"),
    ],
)
def test_destination_part(text: str, part: str) -> None:
    assert str(destination_part(parse(text))) == part


@pytest.mark.parametrize("text", ["", "exclude all", "not time-wait", "10.0.0.5:80 or estab", "::/0"])
def test_an_empty_table_has_an_empty_mask(text: str) -> None:
    assert parse(text).mask(Sockets.empty()).shape == (0,)


def test_a_mapped_address_is_an_ipv4_peer() -> None:
    rows = TABLES[0]
    mapped = (rows.remote_hi == 0) & (rows.remote_lo == 0xFFFF << 32 | 0x0A000005)
    assert set(rows.family[mapped].tolist()) == {2, 10}
    assert np.array_equal(parse("dst 10.0.0.5").mask(rows), mapped)
    assert np.array_equal(parse("dst ::ffff:10.0.0.5").mask(rows), mapped & (rows.family == 10))
    assert np.array_equal(parse("dst ::/0").mask(rows), rows.family == 10)
