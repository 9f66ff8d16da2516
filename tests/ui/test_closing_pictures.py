"""Pictures of the dialog that closes sockets, about a host that never changes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from tests.ui.frames import frames
from tests.ui.pictures import SIZES, recorded_app
from tests.ui.screen import Screen
from twtop.core.closing.plan import plan
from twtop.core.closing.tally import Tally
from twtop.core.states import State
from twtop.sources.closer import Closer, Job
from twtop.ui.app import TwtopApp
from twtop.ui.closing.lines import Occasion
from twtop.ui.closing.screen import CloseScreen

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

pytestmark = pytest.mark.usefixtures("still")

SMALL_GROUP: Final = (State.CLOSE_WAIT, State.LISTEN, State.UNCONN)


def job(*, time_wait: bool) -> Job:
    """Everything, or what is no TIME-WAIT and little; one of them is twtop's own."""
    sockets = frames()[-1].moment.snapshot.sockets
    chosen = sockets if time_wait else sockets.take(np.isin(sockets.state, SMALL_GROUP))
    session = (int(chosen.cookie[chosen.state != State.TIME_WAIT][0]),)
    return Job(plan(chosen, 2, session=session, time_wait=time_wait), {})


async def ask(pilot: Pilot[None], *, time_wait: bool, typed: str = "") -> CloseScreen:
    app = pilot.app
    assert isinstance(app, TwtopApp)
    user = Screen(app, pilot)
    await user.until(lambda: user.table.lines is not None, "the frame")
    dialog = CloseScreen(
        Closer(), job(time_wait=time_wait), Occasion("CLOSE-WAIT"), lambda wanted: job(time_wait=wanted)
    )
    app.push_screen(dialog)
    await user.until(lambda: any(" to close: " in line for line in user.text), "its words")
    await user.press(*typed)
    return dialog


@pytest.mark.parametrize("size", [*SIZES.values(), (40, 10)], ids=[*SIZES, "40x10"])
@pytest.mark.parametrize("scene", ["group", "everything"])
def test_picture(snap_compare: Callable[..., bool], scene: str, size: tuple[int, int]) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await ask(pilot, time_wait=scene == "everything", typed="4")

    assert snap_compare(recorded_app(), terminal_size=size, run_before=act)


def test_picture_of_what_came_of_it(snap_compare: Callable[..., bool]) -> None:
    async def act(pilot: Pilot[None]) -> None:
        dialog = await ask(pilot, time_wait=False)
        dialog._tally = Tally(
            1204,
            closed=1100,
            gone=4,
            changed=Counter({"TIME-WAIT": 60}),
            refused=Counter({"it needs CAP_NET_ADMIN in its network namespace": 30}),
            unlogged="the system log took no more: Connection refused",
            stopping=True,
            ended=True,
        )
        dialog._show()
        await pilot.pause()

    assert snap_compare(recorded_app(), terminal_size=(80, 24), run_before=act)
