"""The player: it plays at its speed and on as a recording grows, and the newest wish wins."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually
from tests.sources.replay.tapes import incident, lives, taped
from tests.sources.replay.test_projector import Scratched
from tests.sources.replay.told import told
from tests.ui.frames import WALL_S
from twtop.errors import RecordingError
from twtop.recording.file.reader import open_tape
from twtop.recording.ring import Ring
from twtop.sources.collector import Crash, Failure
from twtop.sources.observer import Frame
from twtop.sources.replay.player import Player
from twtop.sources.taping import Taper
from twtop.sources.watch import OWN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twtop.recording.tape import Look, Tape
    from twtop.sources.collector import Result

LONG_S = 20.0


class Screen:
    """Whoever listens to a player."""

    def __init__(self, tape: Tape) -> None:
        self.player = Player(tape)
        self.results: SimpleQueue[Result] = SimpleQueue()
        self.player.listen(self.results.put)

    def result(self) -> Result:
        try:
            return self.results.get(timeout=LONG_S)
        except Empty:
            pytest.fail("nothing was shown")

    def frame(self) -> Frame:
        shown = self.result()
        assert isinstance(shown, Frame), shown
        return shown

    def until(self, second: float) -> Frame:
        """Return the frame of a time, whatever is shown before."""
        while (shown := self.frame()).moment.snapshot.wall_s != WALL_S + second:
            pass
        return shown


@pytest.fixture(scope="module")
def live() -> list[Frame]:
    return lives(range(100))


@pytest.fixture(scope="module")
def ring(live: list[Frame]) -> Ring:
    return taped((frame, OWN) for frame in live)


@pytest.fixture
def screen(ring: Ring) -> Iterator[Screen]:
    screen = Screen(ring)
    yield screen
    screen.player.stop()


def second_of(frame: Frame) -> float:
    return frame.moment.snapshot.wall_s - WALL_S


def test_it_begins_with_the_first_look_and_stays_there(screen: Screen) -> None:
    screen.player.start()
    assert second_of(screen.frame()) == 0
    playback = screen.player.playback
    assert (playback.start_s, playback.at_s, playback.end_s) == (WALL_S, WALL_S, WALL_S + 99)
    assert (playback.playing, playback.speed, playback.at_end, playback.seeking) == (False, 1, False, False)
    assert (playback.name, playback.filter, playback.gap_s, len(playback.index)) == ("live", "", 0.0, 100)
    assert screen.results.empty()


def test_it_goes_where_it_is_told_to(screen: Screen, live: list[Frame]) -> None:
    player = screen.player
    player.seek(WALL_S + 70.5)
    player.start()
    assert told(screen.until(70)) == told(live[70])
    player.step(-1)
    assert player.playback.at_s == WALL_S + 69
    assert told(screen.until(69)) == told(live[69])
    player.step(3)
    screen.until(72)
    player.seek(0)
    screen.until(0)
    player.step(-1)
    player.seek(float("inf"))
    assert told(screen.until(99)) == told(live[99])
    assert player.playback.at_end
    player.step(5)
    assert player.playback.at_s == WALL_S + 99


def test_the_newest_wish_wins(screen: Screen, live: list[Frame]) -> None:
    player = screen.player
    player.start()
    screen.until(0)
    for second in (99, 50, 97, 3, 90, 20, 88):
        player.seek(WALL_S + second)
        assert player.playback.at_s == WALL_S + second
    assert told(screen.until(88)) == told(live[88])
    assert not player.playback.seeking


def test_it_plays_to_the_end_and_says_so(screen: Screen) -> None:
    player = screen.player
    player.set_speed(60)
    player.seek(WALL_S + 60)
    player.play()
    player.start()
    shown = [second_of(screen.frame())]
    while shown[-1] != 99:
        shown.append(second_of(screen.frame()))
    assert shown == sorted(shown)
    playback = player.playback
    assert (playback.playing, playback.at_end) == (False, True)


def test_pausing_holds_it(screen: Screen) -> None:
    player = screen.player
    player.set_speed(30)
    player.play()
    player.start()
    while second_of(screen.frame()) < 10:
        pass
    player.pause()
    at_s = player.playback.at_s
    while player.playback.seeking:
        screen.frame()
    assert player.playback.at_s == at_s
    assert not player.playback.playing


def test_it_goes_from_finding_to_finding(tmp_path: Path) -> None:
    with closing(open_tape(incident(tmp_path / "incident.twtop"))) as tape:
        player = Player(tape)
        found = []
        while player.seek_mark(1):
            found.append(player.playback.at_s - WALL_S)
        # What was found in the first look is no later than that.
        assert found == [1, 4, 19]
        assert player.seek_mark(-1)
        assert player.playback.at_s == WALL_S + 4
        player.seek(0)
        assert not player.seek_mark(-1)


def test_it_plays_on_as_the_recording_grows(live: list[Frame]) -> None:
    ring = Ring()
    taper = Taper(ring)
    observed = live[:3]
    now_s = time.time() - WALL_S
    for frame in observed:
        taper.add(_at(frame, now_s), OWN)
    screen = Screen(ring)
    player = screen.player
    player.seek(float("inf"))
    player.play()
    player.start()
    screen.frame()
    # Somebody wrote a moment ago: it may go on.
    assert player.playback.playing
    assert player.playback.at_end
    taper.add(_at(live[3], now_s), OWN)
    assert screen.frame().moment.snapshot.wall_s == pytest.approx(WALL_S + 3 + now_s)
    player.stop()


def test_it_plays_over_what_is_damaged(ring: Ring) -> None:
    screen = Screen(Scratched(ring, 55))  # type: ignore[arg-type]
    player = screen.player
    player.seek(WALL_S + 55)
    player.start()
    failure = screen.result()
    assert isinstance(failure, Failure)
    assert "damaged" in failure.reason
    player.set_speed(10)
    player.play()
    # With the next full look, or where a busy machine is by then.
    assert second_of(screen.frame()) >= 60
    player.stop()


def test_an_error_of_the_program_is_told(ring: Ring) -> None:
    class Broken(Ring):
        index = ring.index
        marks = ring.marks

        def look(self, number: int) -> Look:
            raise ZeroDivisionError(number)

    screen = Screen(Broken())
    screen.player.start()
    result = screen.result()
    assert isinstance(result, Crash)
    assert isinstance(result.error, ZeroDivisionError)


def test_what_the_ring_has_dropped_is_said(live: list[Frame]) -> None:
    ring = Ring(span_s=1.0)
    taper = Taper(ring)
    for frame in live[:59]:
        taper.add(frame, OWN)
    screen = Screen(ring)
    screen.player.start()
    screen.until(0)
    for frame in live[59:]:
        taper.add(frame, OWN)
    assert len(ring.index()) < 59
    screen.player.seek(WALL_S + 30)
    failure = screen.result()
    assert failure == Failure("that moment is not kept any more")
    eventually(lambda: screen.player.playback.start_s, WALL_S + 60)
    screen.player.seek(0)
    screen.until(60)
    screen.player.stop()


def test_a_file_is_played_like_the_last_minutes(tmp_path: Path) -> None:
    with closing(open_tape(incident(tmp_path / "incident.twtop"))) as tape:
        screen = Screen(tape)
        screen.player.seek(WALL_S + 19)
        screen.player.start()
        shown = screen.until(19)
        assert [finding.rule for finding in shown.findings][:2] == ["accept-queue-full", "connect-unanswered"]
        assert screen.player.playback.name == str(tmp_path / "incident.twtop")
        screen.player.stop()


def test_there_must_be_a_look() -> None:
    with pytest.raises(RecordingError, match="live: there is no look in it yet"):
        Player(Ring())


def _at(frame: Frame, shift_s: float) -> Frame:

    snapshot = frame.moment.snapshot
    now = replace(snapshot, wall_s=snapshot.wall_s + shift_s)
    return replace(frame, moment=replace(frame.moment, snapshot=now))
