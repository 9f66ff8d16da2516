"""FIN-WAIT-2 of peers that do not close, on the real kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.oracle import eventually, states
from tests.scenarios.ward import Ward
from twtop.diagnosis.finding import Severity
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from twtop.lab.host import Host, Socket
    from twtop.lab.lab import Lab

RULE = "peer-does-not-close"


def connections(lab: Lab, listener: Socket, count: int) -> list[tuple[Socket, Socket]]:
    return [(lab.client.connect(*endpoint(listener)), lab.server.accept(listener)) for _ in range(count)]


def become_orphans(host: Host, ends: list[Socket]) -> None:
    for end in ends:
        end.close()
    eventually(lambda: states(host)["FIN-WAIT-2"], len(ends))


def test_a_service_that_does_not_close_is_found_until_it_does(lab: Lab) -> None:
    listener = lab.server.listen()
    name = f"{endpoint(listener)[0]}:{endpoint(listener)[1]}"
    pairs = connections(lab, listener, 20)
    with Ward(lab.client) as ward:
        become_orphans(lab.client, [client for client, _ in pairs])
        finding = ward.find(RULE)
        assert finding.severity is Severity.WARNING
        assert finding.headline == f"20 FIN-WAIT-2 towards {name}: the peer does not close"
        assert finding.subject == name
        assert ward.selected(finding) == {"FIN-WAIT-2": 20}
        assert "sysctl -w net.ipv4.tcp_fin_timeout=15" in finding.commands
        lab.client.sysctl("net.ipv4.tcp_fin_timeout", 15)
        assert ward.find(RULE).commands == ()
        for _, server in pairs:
            server.close()
        ward.until_gone(RULE)


def test_clients_that_do_not_close_are_a_note_at_the_server(lab: Lab) -> None:
    listener = lab.server.listen()
    pairs = connections(lab, listener, 20)
    with Ward(lab.server) as ward:
        become_orphans(lab.server, [server for _, server in pairs])
        finding = ward.find(RULE)
        port = endpoint(listener)[1]
        assert finding.severity is Severity.NOTE
        assert finding.subject == f"{lab.client.address()} (port {port} here)"
        assert ward.selected(finding) == {"FIN-WAIT-2": 20}
        for client, _ in pairs:
            client.close()
        ward.until_gone(RULE)


def test_a_few_among_many_are_none(lab: Lab) -> None:
    listener = lab.server.listen()
    pairs = connections(lab, listener, 105)
    with Ward(lab.client) as ward:
        become_orphans(lab.client, [client for client, _ in pairs[:20]])
        ward.look()
        ward.wait(2)
        assert ward.rules(2) == set()
