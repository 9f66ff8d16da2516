"""Pictures of the time line: of the past while collecting goes on, and of a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ui.pictures import SIZES, Scene, act, still_app
from tests.ui.screen import Screen, options
from tests.ui.taped import Taped, recording
from twtop.ui.app import TwtopApp

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

pytestmark = pytest.mark.usefixtures("still")

SCENES = {
    "live": Scene(shows="LIVE"),
    "past": Scene("", ("comma",) * 7, shows="08:00:12, 8s ago"),
    "replay": Scene("", ("right_curly_bracket",) * 2, shows="08:00:12, 12s of 19s"),
    "replay-with-a-gap": Scene("", ("t", *"8:00:18", "enter"), shows="nobody looked for 17s"),
    "replay-of-a-filter": Scene("", ("t", *"end", "enter"), shows="no other sockets"),
    "time-with-error": Scene("", ("t", *"25:99"), shows="is no time"),
    "time": Scene("", ("t", *"-5s"), shows="after the start"),
    "view-of-the-past": Scene("", ("comma", "m"), shows="PAST 08:00:18"),
}


def app_of(name: str) -> TwtopApp:
    wanted = options(interval_s=1.0)
    if name in {"live", "past", "view-of-the-past"}:
        return still_app(wanted, Taped(wanted))
    if name == "replay-with-a-gap":
        return still_app(wanted, recording(missing=range(2, 18)))
    return still_app(wanted, recording(filter="state time-wait" if "filter" in name else ""))


async def travel(scene: Scene, pilot: Pilot[None]) -> None:
    """Do what a scene asks for; the time line is ahead of the other panels."""
    await act(scene, pilot)
    app = pilot.app
    assert isinstance(app, TwtopApp)
    user = Screen(app, pilot)
    if app.travel is not None:
        playback = app.travel.playback
        await user.until(lambda: app._shown and app._shown_s == playback.at_s, "the look")
    await user.until(lambda: not app._stale.is_set() and not app._unexplained.is_set(), "all panels")
    await user.settle()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_picture(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    scene = SCENES[name]
    assert snap_compare(app_of(name), terminal_size=size, run_before=lambda pilot: travel(scene, pilot))


@pytest.mark.parametrize("size", [(60, 15), (40, 10), (20, 5)], ids=str)
def test_picture_of_a_small_window(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    scene = Scene("", ("comma",) * 7, shows="PAST")
    assert snap_compare(app_of("past"), terminal_size=size, run_before=lambda pilot: travel(scene, pilot))


def test_picture_without_unicode(snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    scene = Scene("", ("right_curly_bracket",) * 2, shows="08:00:12, 12s of 19s")
    assert snap_compare(app_of("replay"), run_before=lambda pilot: travel(scene, pilot))
