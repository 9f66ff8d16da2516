"""What a replay shows is what was seen live: played, jumped to, stepped back to, over gaps and damage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.replay.tapes import lives, taped
from tests.sources.replay.told import told
from tests.ui.frames import HOST
from twtop.errors import RecordingError
from twtop.sources.observer import Frame, Observer
from twtop.sources.replay.course import Budget
from twtop.sources.replay.player import JUMP
from twtop.sources.replay.projector import Projector
from twtop.sources.replay.recording import Recording
from twtop.sources.replay.schedule import Schedule
from twtop.sources.watch import OWN

if TYPE_CHECKING:
    from twtop.recording.ring import Ring
    from twtop.recording.tape import Tape

SECONDS = 240
ENOUGH = replace(JUMP, cpu_s=1e9)


@pytest.fixture(scope="module")
def live() -> list[Frame]:
    return lives(range(SECONDS))


@pytest.fixture(scope="module")
def ring(live: list[Frame]) -> Ring:
    return taped((frame, OWN) for frame in live)


class Screen:
    """Whoever looks at a tape, and goes wherever he likes."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.schedule = Schedule.of(tape.index())
        self.projector = Projector(tape)
        self.steps = 0

    def show(self, row: int, budget: Budget = ENOUGH) -> Frame:
        self.projector.aim(self.schedule, row, budget)
        while (looked := self.projector.work()) is None:
            self.steps += 1
        assert isinstance(looked, Frame)
        return looked


def test_all_that_was_seen_live_is_seen_again(live: list[Frame], ring: Ring) -> None:
    screen = Screen(ring)
    for row, frame in enumerate(live):
        shown = screen.show(row)
        replayed, seen = told(shown), told(frame)
        assert replayed == seen
        assert replayed.known_s == seen.known_s
        assert (shown.interval_s, shown.cpu_s, shown.reader) == (1.0 if row else 0.0, 0.0, None)


def test_commands_see_the_same(live: list[Frame], ring: Ring) -> None:
    recording = Recording(ring)
    for frame, look in zip(live, recording.looks(), strict=True):
        assert isinstance(look, Frame)
        assert told(look) == told(frame)
    shown = recording.look(200)
    assert isinstance(shown, Frame)
    assert told(shown) == told(live[200])
    assert recording.past_s(200) == 66.0
    assert recording.past_s(20) == 20.0


@settings(max_examples=3)
@given(rows=st.lists(st.integers(0, SECONDS - 1), min_size=2, max_size=3))
def test_wherever_one_jumps_it_is_the_same_as_played(live: list[Frame], ring: Ring, rows: list[int]) -> None:
    screen = Screen(ring)
    for row in rows:
        assert told(screen.show(row)) == told(live[row])


def test_the_history_of_ports_reaches_beyond_the_minute(live: list[Frame], ring: Ring) -> None:
    shown = Screen(ring).show(SECONDS - 1)
    (destination,) = shown.ports.busiest(shown.moment.snapshot.sockets, 1)
    series = shown.history.series(destination, live[-1].moment.snapshot.instant_s)
    # All of the last minutes, and full looks before.
    assert len(series) > 66
    assert series[0][0] == live[0].moment.snapshot.instant_s
    lately = live[-1].history.series(destination, live[-1].moment.snapshot.instant_s)
    assert series[-60:] == lately[-60:]


def test_stepping_back_costs_nothing_for_most_looks(live: list[Frame], ring: Ring) -> None:
    screen = Screen(ring)
    back = replace(ENOUGH, before_s=96.0)
    screen.show(200)
    jumps = 0
    for row in range(199, 139, -1):
        steps = screen.steps
        assert told(screen.show(row, back)) == told(live[row])
        jumps += screen.steps > steps
    assert jumps <= 3


def test_a_jump_that_may_cost_little_still_has_rates(live: list[Frame], ring: Ring) -> None:
    screen = Screen(ring)
    shown = told(screen.show(200, Budget(cpu_s=0.0, least=2)))
    assert (shown.born, shown.gone) == (told(live[200]).born, told(live[200]).gone)
    assert {finding[0] for finding in shown.findings} <= {finding[0] for finding in told(live[200]).findings}


def test_leaving_out_looks_leaves_rates_right(live: list[Frame], ring: Ring) -> None:
    screen = Screen(ring)
    screen.show(100)
    for row in range(112, 184, 12):
        shown = told(screen.show(row, Budget(cpu_s=0.0)))
        assert (shown.counts, shown.cookies) == (told(live[row]).counts, told(live[row]).cookies)
        assert shown.movements["TcpExt.TW"][0] == 3.0
    # Who steps back to one of them sees what was new since the look right before.
    assert told(screen.show(172)) == told(live[172])


def test_who_changes_his_mind_on_the_way_gets_what_he_wanted_last(live: list[Frame], ring: Ring) -> None:
    screen = Screen(ring)
    for row, steps in ((200, 10), (30, 5), (220, 100), (150, 3)):
        screen.projector.aim(screen.schedule, row, ENOUGH)
        for _ in range(steps):
            assert screen.projector.work() is None
    assert told(screen.show(120)) == told(live[120])


