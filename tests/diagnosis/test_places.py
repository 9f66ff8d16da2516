"""Where the peers of some sockets are."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.core.build import moment_of, table
from tests.knowledge.hosts import host
from twtop.core.address import halves
from twtop.core.counter_history import CounterHistory
from twtop.core.ports.history import PortHistory
from twtop.core.ports.usage import port_usage
from twtop.core.states import State
from twtop.diagnosis.evidence import Evidence
from twtop.diagnosis.places import divided, place_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def evidence(addresses: Sequence[str], states: Sequence[State] | None = None) -> Evidence:
    ends = [halves(ip_address(address)) for address in addresses]
    moment = moment_of(
        table(
            family=[10 if ":" in address else 2 for address in addresses],
            state=states or [State.ESTAB] * len(addresses),
            local_port=range(40_000, 40_000 + len(addresses)),
            remote_port=[443] * len(addresses),
            remote_hi=[high for high, _ in ends],
            remote_lo=[low for _, low in ends],
        )
    )
    course = CounterHistory().add(0.0, moment.snapshot.counters)
    return Evidence(moment, port_usage(moment.snapshot), PortHistory(), course, host())


def everywhere(count: int) -> list[str]:
    return [f"10.{number}.0.1" for number in range(count)]


@pytest.mark.parametrize(
    ("addresses", "kind", "text"),
    [
        (["10.0.0.5"] * 3, "peer", "10.0.0.5"),
        (["fd00::5"], "peer", "fd00::5"),
        (["10.0.0.5", "10.0.0.6"], "network", "2 addresses in 10.0.0.0/24"),
        (["2001:db8:7:1::1", "2001:db8:7:2::1"], "network", "2 addresses in 2001:db8:7::/48"),
        ([*["10.0.0.5"] * 4, "10.9.0.6"], "network", "2 addresses, most in 10.0.0.0/24"),
        (["10.0.0.5", "10.9.0.6"], "many", "2 addresses in many networks"),
        (["10.0.0.5", "::5"], "many", "2 addresses in many networks"),
        (everywhere(200), "many", "200 addresses in many networks"),
    ],
)
def test_a_place_has_a_name_and_selects_its_sockets(addresses: list[str], kind: str, text: str) -> None:
    seen = evidence(addresses)
    rows = seen.rows(State.ESTAB)
    place = place_of(seen, rows, State.ESTAB)
    assert (place.kind, place.text) == (kind, text)
    assert np.flatnonzero(place.sockets.mask(seen.sockets)).tolist() == rows.tolist()
    assert place.name in place.text


def test_many_addresses_of_one_network_are_selected_as_that_network() -> None:
    seen = evidence([f"10.0.0.{number}" for number in range(1, 100)])
    place = place_of(seen, seen.rows(State.ESTAB), State.ESTAB)
    assert str(place.sockets) == "state established and dst 10.0.0.0/24"


def test_some_sockets_of_one_address_are_selected_by_their_ports() -> None:
    seen = evidence(["10.0.0.5"] * 4)
    place = place_of(seen, np.array([1, 3]), State.ESTAB)
    assert str(place.sockets) == "state established and dst 10.0.0.5 and ( sport = :40001 or sport = :40003 )"
    assert np.flatnonzero(place.sockets.mask(seen.sockets)).tolist() == [1, 3]


def test_of_too_many_the_address_is_selected() -> None:
    seen = evidence(["10.0.0.5"] * 40)
    place = place_of(seen, np.arange(30), State.ESTAB)
    assert str(place.sockets) == "state established and dst 10.0.0.5"


def test_those_alone_at_their_address_are_put_together() -> None:
    seen = evidence(["10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.3", "10.0.0.2", "10.0.0.4", "10.0.0.4"])
    found = [(subject, place.rows.tolist()) for subject, place in divided(seen, np.arange(7), State.ESTAB)]
    assert found == [("10.0.0.2", [1, 2, 4]), ("10.0.0.4", [5, 6]), ("", [0, 3])]


def test_nothing_is_nowhere() -> None:
    assert list(divided(evidence(["10.0.0.1"]), np.zeros(0, np.intp), State.ESTAB)) == []
