"""Accept queues that are full, or nearly, on the real kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios.ward import Ward
from twtop.diagnosis.finding import Severity
from twtop.lab.host import endpoint
from twtop.lab.limits import overflow_accept_queue

if TYPE_CHECKING:
    from twtop.lab.host import Socket
    from twtop.lab.lab import Lab

FULL, SMALL = "accept-queue-full", "backlog-small"
SOMAXCONN = "net.core.somaxconn"


def name_of(listener: Socket) -> str:
    address, port = endpoint(listener)
    return f"{address}:{port}"


def fill(lab: Lab, listener: Socket, count: int) -> list[Socket]:
    return [lab.client.connect(*endpoint(listener)) for _ in range(count)]


def test_a_full_queue_that_drops_is_critical_until_it_is_accepted_from(lab: Lab) -> None:
    with Ward(lab.server) as ward:
        ward.look()
        listener = overflow_accept_queue(lab)
        finding = ward.find(FULL)
        assert finding.subject == name_of(listener)
        assert finding.severity is Severity.CRITICAL
        assert finding.headline.startswith(f"{name_of(listener)} does not accept(): queue of 2 full, ")
        assert finding.headline.endswith("/s dropped")
        assert finding.evidence[0].startswith("Recv-Q 3 now and 3 at most, Send-Q 2")
        assert ward.selected(finding) == {"LISTEN": 1}
        out = lab.server.run(["ss", "-tlnH", f"sport = :{endpoint(listener)[1]}"]).stdout
        assert out.split()[1:3] == ["3", "2"]
        assert ward.frame is not None
        dropped = ward.frame.moment.snapshot.counters["TcpExt.ListenOverflows"]
        assert dropped >= 3
        assert any(line.startswith("ListenOverflows grows by ") for line in finding.evidence)
        assert any(line.startswith("3 ESTAB without an owner") for line in ward.find(FULL).evidence)
        assert SMALL not in ward.rules(1)
        for _ in range(6):
            lab.server.accept(listener)
        ward.wait(60)
        ward.until_gone(FULL)
        assert SMALL not in ward.rules(1)


def test_a_queue_that_stays_full_is_a_warning_before_anything_is_dropped(lab: Lab) -> None:
    listener = lab.server.listen(backlog=5)
    fill(lab, listener, 6)
    with Ward(lab.server) as ward:
        assert ward.look() == ()
        finding = ward.find(FULL)
        assert finding.severity is Severity.WARNING
        assert finding.headline == f"{name_of(listener)}: 6 waited for accept(), its queue is full beyond 5"
        assert finding.commands == ()
        assert "somaxconn 4096 allows more" in finding.remedies[1].text
        # What the second remedy comes to, without the restart.
        listener.listen(50)
        ward.until_gone(FULL)
        assert ward.rules(1) == set()


def test_a_drop_between_two_looks_is_some_listener_s(lab: Lab) -> None:
    with Ward(lab.server) as ward:
        ward.look()
        listener = overflow_accept_queue(lab)
        listener.close()
        finding = ward.find(FULL, "")
        assert finding.severity is Severity.WARNING
        assert "full between two looks" in finding.headline
        ward.wait(11)
        ward.until_gone(FULL)


def test_a_drop_between_two_looks_is_that_of_a_queue_seen_one_short_of_full(lab: Lab) -> None:
    with Ward(lab.server) as ward:
        ward.look()
        listener = overflow_accept_queue(lab)
        lab.server.accept(listener)
        finding = ward.find(FULL)
        assert finding.subject == name_of(listener)
        assert finding.severity is Severity.CRITICAL


def test_a_queue_near_the_limit_of_somaxconn_needs_both(lab: Lab) -> None:
    lab.server.sysctl(SOMAXCONN, 10)
    listener = lab.server.listen(backlog=128)
    fill(lab, listener, 5)
    with Ward(lab.server) as ward:
        finding = ward.find(SMALL)
        assert finding.severity is Severity.NOTE
        assert finding.headline == f"{name_of(listener)}: 5 waited for accept(), its backlog is 10"
        assert finding.evidence[1] == "somaxconn 10: the limit here"
        assert ward.selected(finding) == {"LISTEN": 1}
        fill(lab, listener, 3)
        assert ward.find(SMALL).severity is Severity.WARNING
        ward.apply(finding.remedies[0])
        assert lab.server.read_sysctl(SOMAXCONN) == "4096"
        # It counts from the next listen() on.
        assert SMALL in ward.rules(1)
        listener.listen(4096)
        ward.until_gone(SMALL)


def test_the_constant_of_the_c_library_is_the_application_s_choice(lab: Lab) -> None:
    listener = lab.server.listen(backlog=128)
    clients = fill(lab, listener, 64)
    with Ward(lab.server) as ward:
        finding = ward.find(SMALL)
        assert finding.evidence[1] == "somaxconn 4,096: more than the application asked for"
        assert finding.commands == ()
        for _ in clients:
            lab.server.accept(listener)
        ward.wait(61)
        ward.until_gone(SMALL)