def test_after_a_time_in_which_nobody_looked_it_begins_anew() -> None:
    seconds = [*range(40), *range(100, 180), 200]
    before, after = lives(seconds[:40]), lives(seconds[40:120])
    ring = taped((frame, OWN) for frame in [*before, *after, *lives([200])])
    screen = Screen(ring)
    assert screen.schedule.begins.tolist() == [0, 40, 120]
    assert (screen.schedule.gap_s(40), screen.schedule.gap_s(41)) == (61.0, 0.0)
    for row in (39, 40, 41, 100):
        shown = screen.show(row)
        assert told(shown) == told([*before, *after][row])
    anew = screen.show(40)
    assert not anew.moment.born.any()
    assert not len(anew.moment.gone)
    # Without a full look there is nothing to begin with, but for the sockets themselves.
    assert told(screen.show(120)).born == []


def test_a_machine_that_was_started_anew_begins_anew() -> None:
    observer = Observer(HOST)
    frames = lives(range(10))
    again = [
        observer.observe(replace(frame.moment.snapshot, instant_s=frame.moment.snapshot.instant_s - 4000))
        for frame in lives(range(12, 20))
    ]
    ring = taped((frame, OWN) for frame in frames)
    other = taped((frame, OWN) for frame in again)
    for row in range(len(other.index())):
        ring.add(other.look(row), {0: other.stream(0)}, ())
    screen = Screen(ring)
    assert [told(screen.show(row)) for row in range(18)] == [told(frame) for frame in [*frames, *again]]


class Scratched:
    """A tape with damaged looks."""

    def __init__(self, tape: Ring, *damaged: int) -> None:
        self._tape = tape
        self._damaged = damaged
        self.name, self.filter = "scratched", ""
        self.index, self.stream, self.marks = tape.index, tape.stream, tape.marks

    def look(self, number: int) -> object:
        look = self._tape.look(number)
        if number not in self._damaged:
            return look
        return look._replace(parts=tuple(part._replace(body=part.body[:-20]) for part in look.parts))


def test_what_is_damaged_is_said_and_the_next_full_look_can_be_read(live: list[Frame], ring: Ring) -> None:
    tape: Tape = Scratched(ring, 130)  # type: ignore[assignment]
    screen = Screen(tape)
    assert told(screen.show(129)) == told(live[129])
    for _ in range(2):
        for row in (130, 131, 179):
            with pytest.raises(RecordingError, match="damaged"):
                screen.show(row)
    assert screen.projector.damage(screen.schedule, 179)
    assert screen.projector.damage(screen.schedule, 129) is None
    # The full look after it knows nothing of the minute before.
    shown = told(screen.show(185))
    assert (shown.cookies, shown.born) == (told(live[185]).cookies, told(live[185]).born)
    assert told(screen.show(129)) == told(live[129])
    looks = list(Recording(tape).looks())
    assert [type(look).__name__ for look in looks[128:133]] == ["Frame", "Frame", "Missed", "Frame", "Frame"]
    assert len(looks) == 130 + 1 + 60


def test_what_could_not_be_read_once_is_tried_again(live: list[Frame], ring: Ring) -> None:
    tape = Scratched(ring, 130)
    screen = Screen(tape)  # type: ignore[arg-type]
    with pytest.raises(RecordingError, match="damaged"):
        screen.show(150)
    with pytest.raises(RecordingError, match="damaged"):
        screen.show(150, Budget(cpu_s=1.0))
    tape._damaged = ()
    assert told(screen.show(150)) == told(live[150])


def test_what_begins_without_a_full_look_is_said(ring: Ring) -> None:
    screen = Screen(ring)
    index = ring.index()
    late = replace(
        index,
        number=index.number[20:100],
        wall_s=index.wall_s[20:100],
        is_key=index.is_key[20:100],
        sockets=index.sockets[20:100],
    )
    screen.schedule = Schedule.of(late)
    with pytest.raises(RecordingError, match="begins in the middle of a minute"):
        screen.show(5)
    assert screen.show(60).moment.snapshot.wall_s == index.wall_s[80]


def test_who_steps_back_sees_no_later_births(live: list[Frame], ring: Ring) -> None:
    screen = Screen(ring)
    cookie = 1000 + 150
    births = [live[-1].births.of(cookie, live[row].moment.snapshot.wall_s) for row in range(SECONDS)]
    assert [len(each) for each in (births[149], births[150], births[164], births[165])] == [0, 1, 1, 2]
    for row in range(100, 200):
        screen.show(row)
    for row in (170, 165, 164, 150, 149):
        shown = screen.show(row)
        seen = shown.births.of(cookie, shown.moment.snapshot.wall_s)
        assert [birth.state for birth in seen] == [birth.state for birth in births[row]]
