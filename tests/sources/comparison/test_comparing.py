"""Two looks at real sockets compared: the numbers are those of what was really opened and closed."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually, states
from tests.lab.tenants import tenant
from twtop.core.comparison.groups import Counts
from twtop.core.comparison.values import SysctlChange
from twtop.core.filter import parse
from twtop.core.table.view import Spec
from twtop.errors import UsageError
from twtop.kernel.namespaces.listing import own_namespace
from twtop.lab.host import endpoint
from twtop.sources.comparison.comparing import compare
from twtop.sources.comparison.kept import kept
from twtop.sources.panorama import Panorama
from twtop.sources.watch import ALL, OWN, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.host import Host
    from twtop.lab.lab import Lab
    from twtop.sources.comparison.comparing import Comparison
    from twtop.sources.comparison.kept import Kept
    from twtop.sources.watch import Chosen

REUSE = "net.ipv4.tcp_tw_reuse"


@contextmanager
def watching(host: Host, chosen: Chosen = OWN) -> Iterator[Watch]:
    with host.entered(), Watch(chosen) as watch:
        yield watch


def look(watch: Watch) -> Kept:
    return kept(watch.look())


def open_and_close(lab: Lab, listener: socket.socket, connections: list[socket.socket]) -> None:
    """Open four connections, end two in order, and one by a reset."""
    ends = [lab.server.accept(listener) for _ in connections]
    connections[2].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for client, server in zip(connections[:3], ends[:3], strict=True):
        client.close()
        server.close()
    for _ in range(4):
        lab.client.connect(*endpoint(listener))
        lab.server.accept(listener)
    eventually(lambda: states(lab.client), Counter({"ESTAB": 6, "TIME-WAIT": 2}))


def counts(comparison: Comparison) -> dict[str, Counts]:
    groups = comparison.states
    return {comparison.text(groups, change): change.counts for change in groups.shown}


def test_the_numbers_are_those_of_what_was_opened_and_closed(lab: Lab) -> None:
    listener = lab.server.listen(8080)
    connections = [lab.client.connect(*endpoint(listener)) for _ in range(5)]
    with watching(lab.client) as watch:
        seen = [states(lab.client)]
        before = look(watch)
        open_and_close(lab, listener, connections)
        old = lab.client.read_sysctl(REUSE)
        lab.client.sysctl(REUSE, 1)
        seen.append(states(lab.client))
        after = look(watch)
    found = compare(after, before, Spec(keys=("peer",)))
    assert counts(found) == {
        "ESTAB": Counts(before=5, after=6, appeared=4, vanished=1, came=0, left=2),
        "TIME-WAIT": Counts(before=0, after=2, appeared=0, vanished=0, came=2, left=0),
    }
    for at, side in enumerate(seen):
        assert {state: count[at] for state, count in counts(found).items() if count[at]} == side
    (peer,) = found.groups.shown
    assert peer.counts == found.groups.total == Counts(5, 8, 4, 1, 0, 0)
    assert found.text(found.groups, peer) == f"{lab.server.address()}:8080"
    assert found.own is not None
    (budget,) = found.own.ports.shown
    assert (budget.before, budget.after, budget.destination.remote_port) == (5, 8, 8080)
    counters = {change.name: change.change for change in found.own.counters}
    assert counters["Tcp.ActiveOpens"] == 4
    assert counters["Tcp.CurrEstab"] == 1
    assert [change for change in found.own.sysctls if change.name == REUSE] == [SysctlChange(REUSE, old, "1")]
    assert found.remarks == ()
    assert found.seconds > 0


def test_a_filter_tells_what_came_into_it(lab: Lab) -> None:
    listener = lab.server.listen(8080)
    connections = [lab.client.connect(*endpoint(listener)) for _ in range(5)]
    with watching(lab.client) as watch:
        before = look(watch)
        open_and_close(lab, listener, connections)
        found = compare(before, look(watch), Spec(parse("time-wait")))
    assert found.groups.total == Counts(before=0, after=2, appeared=0, vanished=0, came=2, left=0)


def test_namespaces_side_by_side_are_compared_together_or_one_alone(lab: Lab) -> None:
    listener = lab.server.listen(8080)
    connections = [lab.client.connect(*endpoint(listener)) for _ in range(5)]
    with tenant(lab.client), tenant(lab.server), watching(lab.client, ALL) as watch:
        looked = watch.look()
        assert isinstance(looked, Panorama)
        alone = own_namespace()
        before = kept(looked)
        before_alone = kept(
            next(place.frame for place in looked.places if place.frame and place.namespace.own)
        )
        open_and_close(lab, listener, connections)
        after = look(watch)
        watch.choose(OWN)
        after_alone = look(watch)
    number = alone.number
    mine = "netns = " + str(number)
    together = compare(before, after, Spec(parse(mine), keys=("namespace", "state")), about=number)
    expected = Counts(5, 8, 4, 1, 0, 0)
    assert together.groups.total == expected
    assert together.own is not None
    assert together.own.ports.shown[0].after == 8
    for one, other in ((before, after), (before, after_alone), (before_alone, after)):
        found = compare(one, other, Spec(keys=("namespace", "state")), alone=number)
        assert found.groups.total == expected
        assert found.own is not None
        assert found.own.ports.shown[0].after == 8
        assert any("was looked at alone" in remark for remark in found.remarks) is (
            one.several != other.several
        )
    everywhere = compare(before, after, Spec(keys=("namespace",)), about=number)
    assert everywhere.groups.total.appeared >= 8, "both ends of four connections"


def test_looks_with_nothing_in_common_are_refused(lab: Lab) -> None:
    with watching(lab.client) as watch:
        one = look(watch)
    with watching(lab.server) as watch:
        other = look(watch)
    with pytest.raises(UsageError, match="cannot be compared: one is of the namespace"):
        compare(one, other, Spec())
    with pytest.raises(UsageError, match="one is of the host other, the other of"):
        compare(replace(one, host="other"), other, Spec())


def test_counters_that_began_anew_part_the_sockets(lab: Lab) -> None:
    lab.pair()
    with watching(lab.client) as watch:
        before, after = look(watch), look(watch)
    own = {number: replace(each, counters=before.own[0].counters) for number, each in after.own.items()}
    fallen = type(before.own[0].counters)({"Tcp.ActiveOpens": 0})
    own[0] = replace(own[0], counters=fallen)
    found = compare(before, replace(after, own=own), Spec())
    assert "counts from 0 again" in found.remarks[0]
    assert found.groups.total[2:] == (0, 0, 0, 0)


def test_a_finding_that_came_is_told(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 40009")
    listener = lab.server.listen(8080)
    with watching(lab.client) as watch:
        before = look(watch)
        for _ in range(10):
            lab.client.connect(*endpoint(listener))
        eventually(lambda: bool(kept(watch.look()).findings), True)
        after = look(watch)
    found = compare(before, after, Spec())
    assert "new" in {change.word for change in found.findings}
    back = compare(replace(before, findings=after.findings), replace(after, findings=()), Spec())
    assert {change.word for change in back.findings} == {"over"}
