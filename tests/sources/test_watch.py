"""Looking at one namespace, or at all of them, on real ones."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually
from tests.lab.tenants import as_nobody, tenant
from twtop.core.names.labels import NO_LABELS
from twtop.core.states import State
from twtop.core.table.keys import DEFAULT_KEYS_OF_ALL
from twtop.core.table.view import Spec, view
from twtop.errors import KernelError
from twtop.kernel.namespaces.choice import choose_namespace
from twtop.kernel.namespaces.held import HeldNamespace
from twtop.lab.host import endpoint
from twtop.lab.namespaces import NetworkNamespace
from twtop.sources import watch as watching
from twtop.sources.namespaces.source import open_source
from twtop.sources.observer import Frame
from twtop.sources.panorama import Panorama, Place
from twtop.sources.watch import ALL, OWN, Watch, chosen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

RANGE = "net.ipv4.ip_local_port_range"


@pytest.fixture
def towns(lab: Lab) -> Iterator[dict[str, int]]:
    """Client and server of the lab, each with a process; their process ids."""
    listener = lab.server.listen(8080)
    for _ in range(3):
        client = lab.client.connect(*endpoint(listener))
        lab.server.accept(listener)
        client.close()
    lab.client.sysctl(RANGE, "40000 40999")
    lab.server.sysctl(RANGE, "50000 50099")
    with tenant(lab.client) as client_pid, tenant(lab.server) as server_pid:
        yield {"client": client_pid, "server": server_pid}


def look(watch: Watch) -> Panorama:
    looked = watch.look()
    assert isinstance(looked, Panorama)
    return looked


def place_of(looked: Panorama, host: Host) -> Place:
    return place_at(looked, host.namespace.inode)


def place_at(looked: Panorama, number: int) -> Place:
    (place,) = [place for place in looked.places if place.namespace.number == number]
    return place


def look_at_once(watch: Watch) -> Panorama:
    """Look for namespaces anew, too."""
    watch._find_s = 0.0
    return look(watch)


def frame_of(looked: Panorama, host: Host) -> Frame:
    frame = place_of(looked, host).frame
    assert frame is not None
    return frame


def counted_by_ss(pid: int) -> Counter[str]:
    listed = subprocess.run(
        ["nsenter", f"--net=/proc/{pid}/ns/net", "ss", "-tanH"], capture_output=True, text=True, check=True
    )
    return Counter(line.split()[0] for line in listed.stdout.splitlines())


def test_one_namespace_with_its_own_numbers(towns: dict[str, int]) -> None:
    home = HeldNamespace.current()
    frames = {}
    for name, pid in towns.items():
        with Watch(choose_namespace(str(pid)), NO_LABELS) as watch:
            looked = watch.look()
            assert isinstance(looked, Frame)
            frames[name] = looked
    spans = {name: (frame.ports.range.low, frame.ports.range.high) for name, frame in frames.items()}
    assert spans == {"client": (40000, 40999), "server": (50000, 50099)}
    assert frames["client"].moment.snapshot.sysctls[RANGE] == "40000 40999"
    opened = {name: frame.moment.snapshot.counters["Tcp.ActiveOpens"] for name, frame in frames.items()}
    assert opened == {"client": 3, "server": 0}
    assert all(frame.host.namespaced for frame in frames.values())
    # Whoever looked is where it was.
    now = HeldNamespace.current()
    assert now.inode == home.inode
    for held in (home, now):
        held.close()


def test_all_add_up_with_what_ss_counts_in_each(lab: Lab, towns: dict[str, int]) -> None:
    if shutil.which("nsenter") is None:
        pytest.skip("nsenter (util-linux) is not installed")
    with Watch(ALL, NO_LABELS) as watch:
        looked = look(watch)
    shown = view(looked.moment, Spec(keys=DEFAULT_KEYS_OF_ALL))
    sockets = shown.moment.snapshot.sockets
    for name, pid in towns.items():
        number = getattr(lab, name).namespace.inode
        counts = Counter(State(state).label for state in sockets.state[sockets.netns == number].tolist())
        assert {state: counts[state] for state in ("LISTEN", "ESTAB", "CLOSE-WAIT")} == {
            state: counted_by_ss(pid)[state] for state in ("LISTEN", "ESTAB", "CLOSE-WAIT")
        }
    total = sum(place.sockets for place in looked.places)
    assert total == len(sockets) == int(shown.groups.levels[0].measures.sockets.sum())
    assert len({int(sockets.netns[row]) for row in shown.groups.levels[0].row}) == len(shown.groups.levels[0])


def test_of_all_each_has_its_own_sysctls_counters_and_findings(lab: Lab, towns: dict[str, int]) -> None:
    lab.server.sysctl("net.ipv4.tcp_rfc1337", 1)
    with Watch(ALL, NO_LABELS) as watch:
        look(watch)
        looked = look(watch)
    client, server = (frame_of(looked, host) for host in (lab.client, lab.server))
    assert (client.ports.range.low, server.ports.range.low) == (40000, 50000)
    assert client.moment.snapshot.counters["Tcp.ActiveOpens"] == 3
    assert server.moment.snapshot.counters["Tcp.PassiveOpens"] == 3
    name = place_of(looked, lab.server).namespace.name
    found = {finding.namespace: finding for finding in looked.findings if finding.rule == "rfc1337-on"}
    assert name in found
    assert place_of(looked, lab.client).namespace.name not in found
    assert looked.frame_about(found[name]) is looked.frame_of(lab.server.namespace.inode)
    assert server.facts.namespace == name
    assert len(looked.moment.snapshot.sysctls) == 0
    assert towns


@pytest.mark.usefixtures("namespaces")
def test_what_vanishes_is_told_for_a_while_and_not_held() -> None:
    made = NetworkNamespace.create()
    number = made.inode
    with Watch(ALL, NO_LABELS) as watch:
        with tenant(made):
            made.close()
            assert place_at(look(watch), number).frame is not None
        gone = place_at(look_at_once(watch), number)
        assert (gone.frame, gone.problem) == (None, "it is gone")
        assert number not in watch._readers


def test_one_that_vanishes_is_an_error_until_it_is_back(lab: Lab) -> None:
    with tenant(lab.client) as pid:
        watch = Watch(choose_namespace(str(pid)), NO_LABELS)
        assert isinstance(watch.look(), Frame)
    for _ in range(2):
        with pytest.raises(KernelError, match="is gone: no process is in it"):
            watch.look()
    assert not watch._readers
    with tenant(lab.client):
        watch._find_s = 0.0
        assert isinstance(watch.look(), Frame)
    watch.__exit__()


def test_what_has_no_sockets_is_read_less_often(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    # A look at all namespaces of a machine may take longer than one without sockets rests.
    monkeypatch.setattr("twtop.sources.namespaces.reader.REST_S", 600.0)
    with tenant(lab.client), Watch(ALL, NO_LABELS) as watch:
        assert not place_of(look(watch), lab.client).rests
        again = look(watch)
        assert place_of(again, lab.client).rests
        listener = lab.client.listen(8080)
        eventually(lambda: place_of(look(watch), lab.client).sockets, 1)
        assert not place_of(look(watch), lab.client).rests
        listener.close()


def test_from_all_to_one_and_back(lab: Lab, towns: dict[str, int]) -> None:
    with Watch(OWN, NO_LABELS) as watch:
        assert isinstance(watch.look(), Frame)
        watch.choose(ALL)
        place = place_of(look(watch), lab.server)
        watch.choose(place.namespace)
        frame = watch.look()
        assert isinstance(frame, Frame)
        assert len(frame.moment.snapshot.sockets) == place.sockets
        assert frame.moment.seconds > 0, "what was observed before is remembered"
        assert list(watch._readers) == [lab.server.namespace.inode]
        watch.choose(ALL)
        assert place_of(look(watch), lab.client).frame is not None
    assert towns


def test_the_option() -> None:
    assert chosen(None) == watching.OWN
    assert chosen("all") == watching.ALL


AS_NOBODY = """
namespace = choose_namespace("{pid}")
with Watch(namespace, NO_LABELS) as watch:
    frame = watch.look()
