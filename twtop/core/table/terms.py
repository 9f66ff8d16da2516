"""Filters for the sockets of a group, as far as one can tell them from others."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Final

from twtop.core.address import address_text, is_ipv4
from twtop.core.filter.nodes import Endpoint, Expr, Named, Ports, Side, States, named
from twtop.core.states import State
from twtop.core.table.keys import KEYS, has_remote

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.core.owners.owner import Owner
    from twtop.core.sockets import Sockets

_ALONE: Final = States(State.LISTEN.bit | State.UNCONN.bit)
"""Those that have no peer."""


def key_terms(sockets: Sockets, row: int, server: bool, key: str) -> list[Expr]:
    """Return what sockets of one group have in common with one of them; ``server``: the role of that one.

    The role alone cannot be filtered by, and gives no terms; a namespace neither, as in ``ss``.
    """
    state = int(sockets.state[row])
    if key == "state":
        return [States(1 << state)]
    if KEYS[key].of_owners:
        return _OWNER_TERMS[key](sockets.owner_at(row))
    if not has_remote(state) and (key.startswith("remote") or key == "label"):
        return [_ALONE]
    if not has_remote(state) and key == "peer":
        return [_ALONE, *_END_TERMS["local"](sockets, row)]
    if key == "peer":
        key = "served" if server else "remote"
    return _END_TERMS[key](sockets, row) if key in _END_TERMS else []


_END_TERMS: Final[dict[str, Callable[[Sockets, int], list[Expr]]]] = {
    "remote": lambda sockets, row: [end_term(sockets, row, Side.REMOTE, port=True)],
    "remote-address": lambda sockets, row: [end_term(sockets, row, Side.REMOTE)],
    "remote-network": lambda sockets, row: [end_term(sockets, row, Side.REMOTE, network=True)],
    "remote-port": lambda sockets, row: [_port(sockets, row, Side.REMOTE)],
    "local": lambda sockets, row: [end_term(sockets, row, Side.LOCAL, port=True)],
    "local-address": lambda sockets, row: [end_term(sockets, row, Side.LOCAL)],
    "local-port": lambda sockets, row: [_port(sockets, row, Side.LOCAL)],
    "label": lambda sockets, row: [_label(sockets, row)],
    "served": lambda sockets, row: [_port(sockets, row, Side.LOCAL), end_term(sockets, row, Side.REMOTE)],
}


def _label(sockets: Sockets, row: int) -> Named:
    return Named("label", sockets.labels.text(int(sockets.remote_hi[row]), int(sockets.remote_lo[row])))


def _owner_terms(owner: Owner) -> list[Expr]:
    """Tell a process by its number and name; another owner by what it is called."""
    if owner.pid:
        return [Named("pid", str(owner.pid)), named("proc", owner.command)]
    called = [("proc", owner.command), ("cgroup", owner.unit), ("user", owner.user)]
    known = next((at for at, (_, text) in enumerate(called) if text), len(called) - 1)
    return [Named("pid", "0"), *(named(word, text) for word, text in called[: known + 1])]


_OWNER_TERMS: Final[dict[str, Callable[[Owner], list[Expr]]]] = {
    "owner": _owner_terms,
    "command": lambda owner: [named("proc", owner.command)],
    "user": lambda owner: [named("user", owner.user)],
    "unit": lambda owner: [named("cgroup", owner.unit)],
}


def _port(sockets: Sockets, row: int, side: Side) -> Endpoint:
    port = int(getattr(sockets, f"{side.value}_port")[row])
    return Endpoint(side, None, Ports(port, port))


def end_term(
    sockets: Sockets, row: int, side: Side, *, port: bool = False, network: bool = False
) -> Endpoint:
    """Return a test for the address of one end of a socket, for the network that holds it, with its port."""
    end = side.value
    high, low = int(getattr(sockets, f"{end}_hi")[row]), int(getattr(sockets, f"{end}_lo")[row])
    number = int(getattr(sockets, f"{end}_port")[row])
    text = address_text(high, low)
    prefix = (24 if network else 32) if is_ipv4(high, low) else (64 if network else 128)
    kind = IPv4Network if is_ipv4(high, low) else IPv6Network
    return Endpoint(side, kind(f"{text}/{prefix}", strict=False), Ports(number, number) if port else None)
