"""Port budgets as they stand in JSON; `twtop.export.json_` describes every member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twtop.core.address import address_text
from twtop.core.ports.budget import budget, budgets
from twtop.core.ports.history import DESTINATIONS, PortHistory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.ports.budget import Budget
    from twtop.core.ports.usage import Ports
    from twtop.core.snapshot import Snapshot


def port_range(ports: Ports) -> dict[str, Any]:
    """Return what there is to choose from, and what is left out."""
    return {
        "range": {"low": ports.range.low, "high": ports.range.high},
        "capacity": ports.capacity,
        "half": ports.half,
        "reserved": ports.reserved,
        "bound": ports.bound,
        "bound_first": ports.bound_first,
        "udp_used": ports.udp_used,
    }


def port_pools(ports: Ports) -> list[dict[str, Any]]:
    """Return the sources with sockets that were bound first."""
    return [{"source": pool.source, "used": pool.used, "capacity": pool.capacity} for pool in ports.pools]


def destinations(ports: Ports, snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """Yield every destination, the most ports in use first; the first ones with their budgets."""
    for index in range(len(ports)):
        told = None
        if index < DESTINATIONS:
            destination = ports.destination(snapshot.sockets, index)
            told = budget(snapshot, ports, PortHistory(), destination)
        yield _destination(ports, snapshot, index, told)


def worst_destination(ports: Ports, snapshot: Snapshot, history: PortHistory) -> dict[str, Any] | None:
    """Return the destination with the least part of its ports left; None where nothing is connected to."""
    fullest = next(iter(budgets(snapshot, ports, history)), None)
    if fullest is None:
        return None
    index = ports.find(snapshot.sockets, fullest.destination)
    return None if index is None else _destination(ports, snapshot, index, fullest)


def _destination(ports: Ports, snapshot: Snapshot, index: int, told: Budget | None) -> dict[str, Any]:
    destination = ports.destination(snapshot.sockets, index)
    address = address_text(destination.remote_hi, destination.remote_lo)
    used = int(ports.used[index])
    return {
        "source": destination.source_text,
        "remote": {"address": address, "port": destination.remote_port},
        "used": used,
        "time_wait": int(ports.waiting[index]),
        "capacity": ports.capacity_of(index),
        "half_reached": used >= ports.half_of(index),
        "budget": None if told is None else _budget(told),
    }


def _budget(told: Budget) -> dict[str, Any]:
    now = told.outlook
    return {
        "bound_first": told.terms.bind_first,
        "full_at": now.capacity,
        "slow_at": now.half,
        "held": now.held,
        "growth_per_s": round(now.trend.per_s, 3),
        "slow_in_s": now.trend.half_in_s,
        "full_in_s": now.trend.full_in_s,
        "sustainable_per_s": round(now.sustainable_per_s, 3),
    }
