"""The past on the screen: it stands still, says what it is, and the present goes on behind it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.ui.frames import SECONDS, WALL_S
from tests.ui.screen import options, screen
from tests.ui.taped import FOUND, Recording, Taped, recording
from tests.ui.test_namespaces_pictures import all_of_them
from twtop.core.signs import ASCII, UNICODE
from twtop.lab.host import endpoint
from twtop.recording.ring import Ring
from twtop.recording.tape import Index, Mark
from twtop.sources.collector import Failure
from twtop.sources.replay.player import Playback, Player
from twtop.sources.taping import Taper
from twtop.ui.app import TwtopApp
from twtop.ui.details.screen import DetailsScreen
from twtop.ui.findings.panel import FindingsPanel
from twtop.ui.namespaces.screen import NamespacesScreen
from twtop.ui.timeline.bar import Scale, bar, course
from twtop.ui.timeline.panel import last_mark
from twtop.ui.timeline.words import Travel, clock, kept_text, length, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.ui.screen import Screen
    from twtop.lab.host import Host


def wall_s(user: Screen) -> float:
    assert user.table.view is not None
    return user.table.view.moment.snapshot.wall_s


async def test_the_past_can_be_seen_while_collecting_goes_on(server: Host) -> None:
    async with screen(server) as user:
        ring = user.collector.ring
        await user.until(lambda: len(ring.index()) > 4, "some looks")
        before = user.counts["LISTEN"]
        server.listen(6000)
        await user.until(lambda: user.counts["LISTEN"] == before + 1, "another listener")
        await user.press("comma")
        while user.counts["LISTEN"] > before:
            shown_s = wall_s(user)
            await user.press("comma")
            await user.until(lambda shown_s=shown_s: wall_s(user) < shown_s, "an earlier look")  # type: ignore[misc]
        kept, seen, rows = len(ring.index()), wall_s(user), user.rows
        server.listen(6001)
        await user.until(lambda: len(ring.index()) > kept + 2, "more looks")
        assert user.header[0].startswith("PAST ")
        assert (wall_s(user), user.rows, user.counts["LISTEN"]) == (seen, rows, before)
        await user.press("t", *"live", "enter")
        await user.until(lambda: user.header[0].startswith("LIVE "), "live")
        await user.until(lambda: user.counts["LISTEN"] == before + 2, "both listeners")


async def test_every_look_is_shown_as_it_was_live(server: Host) -> None:
    """Rows, rates, strip and findings of the last look, once as it is kept and once as it was seen."""
    async with screen(server) as user:
        server.peer.connect(*endpoint(server.listen(6000)))
        await user.until(lambda: user.counts["LISTEN"] == 3, "the listener")
        await user.press("space")
        frozen, rows, counts = wall_s(user), user.rows, user.counts
        await user.until(lambda: user.collector.ring.index().wall_s[-1] > frozen, "that it is kept")
        await user.press("comma")
        await user.until(lambda: wall_s(user) < frozen, "the look before")
        await user.press("full_stop")
        await user.until(lambda: wall_s(user) == frozen, "the same look")
        assert (user.rows, user.counts) == (rows, counts)


async def test_timers_stand_still_in_the_past() -> None:
    """A recording may be of another machine: its clock has nothing to do with this one's."""
    ring = Ring()
    wanted = options(interval_s=1.0)
    for number, look in enumerate(map(Taped(wanted).ring.look, range(SECONDS))):
        ring.add(look._replace(instant_s=5.0 + number), {0: recording()._tape.stream(0)}, ())
    async with screen(app=TwtopApp(wanted, Player(ring))) as user:
        await user.go_to("TIME-WAIT")
        assert user.rows[0] == "9,611 11 8-60s ▁▂▇█▇██ ▾ TIME-WAIT"


async def test_a_failure_of_the_present_does_not_show_in_the_past() -> None:
    wanted = options(interval_s=1.0)
    async with screen(app=TwtopApp(wanted, Taped(wanted))) as user:
        await user.press("comma")
        await user.until(lambda: user.header[0].startswith("PAST"), "the past")
        user.app._deliver(Failure("refused"))
        await user.settle()
        assert not any("refused" in line for line in user.header)
        await user.press("escape")
        await user.until(lambda: any("refused" in line for line in user.header), "the reason")


async def test_the_drain_begins_anew_after_a_jump() -> None:
    async with screen(app=TwtopApp(options(), recording())) as user:
        await user.press("d")
        await user.until(lambda: any("just made" in line for line in user.lines_of("#drain")), "the drain")
        await user.press("full_stop", "full_stop", "full_stop")
        await user.until(lambda: any("seen 3 s ago" in line for line in user.lines_of("#drain")), "3 s later")
        await user.press("comma", "comma")
        await user.until(lambda: wall_s(user) == WALL_S + 1, "2 s before")
        await user.until(lambda: any("just made" in line for line in user.lines_of("#drain")), "a new one")


