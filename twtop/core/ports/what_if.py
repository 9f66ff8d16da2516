"""What a change would do to a port budget, before anyone makes it.

A change is one entry: what it does to the terms, how it is made, and what to know of it on this host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twtop.core.ports.budget import Budget, Outlook, Terms, outlook
from twtop.core.ports.reuse import is_loopback
from twtop.core.ports.supply import range_mask, reserved_mask
from twtop.core.roles import ports_of
from twtop.core.states import State
from twtop.core.sysctls import PortRange

if TYPE_CHECKING:
    from collections.abc import Callable

_SOCKET_RANGE_SINCE: Final = (6, 3)
NO_PARITY_SINCE: Final = (6, 8)
"""From here on connect() knows no parity on sockets with IP_LOCAL_PORT_RANGE (__inet_hash_connect)."""
_MOST_PORTS_NAMED: Final = 6
_NO_PORT: Final = "setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT /* 24 */, &(int){1}, 4)"


class Trial(NamedTuple):
    """A budget, and what is tried on it."""

    budget: Budget
    range: PortRange
    """The range tried instead of the present one."""
    kernel: tuple[int, int]
    """Version of the running kernel."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changes the terms."""

    name: str
    title: Callable[[Trial], str]
    terms: Callable[[Trial], Terms]
    """The terms afterwards; those of today where it changes nothing here."""
    command: Callable[[Trial], str]
    """The exact command or call that makes it."""
    caveats: Callable[[Trial], list[str]]
    """What to know of it on this host, whole sentences."""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What one change would do."""

    change: str
    title: str
    outlook: Outlook
    command: str
    caveats: tuple[str, ...]


def predictions(trial: Trial) -> list[Prediction]:
    """Predict what every change would do to a budget."""
    return [
        Prediction(
            change=change.name,
            title=change.title(trial),
            outlook=outlook(trial.budget, change.terms(trial)),
            command=change.command(trial),
            caveats=tuple(change.caveats(trial)),
        )
        for change in CHANGES
    ]


# --- another range ----------------------------------------------------------------------------------------


def _range_command(trial: Trial) -> str:
    return f'sysctl -w net.ipv4.ip_local_port_range="{trial.range.low} {trial.range.high}"'


def _range_caveats(trial: Trial) -> list[str]:
    caveats = []
    lowest = trial.budget.snapshot.sysctls.first_port
    if trial.range.low < lowest:
        caveats.append(f"The kernel refuses a range that begins below ip_unprivileged_port_start ({lowest}).")
    if trial.range == trial.budget.terms.range:
        caveats.append("This is the range in force.")
    if listening := _listeners_to_reserve(trial):
        named = ", ".join(map(str, listening[:_MOST_PORTS_NAMED]))
        if (more := len(listening) - _MOST_PORTS_NAMED) > 0:
            named += f" and {more} more"
        caveats.append(
            f"Listeners inside it: {named}. Reserve their ports, or a connection may hold one while its "
            f"listener restarts: {_reserve_command(trial, listening)}"
        )
    return caveats


def _listeners_to_reserve(trial: Trial) -> list[int]:
    """Return the ports that only the new range holds and that are listened on, without reserved ones."""
    snapshot = trial.budget.snapshot
    listening = ports_of(snapshot.sockets, np.flatnonzero(snapshot.sockets.state == State.LISTEN))
    added = range_mask(trial.range) & ~range_mask(trial.budget.terms.range)
    found: list[int] = np.flatnonzero(listening & added & ~reserved_mask(snapshot.sysctls)).tolist()
    return found


def _reserve_command(trial: Trial, ports: list[int]) -> str:
    every = sorted({*ports, *trial.budget.snapshot.sysctls.reserved_ports})
    return f"sysctl -w net.ipv4.ip_local_reserved_ports={_port_list(every)}"


def _port_list(ports: list[int]) -> str:
    """Write ports as the kernel does: ``8080,9000-9010``."""
    numbers = np.array(ports)
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


# --- taking over TIME-WAITs -------------------------------------------------------------------------------


def _reuse_terms(trial: Trial) -> Terms:
    return trial.budget.terms._replace(reuse=trial.budget.snapshot.sysctls.timestamps)


def _reuse_caveats(trial: Trial) -> list[str]:
    budget = trial.budget
    sysctls = budget.snapshot.sysctls
    if not sysctls.timestamps:
        return ["No effect while tcp_timestamps is 0."]
    if budget.terms.bind_first:
        return ["No effect on sockets that are bound first: bind() chooses their ports."]
    caveats = []
    if sysctls.tw_reuse == 1:
        caveats.append("Already set.")
    elif budget.terms.reuse:
        caveats.append("Already so towards loopback (tcp_tw_reuse is 2).")
    caveats.append("Counts on peers that use timestamps too: no dump tells whether they do.")
    if budget.stuck:
        caveats.append(f"The {budget.stuck:,} in FIN-WAIT-2 are never taken over.")
    return caveats


# --- one more source address ------------------------------------------------------------------------------


def _source_command(trial: Trial) -> str:
    source = trial.budget.destination.source_text
    if source.startswith("127."):
        return _bind_command("127.0.0.3" if source == "127.0.0.2" else "127.0.0.2")
    prefix = 128 if ":" in source else 32
    return f"ip address add ADDRESS/{prefix} dev DEVICE; then per socket: {_bind_command('ADDRESS')}"


def _bind_command(address: str) -> str:
    return f"{_NO_PORT}; bind(fd, {{{address}, port 0}})"


def _source_caveats(trial: Trial) -> list[str]:
    caveats = ["The program must spread its connections over both addresses."]
    if not is_loopback(trial.budget.destination):
        caveats.append("The network must route ADDRESS to this host.")
    return caveats


# --- options of the socket --------------------------------------------------------------------------------


def _socket_range(trial: Trial) -> PortRange:
    """Return what a socket gets that asks for the range tried: an end outside the host's range is ignored."""
    host, asked = trial.budget.terms.range, trial.range
    return PortRange(
        asked.low if asked.low in host else host.low, asked.high if asked.high in host else host.high
    )


