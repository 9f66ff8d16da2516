"""Pictures of the comparison of two moments that never change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.ui.frames import HOST, frames
from tests.ui.pictures import SIZES, Scene, act, recorded_app
from twtop.core.snapshot import snapshot
from twtop.core.states import State
from twtop.core.sysctls import Sysctls
from twtop.sources.comparison.kept import kept
from twtop.sources.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.sources.comparison.kept import Kept
    from twtop.ui.app import TwtopApp

pytestmark = pytest.mark.usefixtures("still")

SCENES = {
    "comparison": Scene("", ("D",), shows="earlier ones became"),
    "comparison-of-values": Scene("", ("D", "end", "up"), shows="tcp_tw_reuse"),
    "no-marks": Scene("", ("D",), shows="No moment is marked"),
}


def earlier() -> Kept:
    """A moment at which some CLOSE-WAITs were still connections, others not there, and a sysctl differed."""
    seen = frames()[2].moment.snapshot
    sockets = seen.sockets
    leaked = np.flatnonzero(sockets.state == State.CLOSE_WAIT)
    states = sockets.state.copy()
    states[leaked[:12]] = State.ESTAB
    there = np.ones(len(sockets), np.bool_)
    there[leaked[20:]] = False
    before = snapshot(
        replace(sockets, state=states).take(there),
        wall_s=seen.wall_s,
        instant_s=seen.instant_s,
        sysctls=Sysctls({**seen.sysctls, "net.ipv4.tcp_tw_reuse": "0"}),
        counters=seen.counters,
    )
    return kept(Observer(HOST).observe(before))


def compared_app(name: str) -> TwtopApp:
    app = recorded_app()
    if name != "no-marks":
        app.marks.put("A", earlier())
        app.marks.put("B", kept(frames()[-1]))
    return app


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_picture(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    app = compared_app(name)
    assert snap_compare(app, terminal_size=size, run_before=lambda pilot: act(SCENES[name], pilot))


def test_picture_without_unicode(snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    app = compared_app("comparison")
    assert snap_compare(app, run_before=lambda pilot: act(SCENES["comparison"], pilot))
