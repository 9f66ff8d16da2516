"""Pictures of a host whose processes were looked at: whose its sockets are, as far as that is known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.ui.frames import HOST, Recorded, frames
from tests.ui.pictures import SIZES, Scene, act, still_app
from tests.ui.screen import options
from twtop.core.owners.holdings import Holdings
from twtop.core.owners.owner import Owner
from twtop.core.snapshot import snapshot
from twtop.core.states import State
from twtop.sources.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.core.sockets import Sockets
    from twtop.sources.observer import Frame

pytestmark = pytest.mark.usefixtures("still")

NGINX = Owner(77, 1, "nginx", 33, "www-data", "/system.slice/nginx.service", "nginx.service")
SHOP = Owner(1822, 2, "php-fpm", 33, "www-data", "/docker/3f2a", "docker 3f2a9c1b7d20")

SCENES = {
    "groups": Scene(),
    "whose": Scene("CLOSE-WAIT", ("u",), shows="OWNER"),
    "whose-sockets": Scene("nginx[77]", ("enter",), "listening or dport = 6379", shows="*:8080"),
    "units": Scene("", (), "", shows="UNIT"),
}
KEYS = {"whose-sockets": ("state", "owner"), "units": ("unit", "command", "state")}


def held_by(sockets: Sockets) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Servers hold their own; clients belong to two workers, one of which nobody may look at."""
    port, held = sockets.local_port, sockets.inode != 0
    inode = np.where((port == 443) | (port == 8080), 1, 2 + (port // 2) % 2)
    return np.where(held, inode, 0).astype(np.uint32)


@cache
def frame() -> Frame:
    """Look at the recorded host twice: first everything towards the database is still held."""
    last = frames()[-1].moment.snapshot
    holdings = Holdings(
        np.array([1, 2], np.uint32),
        np.array([0, 1], np.uint32),
        (NGINX, SHOP),
        users={0: "root"},
        lack="the rest needs CAP_SYS_PTRACE",
    )
    observer = Observer(HOST)
    now = last.sockets
    young = (now.state == State.TIME_WAIT) & (now.expires_ms > 20_000)
    before = replace(
        now,
        state=np.where(young, np.uint8(State.ESTAB), now.state),
        inode=np.where(young, np.uint32(2), held_by(now)),
        timer=np.where(young, np.uint8(0), now.timer),
    )
    for sockets, ago_s in ((before, 1.0), (replace(now, inode=held_by(now)), 0.0)):
        taken = snapshot(
            sockets,
            wall_s=last.wall_s - ago_s,
            instant_s=last.instant_s - ago_s,
            sysctls=last.sysctls,
            counters=last.counters,
        )
        seen = observer.observe(taken, holdings)
    return replace(seen, interval_s=1.0, cpu_s=0.004)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_picture(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    scene = SCENES[name]
    wanted = options(scene.filter, interval_s=1.0, keys=KEYS.get(name, ("state", "peer")))
    app = still_app(wanted, Recorded(wanted, frame()))
    assert snap_compare(app, terminal_size=size, run_before=lambda pilot: act(scene, pilot))