def _socket_range_terms(trial: Trial) -> Terms:
    terms = trial.budget.terms
    if trial.kernel < _SOCKET_RANGE_SINCE:
        return terms
    return terms._replace(range=_socket_range(trial), halves=trial.kernel < NO_PARITY_SINCE)


def _socket_range_command(trial: Trial) -> str:
    span = _socket_range(trial)
    both = f"{span.high}u << 16 | {span.low}"
    return f"setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE /* 51 */, &(uint32_t){{{both}}}, 4)"


def _socket_range_caveats(trial: Trial) -> list[str]:
    if trial.kernel < _SOCKET_RANGE_SINCE:
        return ["This kernel does not have it: Linux 6.3 does."]
    caveats = []
    if trial.kernel < NO_PARITY_SINCE:
        caveats.append("connect() is slow from half on all the same: no longer from Linux 6.8 on.")
    if _socket_range(trial) != trial.range:
        host = trial.budget.terms.range
        caveats.append(f"Never more than ip_local_port_range ({host.low}-{host.high}): widen that first.")
    return caveats


def _no_port_caveats(trial: Trial) -> list[str]:
    if trial.budget.terms.bind_first:
        return [
            "Then connect() chooses the port, for each destination by itself.",
            "Counted without the ports that were bound first: they come back as their sockets go.",
        ]
    return ["No effect: as far as ports tell, connect() chooses them already."]


CHANGES: Final = (
    Change(
        "range",
        lambda trial: f"range {trial.range.low}-{trial.range.high}",
        lambda trial: trial.budget.terms._replace(range=trial.range),
        _range_command,
        _range_caveats,
    ),
    Change(
        "reuse",
        lambda _: "tcp_tw_reuse = 1",
        _reuse_terms,
        lambda _: "sysctl -w net.ipv4.tcp_tw_reuse=1",
        _reuse_caveats,
    ),
    Change(
        "source",
        lambda _: "one more source address",
        lambda trial: trial.budget.terms._replace(sources=2),
        _source_command,
        _source_caveats,
    ),
    Change(
        "socket-range",
        lambda _: "IP_LOCAL_PORT_RANGE",
        _socket_range_terms,
        _socket_range_command,
        _socket_range_caveats,
    ),
    Change(
        "no-port",
        lambda _: "IP_BIND_ADDRESS_NO_PORT",
        lambda trial: trial.budget.terms._replace(bind_first=False),
        lambda _: f"{_NO_PORT}; /* before bind() */",
        _no_port_caveats,
    ),
)
