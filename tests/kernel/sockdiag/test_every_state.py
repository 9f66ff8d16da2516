"""Every state made for real, read by twtop and by ss in the same namespace."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.kernel.sockdiag.ss import Ends, SsRow, ends, ss_rows
from tests.lab.oracle import eventually
from tests.lab.scene import every_state
from twtop.core.address import halves
from twtop.core.states import State, Timer, state_label, timer_label
from twtop.core.timers import NO_END
from twtop.lab.recipes import EVERY_STATE
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.snapshot import Snapshot
    from twtop.lab.host import Host
    from twtop.lab.specimen import Specimen

COLUMNS = ("retrans", "rqueue", "wqueue", "uid", "inode", "cookie")
SLACK_MS = 8
"""Two ticks of a kernel with HZ=250: all times left are multiples of a tick."""


@dataclass(frozen=True)
class Reading:
    """One namespace read three times in a row."""

    before: Snapshot
    shown: dict[Ends, SsRow]
    after: Snapshot
    lists_bound_inactive: bool

    @property
    def rested(self) -> bool:
        """Whether the same sockets were there all the time, and no timer was started anew."""
        before, after = self.before.sockets, self.after.sockets
        same = (*COLUMNS, "state", "timer")
        return all(np.array_equal(getattr(before, name), getattr(after, name)) for name in same) and bool(
            (after.expires_ms <= before.expires_ms).all()
        )


@dataclass(frozen=True)
class Scene:
    made: dict[str, Specimen]
    readings: dict[Host, Reading]


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """All recipes in one lab, read while nothing changed but the time left."""
    with every_state() as (lab, made):
        yield Scene(made, {host: read(host) for host in (lab.client, lab.server)})


def read(host: Host) -> Reading:
    """Read until nothing happened between the readings; retransmissions leave long pauses."""
    taken: list[Reading] = []
    with host.entered(), LiveSource() as source:

        def rested() -> bool:
            taken[:] = [Reading(source.take(), ss_rows(host), source.take(), source.lists_bound_inactive)]
            return taken[0].rested

        eventually(rested, True)
    return taken[0]


def ends_of(made: Specimen) -> Ends:
    local, remote = ((*halves(ip_address(address)), port) for address, port in (made.local, made.remote))
    return local, remote


def row_of(snapshot: Snapshot, made: Specimen) -> int:
    (found,) = [row for row in range(len(snapshot.sockets)) if ends(snapshot.sockets, row) == ends_of(made)]
    return found


@pytest.fixture(params=EVERY_STATE)
def name(request: pytest.FixtureRequest, scene: Scene) -> str:
    chosen = str(request.param)
    if chosen not in scene.made:
        pytest.skip("this kernel has no IPv6")
    reading = scene.readings[scene.made[chosen].host]
    if chosen.startswith("bound_inactive") and not reading.lists_bound_inactive:
        pytest.skip("this kernel does not list sockets that are only bound (Linux 6.8 does)")
    return chosen


def test_a_snapshot_shows_what_the_recipe_made(scene: Scene, name: str) -> None:
    made = scene.made[name]
    snapshot = scene.readings[made.host].before
    row = row_of(snapshot, made)
    sockets = snapshot.sockets
    assert State(sockets.state[row]) == made.state
    assert Timer(sockets.timer[row]) == made.timer
    assert bool(sockets.inode[row]) == made.owned
    mapped = name.startswith("estab_mapped")
    family = socket.AF_INET6 if ":" in made.local[0] or mapped else socket.AF_INET
    assert sockets.family[row] == family


def test_ends_kinds_queues_and_owners_are_those_of_ss(scene: Scene) -> None:
    for reading in scene.readings.values():
        sockets = reading.before.sockets
        # ss of iproute2 6.1 does not ask for bound-inactive sockets.
        rows = [row for row in range(len(sockets)) if sockets.state[row] != State.UNCONN]
        seen = {
            ends(sockets, row): (
                state_label(int(sockets.state[row])),
                timer_label(int(sockets.timer[row])),
                *(int(getattr(sockets, column)[row]) for column in COLUMNS),
            )
            for row in rows
        }
        assert len(seen) == len(rows)
        assert seen == {
            where: (row.state, row.timer, *(getattr(row, column) for column in COLUMNS))
            for where, row in reading.shown.items()
        }


def test_times_left_are_those_of_ss(scene: Scene) -> None:
    for reading in scene.readings.values():
        before, after = reading.before.sockets, reading.after.sockets
        for row in range(len(before)):
            if before.state[row] == State.UNCONN:
                continue
            shown = reading.shown[ends(before, row)]
            assert shown.earliest_ms <= before.expires_ms[row] + SLACK_MS
            assert shown.latest_ms >= int(after.expires_ms[row]) - SLACK_MS


def test_what_no_clock_ends_has_no_time_left(scene: Scene, name: str) -> None:
    made = scene.made[name]
    snapshot = scene.readings[made.host].before
    row = row_of(snapshot, made)
    left = int(snapshot.left_ms[row])
    if made.timer == Timer.TIMEWAIT:
        assert left == snapshot.sockets.expires_ms[row]
        assert 0 < left < 62_000
    elif name.startswith("fin_wait_2_two_phase"):
        # LINGER2 of one socket is not in a dump: what is known is the rest of its first phase.
        assert left == snapshot.sockets.expires_ms[row]
    else:
        assert left == NO_END


def test_only_the_server_has_server_sides(scene: Scene) -> None:
    client, server = (reading.before for reading in scene.readings.values())
    assert not client.server.any()
    ports = server.sockets.local_port[server.sockets.state == State.LISTEN]
    for row in range(len(server.sockets)):
        assert server.server[row] == (server.sockets.local_port[row] in ports)


def test_states_are_counted(scene: Scene) -> None:
    snapshots = [reading.before for reading in scene.readings.values()]
    counts = sum((snapshot.state_counts() for snapshot in snapshots), np.zeros(16, np.int64))
    assert all(counts[state] for state in State if state != State.UNCONN)
    assert counts.sum() == sum(len(snapshot.sockets) for snapshot in snapshots)