async def test_the_drain_goes_on_where_the_same_look_is_told_twice() -> None:
    player = recording()
    async with screen(app=TwtopApp(options(), player)) as user:
        await user.until(lambda: user.app._past is not None, "the look")
        track = user.app._track
        assert user.app._past is not None
        user.app._take(player, user.app._past)
        await user.settle()
        assert user.app._track is track


async def test_what_cannot_be_done_in_the_past_says_why() -> None:
    wanted = replace(options(interval_s=1.0), allow_close=True)
    async with screen(app=TwtopApp(wanted, Taped(wanted))) as user:
        await user.press("comma")
        await user.until(lambda: user.header[0].startswith("PAST"), "the past")
        await user.press("K")
        await user.said("come back to live to close sockets")
        await user.press("C")
        await user.said("It lists what is there now.")
        await user.press("N")
        assert isinstance(user.app.screen, NamespacesScreen)
        await user.said("Only the network namespace that the table shows was recorded then.")


async def test_of_several_recorded_namespaces_one_can_be_shown() -> None:
    ring = Ring()
    Taper(ring).add(all_of_them(), "all")
    async with screen(app=TwtopApp(options(), Player(Recording(ring))), size=(120, 30)) as user:
        assert "ns all 5" in user.header[0]
        await user.press("N")
        await user.said("pod 1b9c6c0a")
        await user.press("down", "enter")
        await user.until(lambda: "ns pod 1b9c6c0a" in user.header[0], "one of them")
        await user.press("C")
        await user.said("It lists what is there now.")


async def test_what_is_not_kept_any_more_is_still_what_is_shown() -> None:
    wanted = options(interval_s=1.0)
    collector = Taped(wanted)
    async with screen(app=TwtopApp(wanted, collector), size=(120, 30)) as user:
        await user.press("t", *"start", "enter")
        await user.until(lambda: wall_s(user) == WALL_S, "the first look")
        ring = collector.ring
        last = ring.look(int(ring.index().number[-1]))
        stream = {0: ring.stream(0)}
        for minute in range(1, 14):
            later = minute * 60.0
            ring.add(
                last._replace(wall_s=last.wall_s + later, instant_s=last.instant_s + later, is_key=True),
                stream,
                (),
            )
        start = clock(float(ring.index().wall_s[0]), WALL_S)
        await user.until(lambda: user.lines_of("#timeline")[1].startswith(start), "later looks alone")
        assert f" {clock(WALL_S, WALL_S)}, " in user.lines_of("#timeline")[0]
        assert wall_s(user) == WALL_S


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (19, 4), (20, 5), (30, 9), (33, 12)], ids=str)
async def test_no_size_is_too_small_for_the_past(size: tuple[int, int]) -> None:
    async with screen(app=TwtopApp(options(), recording()), size=size) as user:
        await user.press("full_stop", "t", *"25:99", "escape", "m", "comma", "escape")
        await user.pilot.resize_terminal(80, 24)
        await user.until(lambda: len(user.text) == 24 and "1x  " in user.text[21], "the time line")
        await user.pilot.resize_terminal(*size)
        await user.until(lambda: len(user.text) == size[1])
        assert all(len(line) <= size[0] for line in user.text)


async def test_panels_fit_a_window_that_changes_while_time_stands_still() -> None:
    async with screen(app=TwtopApp(options(), recording()), size=(200, 50)) as user:
        await user.press("t", *"end", "enter")
        panel = user.app.query_one(FindingsPanel)
        await user.until(lambda: panel.size.height == 3, "three findings")
        for size, lines in (((20, 5), 0), ((200, 50), 3), ((80, 24), 1)):
            await user.pilot.resize_terminal(*size)
            await user.until(lambda lines=lines: panel.size.height == lines, f"findings at {size}")  # type: ignore[misc]


async def test_what_is_said_for_a_moment_does_not_cover_the_time_line() -> None:
    async with screen(app=TwtopApp(options(), recording()), size=(80, 24)) as user:
        await user.press("t", *"end", "enter", "full_stop")
        await user.said("This is the end of the recording.")
        (toast,) = user.app.screen.query("Toast")
        await user.until(lambda: toast.region.height > 0, "its place")
        assert toast.region.bottom <= user.app.query_one("#timeline").region.y


async def test_details_of_the_past_ask_nobody() -> None:
    async with screen(app=TwtopApp(options("listening"), recording())) as user:
        await user.press("down", "enter", "down", "enter")
        await user.until(lambda: isinstance(user.app.screen, DetailsScreen), "details")
        details = user.app.screen
        assert isinstance(details, DetailsScreen)
        await user.until(lambda: details._look is not None, "the socket")
        await user.press("full_stop")
        await user.until(lambda: details._look and details._look.now_s == WALL_S + 1, "the next look")
        assert details._look is not None
        assert details._look.gone_s is None
        await user.press("end")
        await user.said("What is shown is the past. So there is only what the table")


async def test_a_panel_names_the_moment_and_not_the_present() -> None:
    async with screen(app=TwtopApp(options(), recording()), size=(200, 50)) as user:
        await user.go_to("10.0.0.5:5432")
        await user.until(lambda: any(" then " in line for line in user.lines_of("#ports")), "the axis")


