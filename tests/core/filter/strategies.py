"""Random filters and random sockets that have a chance to meet."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import numpy as np
from hypothesis import strategies as st

from twtop.core.address import halves
from twtop.core.filter.attributes import CERTAINTIES
from twtop.core.filter.nodes import (
    HIGHEST_PORT,
    And,
    Endpoint,
    Everything,
    Expr,
    Named,
    Network,
    Not,
    Or,
    Ports,
    Side,
    States,
)
from twtop.core.names.labels import Labels
from twtop.core.owners.certainty import Certainty
from twtop.core.owners.owner import Owner
from twtop.core.owners.registry import Registry
from twtop.core.sockets import DTYPES, Sockets
from twtop.core.states import ALL_STATES, State

# Those of the lab among them, so that these filters find real sockets too.
V4 = ("0.0.0.0", "10.0.0.5", "10.77.0.1", "10.77.0.2", "127.0.0.1", "255.255.255.255")  # noqa: S104
V6 = ("::", "::1", "::ffff:10.0.0.5", "::ffff:10.77.0.1", "fd77::1", "fd77::2", "fd77:0:0:1::2", "fe80::1")
HALVES = np.array([halves(ip_address(text)) for text in (*V4, *V6)], np.uint64).T
"""The high ones and the low ones of these, one after the other."""
PORTS = (0, 1, 79, 80, 443, 444, 5432, 8080, 32768, 65534, 65535)

port_numbers = st.sampled_from(PORTS)


def _network(address: str, length: int) -> Network:
    if ":" in address:
        return IPv6Network((address, length), strict=False)
    return IPv4Network((address, length), strict=False)


networks = st.one_of(
    st.builds(_network, st.sampled_from(V4), st.sampled_from((0, 1, 8, 9, 24, 31, 32))),
    st.builds(_network, st.sampled_from(V6), st.sampled_from((0, 1, 32, 63, 64, 65, 96, 127, 128))),
)


def _ports(one: int, other: int) -> Ports:
    return Ports(min(one, other), max(one, other))


ports = st.one_of(
    st.builds(lambda port: Ports(port, port), port_numbers),
    st.builds(_ports, port_numbers, port_numbers),
    st.builds(lambda port: Ports(port, HIGHEST_PORT), port_numbers),
)
endpoints = st.builds(Endpoint, st.sampled_from(Side), st.none() | networks, ports) | st.builds(
    Endpoint, st.sampled_from(Side), networks
)
states = st.builds(States, st.sampled_from(range(0, ALL_STATES, 2)))


LABELS = Labels.of(
    [
        (ip_network("10.0.0.0/8"), "db"),
        (ip_network("10.77.0.2"), "and web"),
        (ip_network("fd77::/64"), "state"),
    ]
)
labels = st.sampled_from(("db", "and web", "state", "", "*", "*b", "a*e*", "and", ":80", "a,b"))
labelled = st.builds(Named, st.just("label"), labels)

OWNERS = (
    Owner(77, 1, "nginx", 33, "www-data", "/system.slice/nginx.service", "nginx.service"),
    Owner(1822, 2, "php-fpm: pool", 33, "www-data", "/system.slice/php.service/pool", "php.service"),
    Owner(78, 3, "and", 0, "root", "/"),
    Owner(uid=1000, user="1000"),
    Owner(command="nginx"),
)
named = st.one_of(
    labelled,
    st.builds(Named, st.just("pid"), st.sampled_from(("0", "77", "78", "4194304"))),
    st.builds(Named, st.just("proc"), st.sampled_from(("nginx", "php-fpm: pool", "*n*", "", "and", "*"))),
    st.builds(Named, st.just("user"), st.sampled_from(("www-data", "33", "1000", "0", "", "r*t"))),
    st.builds(
        Named,
        st.just("cgroup"),
        st.sampled_from(("nginx.service", "/system.slice", "system.slice", "*.service", "pool", "/", "")),
    ),
    st.builds(Named, st.just("owner"), st.sampled_from(sorted(CERTAINTIES))),
)
"""What neither the kernel nor ss knows."""

TERMS: st.SearchStrategy[Expr] = st.one_of(st.just(Everything()), states, endpoints, endpoints)
ALL_TERMS: st.SearchStrategy[Expr] = st.one_of(TERMS, named)
"""With those that the kernel and ss know nothing of."""


def expressions(leaves: st.SearchStrategy[Expr] = TERMS) -> st.SearchStrategy[Expr]:
    """Any expression that a text can mean."""

    def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        several = st.lists(inner, min_size=2, max_size=4).map(tuple)
        return st.builds(Not, inner) | several.map(And) | several.map(Or)

    return st.recursive(leaves, grow, max_leaves=8)


def sockets(seed: int, count: int = 400) -> Sockets:
    """Make sockets of both families, with every pair of well-known addresses and ports likely."""
    rng = np.random.default_rng(seed)
    family = rng.choice(np.array([2, 10], np.uint8), count)
    table = {name: np.zeros(count, dtype) for name, dtype in DTYPES.items()}
    table["family"] = family
    table["state"] = rng.choice(np.array([state.value for state in State], np.uint8), count)
    for end in ("local", "remote"):
        address = np.where(
            family == 2, rng.integers(len(V4), size=count), len(V4) + rng.integers(len(V6), size=count)
        )
        table[f"{end}_hi"], table[f"{end}_lo"] = HALVES[:, address]
        table[f"{end}_port"] = rng.choice(np.array(PORTS, np.uint16), count)
    return with_owners(replace(Sockets.of(table), labels=LABELS), rng)


def with_owners(sockets: Sockets, rng: np.random.Generator) -> Sockets:
    """Give sockets owners, or nobody, with every certainty."""
    registry = Registry()
    slots = np.array([0, *map(registry.slot, OWNERS)], np.uint32)
    owner = rng.choice(slots, len(sockets))
    certainty = np.where(owner == 0, 0, rng.integers(1, len(Certainty), len(sockets))).astype(np.uint8)
    return replace(sockets, owner=owner, certainty=certainty, owners=registry.table())
