"""Real namespaces: connections that come and go, ports that run out, all at once and one after the other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.lab.tenants import tenant
from tests.sources.replay.told import all_told, told
from twtop.core.names.labels import NO_LABELS
from twtop.core.states import State
from twtop.errors import UsageError
from twtop.kernel.namespaces.choice import choose_namespace
from twtop.lab.host import endpoint
from twtop.recording.ring import Ring
from twtop.sources.observer import Frame
from twtop.sources.panorama import Panorama
from twtop.sources.replay.recording import Recording, narrowed
from twtop.sources.taping import Taper
from twtop.sources.watch import ALL, OWN, Watch

if TYPE_CHECKING:
    from twtop.lab.lab import Lab
    from twtop.sources.panorama import Looked
    from twtop.sources.watch import Chosen

RANGE = "net.ipv4.ip_local_port_range"
PORTS = 12
OF_ALL = 5
"""Looks at all, of which the last two are of ports that ran out."""


@pytest.fixture
def looks(lab: Lab) -> list[tuple[Looked, Chosen]]:
    """Looks at both hosts while the client uses up its ports, then at the client alone, then at nobody."""
    lab.client.sysctl(RANGE, f"40000 {40000 + PORTS - 1}")
    listener = lab.server.listen(8080)
    seen: list[tuple[Looked, Chosen]] = []

    def connect(closed: bool) -> None:
        client = lab.client.connect(*endpoint(listener))
        server = lab.server.accept(listener)
        if closed:
            client.close()
            server.close()

    with tenant(lab.client) as client_pid, tenant(lab.server), Watch(ALL, NO_LABELS) as watch:
        for number in range(PORTS):
            if number % 4 == 0:
                seen.append((watch.look(), ALL))
            connect(closed=number % 2 == 0)
        seen.append((watch.look(), ALL))
        seen.append((watch.look(), ALL))
        alone = choose_namespace(str(client_pid))
        watch.choose(alone)
        seen.append((watch.look(), alone))
        seen.append((watch.look(), alone))
        watch.choose(OWN)
        seen.append((watch.look(), OWN))
    return seen


@pytest.fixture
def recording(looks: list[tuple[Looked, Chosen]]) -> Recording:
    ring = Ring()
    taper = Taper(ring)
    for looked, asked in looks:
        taper.add(looked, asked)
    return Recording(ring)


def test_what_was_seen_of_all_and_of_one_is_seen_again(
    lab: Lab, looks: list[tuple[Looked, Chosen]], recording: Recording
) -> None:
    replayed = list(recording.looks())
    number = lab.client.namespace.inode
    # Who had been looked at among all was known already when it was looked at alone.
    for (live, asked), shown in zip(looks, replayed, strict=True):
        assert type(shown) is type(live)
        if isinstance(live, Panorama):
            assert isinstance(shown, Panorama)
            assert [
                (place.namespace.number, place.namespace.name, place.sockets, place.rests, place.problem)
                for place in shown.places
            ] == [
                (place.namespace.number, place.namespace.name, place.sockets, place.rests, place.problem)
                for place in live.places
            ]
            assert shown.moment.born.sum() == live.moment.born.sum()
            assert shown.moment.snapshot.sockets.namespaces == live.moment.snapshot.sockets.namespaces
            # Not the numbers: those of strangers on this machine are of clocks, which come back nearly.
            assert [(found.namespace, found.identity) for found in shown.findings] == [
                (found.namespace, found.identity) for found in live.findings
            ]
        assert isinstance(shown, Frame | Panorama)
        if asked != OWN:
            assert all_told(shown) == all_told(live)
    last = replayed[OF_ALL - 1]
    assert isinstance(last, Panorama)
    frame = last.frame_of(number)
    assert frame is not None
    assert frame.moment.snapshot.state_counts()[State.TIME_WAIT] == PORTS // 2
    assert "ports-nearly-gone" in {finding.rule for finding in frame.findings}


def test_jumping_between_all_and_one(looks: list[tuple[Looked, Chosen]], recording: Recording) -> None:
    for row in (OF_ALL + 1, 2, OF_ALL, OF_ALL - 1):
        assert all_told(recording.look(row)) == all_told(looks[row][0])
        assert recording.is_several(row) == isinstance(looks[row][0], Panorama)


def test_one_of_several_is_chosen_by_name_or_number(lab: Lab, recording: Recording) -> None:
    looked = recording.look(OF_ALL - 1)
    assert isinstance(looked, Panorama)
    number = lab.client.namespace.inode
    (place,) = [place for place in looked.places if place.namespace.number == number]
    frame = place.frame
    assert frame is not None
    assert narrowed(looked, place.namespace.name) is narrowed(looked, str(number)) is frame
    assert narrowed(looked, None) is narrowed(looked, ALL) is looked
    with pytest.raises(
        UsageError, match=f"there is no 'elsewhere' in the recording .*{re.escape(place.namespace.name)}"
    ):
        narrowed(looked, "elsewhere")
    with pytest.raises(UsageError, match="--netns: the recording is of one network namespace"):
        narrowed(frame, "elsewhere")
    assert told(frame).counts[State.ESTAB] == PORTS // 2
