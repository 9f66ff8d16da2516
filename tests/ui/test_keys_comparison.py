"""Marks, and the view that compares them: its keys."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from tests.ui.frames import WALL_S, Recorded, frames
from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.lab.host import endpoint
from twtop.ui.app import TwtopApp

if TYPE_CHECKING:
    from tests.ui.screen import Screen
    from twtop.lab.lab import Lab
    from twtop.sources.panorama import Looked


class Stepped(Recorded):
    """Delivers one look, and others when told to."""

    def show(self, looked: Looked) -> None:
        self._deliver(looked)


def stepped() -> TwtopApp:
    chosen = options()
    return TwtopApp(chosen, Stepped(chosen, frames()[0]))


async def step(user: Screen, second: int) -> None:
    """Show the moment so many seconds later."""
    collector, wanted = user.collector, frames()[second]
    assert isinstance(collector, Stepped)
    collector.show(wanted)
    await user.until(lambda: user.frames == wanted.moment.snapshot.instant_s, "the moment")


def said(user: Screen) -> list[str]:
    return [notification.message for notification in user.app._notifications]


@pressing("app", "A", "B")
async def test_a_mark_is_set_at_the_moment_that_is_shown_and_moved(key: str) -> None:
    async with screen(app=stepped()) as user:
        assert user.app.marks.wall_times == []
        await user.press(key)
        assert user.app.marks.wall_times == [(key, WALL_S)]
        sockets = len(frames()[0].moment.snapshot.sockets)
        assert said(user)[-1].startswith(f"{key} set at ")
        assert said(user)[-1].endswith(f" ({sockets:,} sockets)")
        await step(user, 3)
        assert user.app.marks.wall_times == [(key, WALL_S)]
        await user.press(key)
        assert user.app.marks.wall_times == [(key, WALL_S + 3)]
        assert said(user)[-1].startswith(f"{key} moved to ")


async def test_marks_are_told_in_the_order_of_time() -> None:
    async with screen(app=stepped()) as user:
        await user.press("B")
        await step(user, 2)
        await user.press("A")
        assert user.app.marks.wall_times == [("B", WALL_S), ("A", WALL_S + 2)]


async def test_a_moment_of_the_past_is_compared_with_the_present(lab: Lab) -> None:
    """Sockets are found again by the kernel's cookie, though the past was decoded from what was kept."""
    listener = lab.server.listen(8080)
    connections = [lab.client.connect(*endpoint(listener)) for _ in range(3)]
    async with screen(lab.client) as user:
        await user.until(lambda: user.counts == {"ESTAB": 3}, "three connections")
        connections[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connections[0].close()
        for _ in range(4):
            lab.client.connect(*endpoint(listener))
        await user.until(lambda: user.counts == {"ESTAB": 6}, "six of them")
        while user.counts != {"ESTAB": 3}:
            await user.press("comma")
            await user.settle()
        await user.press("A", "escape")
        await user.until(lambda: user.counts == {"ESTAB": 6}, "the present")
        await user.press("D")
        await user.until(lambda: any("still there" in line for line in user.text), "the comparison")
        assert any("3 sockets, then 6 (+3): 4 new, 1 gone, 2 still there" in line for line in user.text)


async def test_before_anything_is_shown_there_is_nothing_to_mark_or_compare() -> None:
    chosen = options()
    app = TwtopApp(chosen, Recorded(chosen))
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("A", "D")
        await pilot.pause()
        told = [each.message for each in app._notifications]
        assert told == ["There is nothing to mark yet.", "There is nothing to compare yet."]
        assert len(app.screen_stack) == 1