async def test_a_view_of_a_recording_with_a_filter_says_so() -> None:
    async with screen(app=TwtopApp(options(), recording(filter="state time-wait"))) as user:
        assert "recorded with a filter, no other sockets: state time-wait" in user.header[1]


async def test_a_long_name_leaves_room_for_the_time() -> None:
    name = f"/tmp/{'incident-' * 9}.twtop"  # noqa: S108 - nothing is written
    async with screen(app=TwtopApp(options(), recording(name)), size=(80, 24)) as user:
        assert user.header[0].startswith("REPLAY incident-incident-")
        assert "... 2027-01-15 08:00:00" in user.header[0]
        await user.pilot.resize_terminal(40, 24)
        await user.until(lambda: user.header[0].startswith("REPLAY 2027-01-15 08:00:00"), "the time")


def playback(marks: Sequence[Mark] = (), at_s: float = 50.0, wall_s: Sequence[float] = ()) -> Playback:
    times = np.array(wall_s or np.arange(101.0))
    number = np.arange(len(times))
    index = Index(number, times, number % 60 == 0, np.full(len(times), 7))
    return Playback("x", 0.0, 100.0, at_s, False, False, 1, False, 0.0, "", marks, index)


def drawn(shown: Playback, named: Sequence[tuple[str, float]] = (), *, unicode: bool = True) -> str:
    scale = Scale(shown.start_s, shown.end_s, 20)
    line = course(shown.index, shown.marks, scale, UNICODE if unicode else ASCII, levels=False)
    return "".join(text for text, _ in bar(line, scale, shown.at_s, named))


def test_the_line_shows_what_happened_and_where_it_is() -> None:
    marks = (Mark(11, "found", 1, "n"), Mark(12, "found", 3, "c"), Mark(31, "worse", 2, "w"))
    more = (Mark(61, "failure", 0, "f"), Mark(81, "over", 3, "o"), Mark(400, "found", 3, "not of this"))
    assert drawn(playback((*marks, *more))) == "──!───w───|─x───────"
    assert drawn(playback(FOUND), [("A", 0.0), ("B", 100.0), ("A", -1.0)]) == "A─────────|────────B"
    assert drawn(playback(), [("B", 51.0)], unicode=False) == "----------B---------"


def test_of_what_happened_at_once_the_worst_is_named() -> None:
    earlier, bad, note = Mark(11, "found", 3, "e"), Mark(12, "worse", 2, "b"), Mark(12, "found", 1, "n")
    marks = (earlier, bad, note, Mark(13, "over", 3, "o"))
    for at_s, mark in ((10.0, None), (11.0, earlier), (12.0, bad), (50.0, bad)):
        assert last_mark(Travel(playback(marks), at_s, replays=True, now_s=0.0)) == mark
    assert last_mark(Travel(playback((bad, earlier)), 50.0, replays=True, now_s=0.0)) == earlier


def test_the_line_is_blank_where_nobody_looked() -> None:
    looks = [*range(31), *range(70, 101)]
    assert drawn(playback(at_s=10.0, wall_s=looks)) == "──|────       ──────"


def test_sockets_are_drawn_over_the_time() -> None:
    shown = playback()
    counts = np.where(shown.index.wall_s < 50, 1, 8)
    index = replace(shown.index, sockets=counts)
    line = course(index, (), Scale(0.0, 100.0, 200), UNICODE, levels=True)
    assert "".join(sign for sign, _ in line) == "▁" * 100 + "█" * 100


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0s"), (31.4, "31s"), (151, "2m 31s"), (605, "10m 05s"), (3720, "1h 02m"), (273600, "3d 04h")],
)
def test_lengths(seconds: float, text: str) -> None:
    assert length(seconds) == text


def test_what_is_kept_says_how_long_and_how_much() -> None:
    assert kept_text(598.2, 3_140_000) == "kept 9m 58s 3.1M"
    assert kept_text(0.0, 0) == ""
    assert size_text(84_700) == "85K"


@pytest.mark.usefixtures("still")
def test_another_day_is_named() -> None:
    assert clock(WALL_S, WALL_S + 60) == "08:00:00"
    assert clock(WALL_S, WALL_S + 86_400) == "2027-01-15 08:00:00"


async def test_there_is_nothing_to_close_in_a_recording() -> None:
    async with screen(app=TwtopApp(options(), recording())) as user:
        await user.press("K")
        await user.said("What is shown is a recording: there is nothing to close.")


async def test_the_mask_hides_the_host_in_the_name_of_a_file() -> None:
    async with screen(app=TwtopApp(options(), recording("twtop-web-3-20270115.twtop"))) as user:
        assert "twtop-web-3-20270115.twtop" in user.header[0]
        await user.press("P")
        await user.until(lambda: "web-3" not in user.header[0], "no name")
        assert user.header[0].startswith("REPLAY ")
        assert "-20270115.twtop" in user.header[0]