print(json.dumps([
    frame.moment.snapshot.state_counts()[:12].tolist(),
    frame.moment.snapshot.counters["Tcp.ActiveOpens"],
    sorted(set(frame.moment.snapshot.sysctls.unreadable.values())),
    list(frame.moment.snapshot.degraded),
    namespace.path,
]))
"""


def test_without_privilege_from_outside(towns: dict[str, int], in_new_process: Callable[[str], str]) -> None:
    pid = towns["client"]
    output = as_nobody(in_new_process, AS_NOBODY.format(pid=pid))
    counts, opened, unknown, degraded, path = json.loads(output)
    with closing(open_source(choose_namespace(str(pid)))) as source:
        assert counts == source.take().state_counts()[:12].tolist()
    assert opened == 3
    assert unknown == ["/proc/sys shows a namespace only from inside, and entering it needs CAP_SYS_ADMIN"]
    assert f"read from /proc/{pid}/net: sysctls unknown" in degraded[0]
    assert path is None


def test_without_privilege_and_without_process(in_new_process: Callable[[str], str]) -> None:
    script = """
from twtop.kernel.namespaces.listing import Namespace
try:
    open_source(Namespace(1, "web", path="/proc/1/ns/net"))
except TwtopError as error:
    print(error)
"""
    assert as_nobody(in_new_process, script) == (
        "namespace web: entering it needs CAP_SYS_ADMIN, and there is no process in it that could be looked"
        " at instead"
    )


def test_a_process_that_leaves_is_no_source_any_more(lab: Lab, in_new_process: Callable[[str], str]) -> None:
    with tenant(lab.client) as pid:
        script = f"""
import sys
source = open_source(choose_namespace("{pid}"))
print(len(source.take().sockets), source.has_sockets(), source.reader)
source._namespace = type(source._namespace)(1, "web", pids=({pid},), files=1)
for ask in (source.take, source.has_sockets):
    try:
        ask()
    except TwtopError as error:
        print(error)
"""
        assert as_nobody(in_new_process, script).splitlines() == [
            "0 False None",
            *["namespace web: its processes have ended"] * 2,
        ]
