"""What the copy keys put on the clipboard."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Final

from twtop.core.address import address_text, is_ipv4
from twtop.core.filter import And, Everything, ss_command
from twtop.core.filter.nodes import Endpoint, Expr, Named, Ports, Side, States, all_of, named
from twtop.core.states import State
from twtop.core.table.keys import KEYS, has_remote
from twtop.ui.table.row_text import representative

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.core.owners.owner import Owner
    from twtop.core.table.view import Line, Lines

_ALONE: Final = States(State.LISTEN.bit | State.UNCONN.bit)
"""Those that have no peer."""


def ss_of(chosen: Expr, lines: Lines | None, line: Line | None) -> str | None:
    """Return the ss command for the sockets of a line that a filter lets through, None if ss has none."""
    if lines is None or line is None:
        return ss_command(chosen)
    own = line_filter(lines, line)
    return ss_command(own if isinstance(chosen, Everything) else And((chosen, own)))


def line_filter(lines: Lines, line: Line) -> Expr:
    """Return a filter for the sockets of a line, as far as one can tell them from others.

    The role alone cannot be filtered by, and is left out.
    """
    sockets = lines.view.moment.snapshot.sockets
    row = representative(lines, line)
    if line.kind == "socket":
        state = int(sockets.state[row])
        ends = [_end(lines, row, Side.LOCAL, port=True)]
        if has_remote(state):
            ends.append(_end(lines, row, Side.REMOTE, port=True))
        return all_of((States(1 << state), *ends))
    depth = line.depth if line.kind == "group" else line.depth - 1
    terms = [term for key in lines.view.groups.keys[: depth + 1] for term in _key_terms(lines, row, key)]
    return all_of(tuple(terms))


def _key_terms(lines: Lines, row: int, key: str) -> list[Expr]:
    snapshot = lines.view.moment.snapshot
    state, server = int(snapshot.sockets.state[row]), bool(snapshot.server[row])
    if key == "state":
        return [States(1 << state)]
    if KEYS[key].of_owners:
        return _OWNER_TERMS[key](snapshot.sockets.owner_at(row))
    if not has_remote(state) and (key.startswith("remote") or key == "label"):
        return [_ALONE]
    if not has_remote(state) and key == "peer":
        return [_ALONE, *_END_TERMS["local"](lines, row)]
    if key == "peer":
        key = "served" if server else "remote"
    return _END_TERMS[key](lines, row) if key in _END_TERMS else []


_END_TERMS: Final[dict[str, Callable[[Lines, int], list[Expr]]]] = {
    "remote": lambda lines, row: [_end(lines, row, Side.REMOTE, port=True)],
    "remote-address": lambda lines, row: [_end(lines, row, Side.REMOTE)],
    "remote-network": lambda lines, row: [_end(lines, row, Side.REMOTE, network=True)],
    "remote-port": lambda lines, row: [_port(lines, row, Side.REMOTE)],
    "local": lambda lines, row: [_end(lines, row, Side.LOCAL, port=True)],
    "local-address": lambda lines, row: [_end(lines, row, Side.LOCAL)],
    "local-port": lambda lines, row: [_port(lines, row, Side.LOCAL)],
    "label": lambda lines, row: [_label(lines, row)],
    "served": lambda lines, row: [_port(lines, row, Side.LOCAL), _end(lines, row, Side.REMOTE)],
}


def _label(lines: Lines, row: int) -> Named:
    sockets = lines.view.moment.snapshot.sockets
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


def _port(lines: Lines, row: int, side: Side) -> Endpoint:
    port = int(getattr(lines.view.moment.snapshot.sockets, f"{side.value}_port")[row])
    return Endpoint(side, None, Ports(port, port))


def _end(lines: Lines, row: int, side: Side, *, port: bool = False, network: bool = False) -> Endpoint:
    sockets = lines.view.moment.snapshot.sockets
    end = side.value
    high, low = int(getattr(sockets, f"{end}_hi")[row]), int(getattr(sockets, f"{end}_lo")[row])
    number = int(getattr(sockets, f"{end}_port")[row])
    text = address_text(high, low)
    prefix = (24 if network else 32) if is_ipv4(high, low) else (64 if network else 128)
    kind = IPv4Network if is_ipv4(high, low) else IPv6Network
    return Endpoint(side, kind(f"{text}/{prefix}", strict=False), Ports(number, number) if port else None)
