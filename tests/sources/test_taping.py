"""What becomes looks of a recording, on real namespaces."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from queue import Queue
from typing import TYPE_CHECKING

import pytest

from tests.lab.tenants import tenant
from twtop.core.options import ScreenOptions
from twtop.core.states import State
from twtop.errors import RecordingError
from twtop.lab.namespaces import NetworkNamespace
from twtop.recording.ring import Ring
from twtop.recording.tape import KEY_EVERY_S, Look, Mark, Stream
from twtop.sources.collector import Collector
from twtop.sources.observer import Frame
from twtop.sources.panorama import Panorama
from twtop.sources.replay.reel import Reel
from twtop.sources.taping import Taper
from twtop.sources.watch import ALL, OWN, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twtop.lab.lab import Lab
    from twtop.sources.collector import Result
    from twtop.sources.panorama import Looked
    from twtop.sources.watch import Chosen


class Refusing(Ring):
    """A ring that may be told to take nothing for a while."""

    refuses = False
    lost = False

    @property
    def wants_key(self) -> bool:
        return self.lost or super().wants_key

    def add(self, look: Look, streams: Mapping[int, Stream], marks: Sequence[Mark]) -> None:
        self.lost = self.refuses
        if self.refuses:
            raise RecordingError("there is no room")
        super().add(look, streams, marks)


def looks(ring: Ring) -> list[Look]:
    return [ring.look(number) for number in ring.index().number.tolist()]


def later(looked: Looked, seconds: float) -> Looked:
    """Return the same as if it had been seen later."""
    assert isinstance(looked, Frame)
    snapshot = replace(looked.moment.snapshot, instant_s=looked.moment.snapshot.instant_s + seconds)
    return replace(looked, moment=replace(looked.moment, snapshot=snapshot))


@pytest.fixture
def listening(lab: Lab) -> Lab:
    lab.server.listen(8080)
    return lab


def test_a_frame_comes_back_as_it_was(listening: Lab) -> None:
    ring = Ring()
    with listening.server.entered(), Watch(OWN) as watch:
        looked = watch.look()
        Taper(ring).add(looked, OWN)
    shown = Reel(ring).show(0)
    assert isinstance(looked, Frame)
    assert isinstance(shown, Frame)
    assert shown.host == looked.host
    assert shown.moment.snapshot.state_counts()[State.LISTEN] == 1
    assert ring.index().sockets.tolist() == [len(looked.moment.snapshot.sockets)]


def test_there_is_a_key_look_each_minute_and_whenever_something_else_is_looked_at(listening: Lab) -> None:
    ring = Ring()
    taper = Taper(ring)
    with listening.server.entered(), Watch(OWN) as watch:
        looked = watch.look()
    asked_later: tuple[tuple[float, Chosen], ...]
    asked_later = ((0, OWN), (1, OWN), (2, ALL), (3, ALL), (KEY_EVERY_S + 2, ALL))
    for seconds, asked in asked_later:
        taper.add(later(looked, seconds), asked)
    assert [look.is_key for look in looks(ring)] == [True, False, True, False, True]


def test_namespaces_side_by_side_stay_apart(listening: Lab) -> None:
    ring = Ring()
    taper = Taper(ring)
    with (
        closing(NetworkNamespace.create()) as idle,
        tenant(listening.server),
        tenant(idle),
        Watch(ALL) as watch,
    ):
        first, second = watch.look(), watch.look()
    taper.add(first, ALL)
    taper.add(second, ALL)
    assert isinstance(second, Panorama)
    reel = Reel(ring)
    shown = [reel.show(number) for number in ring.index().number.tolist()][1]
    assert isinstance(shown, Panorama)
    assert any(place.rests for place in second.places)
    told = [(place.namespace.number, place.sockets, place.rests) for place in second.places]
    assert [(place.namespace.number, place.sockets, place.rests) for place in shown.places] == told
    number = listening.server.namespace.inode
    frame = shown.frame_of(number)
    assert frame is not None
    assert frame.moment.snapshot.state_counts()[State.LISTEN] == 1


def test_what_cannot_be_kept_is_followed_by_a_key_look_with_all_that_happened(listening: Lab) -> None:
    ring = Refusing()
    taper = Taper(ring)
    with listening.server.entered(), Watch(OWN) as watch:
        looked = watch.look()
    taper.add(looked, OWN)
    taper.fail("the kernel\x1b is busy", 17.0)
    ring.refuses = True
    with pytest.raises(RecordingError):
        taper.add(later(looked, 1), OWN)
    ring.refuses = False
    taper.add(later(looked, 2), OWN)
    taper.add(later(looked, 3), OWN)
    assert [look.is_key for look in looks(ring)] == [True, True, False]
    ring_marks = [mark for mark in ring._marks if mark.kind == "failure"]
    assert ring_marks == [Mark(17.0, "failure", 0, "the kernel? is busy")]


def test_a_look_that_cannot_be_encoded_is_followed_by_a_key_look(
    listening: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Ring()
    taper = Taper(ring)
    with listening.server.entered(), Watch(OWN) as watch:
        looked = watch.look()
    taper.add(looked, OWN)
    with monkeypatch.context() as patched:
        patched.setattr("twtop.recording.codec.encoder.MOST_ROWS", 0)
        with pytest.raises(RecordingError, match="cannot be recorded"):
            taper.add(later(looked, 1), OWN)
    taper.add(later(looked, 2), OWN)
    taper.add(later(looked, 3), OWN)
    assert [look.is_key for look in looks(ring)] == [True, True, False]


@pytest.mark.usefixtures("namespaces")
def test_the_collector_goes_on_when_a_look_cannot_be_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twtop.recording.codec.encoder.MOST_ROWS", -1)
    collector = Collector(ScreenOptions(interval_s=0.01))
    results: Queue[Result] = Queue()
    collector.start()
    collector.listen(results.put)
    shown = [results.get(timeout=100) for _ in range(3)]
    collector.stop()
    assert {type(result) for result in shown} == {Frame}
    assert not len(collector.ring.index())


def test_findings_are_marked_when_they_come_and_go(lab: Lab) -> None:
    listener = lab.server.listen(8080)
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 40009")
    held = [lab.client.connect(*listener.getsockname()[:2]) for _ in range(10)]
    ring = Ring()
    taper = Taper(ring)
    with lab.client.entered(), Watch(OWN) as watch:
        taper.add(watch.look(), OWN)
        taper.add(watch.look(), OWN)
    (found, *_) = ring.marks()
    assert (found.kind, found.severity) == ("found", 3)
    assert f":{listener.getsockname()[1]}" in found.text
    for connection in held:
        connection.close()
