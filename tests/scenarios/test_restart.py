"""A listener whose port a connection took while it was away, on the real kernel."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.ward import Ward
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.listeners import SETTLED_S
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from twtop.lab.host import Socket
    from twtop.lab.lab import Lab

RULE = "listener-port-taken"
RANGE, RESERVED = "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"
PORT = 40000


def served(lab: Lab) -> Socket:
    """Listen on the first port of a range of four; a client has come, and gone first."""
    lab.server.sysctl(RANGE, f"{PORT} {PORT + 3}")
    listener = lab.server.listen(PORT)
    client = lab.client.connect(*endpoint(listener))
    server = lab.server.accept(listener)
    client.close()
    assert server.recv(1) == b""
    # As long as anything of a server is left on its port, connect() does not choose it.
    server.close()
    return listener


def settle(ward: Ward) -> None:
    """Look until the listener is one that stays."""
    ward.look()
    ward.wait(SETTLED_S)
    ward.look()


def take_the_port(lab: Lab) -> tuple[Socket, list[Socket]]:
    """Connect elsewhere until connect() has chosen the port; return that connection, and all."""
    target = endpoint(lab.client.listen())
    made = [lab.server.connect(*target) for _ in range(2)]
    (taker,) = (one for one in made if endpoint(one)[1] == PORT)
    return taker, made


def test_a_connection_in_the_way_is_found_until_the_listener_is_back(lab: Lab) -> None:
    lab.server.sysctl(RESERVED, "50000")
    listener = served(lab)
    with Ward(lab.server) as ward:
        settle(ward)
        listener.close()
        assert RULE not in ward.rules(2)
        taker, made = take_the_port(lab)
        finding = ward.find(RULE)
        assert finding.severity is Severity.WARNING
        address, port = taker.getpeername()
        assert finding.subject == f"{lab.server.address()}:{PORT}"
        assert finding.headline == f"the listener on port {PORT} cannot come back: connect() took its port"
        assert finding.evidence[1] == f"connect() has chosen it since, to {address}:{port}"
        assert ward.selected(finding) == {"ESTAB": 1}
        with pytest.raises(OSError) as refusal:
            lab.server.listen(PORT)
        assert refusal.value.errno == errno.EADDRINUSE
        next(other for other in made if other is not taker).close()
        assert RULE in ward.rules(1)
        taker.close()
        assert RULE in ward.rules(1)
        # Its peer resets what is left of it.
        lab.client.close()
        ward.until_gone(RULE)
        # The cable went with the client, and takes the server's own addresses along.
        assert lab.server.listen(PORT, address="0.0.0.0")  # noqa: S104 - in a namespace of its own
        assert RULE not in ward.rules(1)


def test_a_reserved_port_is_not_chosen(lab: Lab) -> None:
    lab.server.sysctl(RESERVED, "50000")
    listener = served(lab)
    with Ward(lab.server) as ward:
        settle(ward)
        listener.close()
        ward.look()
        taker, _ = take_the_port(lab)
        finding = ward.find(RULE)
        assert finding.commands == (f"sysctl -w net.ipv4.ip_local_reserved_ports=50000,{PORT}",)
        ward.apply(finding.remedies[1])
        assert lab.server.read_sysctl(RESERVED) == f"{PORT},50000"
        ward.until_gone(RULE)
        taker.close()
        target = endpoint(lab.client.listen())
        assert {endpoint(lab.server.connect(*target))[1] for _ in range(3)} == {PORT + 1, PORT + 2, PORT + 3}


def test_listeners_that_come_and_go_quickly_leave_ports_to_anyone(lab: Lab) -> None:
    listener = served(lab)
    with Ward(lab.server) as ward:
        ward.look()
        listener.close()
        ward.look()
        take_the_port(lab)
        assert RULE not in ward.rules(2)


def test_the_last_connection_of_a_listener_is_its_own(lab: Lab) -> None:
    listener = served(lab)
    with Ward(lab.server) as ward:
        settle(ward)
        lab.client.connect(*endpoint(listener))
        lab.server.accept(listener)
        listener.close()
        assert RULE not in ward.rules(3)


def test_a_port_that_was_taken_at_once_goes_where_others_go(lab: Lab) -> None:
    listener = served(lab)
    with Ward(lab.server) as ward:
        settle(ward)
        listener.close()
        take_the_port(lab)
        assert RULE in ward.rules(1)
