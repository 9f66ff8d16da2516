"""Filters and names for what findings are about, from one of its sockets."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.address import address_text, endpoint_text, is_ipv4
from twtop.core.filter import ss_command
from twtop.core.filter.nodes import And, Endpoint, Expr, Network, Ports, Side, all_of, any_of, states_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twtop.core.sockets import Rows, Sockets
    from twtop.core.states import State

_ENDS: Final = (Side.LOCAL, Side.REMOTE)
_MOST_PORTS: Final = 16
"""A filter with more of them can be read by nobody."""


def in_states(*states: State) -> Expr:
    """Return a filter for states."""
    return states_of(sum(state.bit for state in set(states)))


def on_port(port: int, *states: State) -> Expr:
    """Return a filter for a local port, in some states or in any."""
    return on_ports((port,), *states)


def on_ports(ports: Iterable[int], *states: State) -> Expr:
    """Return a filter for any of some local ports, in some states or in any."""
    terms = tuple(Endpoint(Side.LOCAL, None, Ports(port, port)) for port in ports)
    return all_of((*_states(states), any_of(terms)))


def at_local_end(sockets: Sockets, row: int, *states: State) -> Expr:
    """Return a filter for all that has the local address and port of a socket."""
    return all_of((*_states(states), Endpoint(Side.LOCAL, *_end(sockets, row, "local", port=True))))


def between(sockets: Sockets, rows: Rows) -> Expr:
    """Return a filter for single connections, by both of their ends."""
    return any_of(
        tuple(
            all_of(tuple(Endpoint(side, *_end(sockets, int(row), side.value, port=True)) for side in _ENDS))
            for row in rows[:_MOST_PORTS]
        )
    )


def towards(sockets: Sockets, row: int, *states: State, port: bool = True, source: bool = False) -> Expr:
    """Return a filter for all that goes where a socket goes: to its remote address, there to its port.

    With ``source`` only from its local address.
    """
    remote = Endpoint(Side.REMOTE, *_end(sockets, row, "remote", port=port))
    local = (Endpoint(Side.LOCAL, *_end(sockets, row, "local", port=False)),) if source else ()
    return all_of((*_states(states), *local, remote))


def some_towards(sockets: Sockets, rows: Rows, among: Rows, *states: State) -> Expr:
    """Return a filter for some sockets among all those in these states that go to the same address.

    It names the ports that tell them apart, or all of the address where those are too many.
    """
    peer = towards(sockets, int(rows[0]), *states, port=False)
    if len(rows) == len(among):
        return peer
    sides = {side: np.unique(getattr(sockets, f"{side.value}_port")[rows]) for side in _ENDS}
    side, ports = max(sides.items(), key=lambda item: len(item[1]))
    if len(ports) > _MOST_PORTS:
        return peer
    terms = peer.terms if isinstance(peer, And) else (peer,)
    one_of = any_of(tuple(Endpoint(side, None, Ports(port, port)) for port in ports.tolist()))
    return all_of((*terms, one_of))


def towards_addresses(sockets: Sockets, rows: Rows, *states: State) -> Expr:
    """Return a filter for all that goes where one of some sockets goes, to whatever port."""
    ends = tuple(Endpoint(Side.REMOTE, *_end(sockets, int(row), "remote", port=False)) for row in rows)
    return all_of((*_states(states), any_of(ends)))


def towards_network(network: Network, *states: State) -> Expr:
    """Return a filter for all that goes to a network."""
    return all_of((*_states(states), Endpoint(Side.REMOTE, network)))


def listing(expr: Expr, show: str = "p") -> str:
    """Return the ``ss`` command that lists the same sockets with their processes, or timers (``o``)."""
    return (ss_command(expr) or "ss -tan").replace("-tan", f"-tan{show}", 1)


def remote_text(sockets: Sockets, row: int, *, port: bool = True) -> str:
    """Write the remote end of a socket: ``10.0.0.5:5432``, or only the address."""
    high, low = int(sockets.remote_hi[row]), int(sockets.remote_lo[row])
    return endpoint_text(high, low, int(sockets.remote_port[row])) if port else address_text(high, low)


def local_text(sockets: Sockets, row: int) -> str:
    """Write the local end of a socket: ``10.0.0.1:8080``."""
    high, low = int(sockets.local_hi[row]), int(sockets.local_lo[row])
    return endpoint_text(high, low, int(sockets.local_port[row]))


def unsent_text(sockets: Sockets, rows: Rows) -> str:
    """Say how much waits to be sent or acknowledged."""
    return f"Send-Q of these: {int(sockets.wqueue[rows].sum(dtype=np.int64)):,} bytes"


def _states(states: tuple[State, ...]) -> tuple[Expr, ...]:
    return (in_states(*states),) if states else ()


def _end(
    sockets: Sockets, row: int, side: str, *, port: bool
) -> tuple[IPv4Network | IPv6Network, Ports | None]:
    high, low = int(getattr(sockets, f"{side}_hi")[row]), int(getattr(sockets, f"{side}_lo")[row])
    number = int(getattr(sockets, f"{side}_port")[row])
    kind = IPv4Network if is_ipv4(high, low) else IPv6Network
    return kind(address_text(high, low)), Ports(number, number) if port else None
