"""Pictures of several network namespaces: the table of all, and the list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.core.build import table
from tests.knowledge.hosts import DEFAULTS
from tests.ui.frames import HOST, INSTANT_S, SECONDS, WALL_S, Recorded, frames
from tests.ui.pictures import SIZES, Scene, act, still_app
from tests.ui.screen import options
from twtop.core.snapshot import snapshot
from twtop.core.states import State
from twtop.core.sysctls import Sysctls
from twtop.core.table.keys import DEFAULT_KEYS_OF_ALL
from twtop.kernel.namespaces.listing import Namespace
from twtop.sources.observer import Frame, Observer
from twtop.sources.panorama import Panorama, Place, panorama
from twtop.sources.watch import ALL

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("still")

SHOP = Namespace(4026532250, "pod 1b9c6c0a", ("cni-0c2a43d1", "4026532250"), (4711, 4712), "/run/netns/cni")
CACHE = Namespace(4026532301, "docker 3f2a9c1b7d20", ("4026532301",), (815,))
GONE = Namespace(4026532402, "batch[917]", ("4026532402",))
EMPTY = Namespace(4026532503, "pause[1204]", ("4026532503",), (1204,), "/proc/1204/ns/net")


def frame_of(namespace: Namespace, servers: int, lacks: tuple[str, ...] = ()) -> Frame:
    """Look at so many connections that a server forgot to close, and one that it listens with."""
    states = [State.LISTEN, *[State.CLOSE_WAIT] * servers] if servers else []
    sockets = table(
        state=states,
        local_port=[6379] * len(states),
        remote_port=[0, *range(40000, 40000 + servers)][: len(states)],
        inode=[4711] * len(states),
        wqueue=[511, *[0] * servers][: len(states)],
        cookie=range(namespace.number, namespace.number + len(states)),
    )
    host = HOST._replace(namespace_label=namespace.name, namespaced=True)
    observer = Observer(host)
    for second in (SECONDS - 2, SECONDS - 1):
        frame = observer.observe(
            snapshot(
                sockets,
                wall_s=WALL_S + second,
                instant_s=INSTANT_S + second,
                sysctls=Sysctls({**DEFAULTS, "net.ipv4.tcp_rfc1337": "1"}),
                degraded=lacks,
            )
        )
    return frame


def all_of_them() -> Panorama:
    outside = f"namespace {CACHE.name}: entering it needs CAP_SYS_ADMIN; read from /proc/815/net"
    host = Namespace(4026531833, "host", ("4026531833",), (1, 2, 3), "/proc/thread-self/ns/net", own=True)
    places = [
        Place(host, frames()[-1]),
        Place(SHOP, frame_of(SHOP, 40)),
        Place(CACHE, frame_of(CACHE, 7, (outside,))),
        Place(EMPTY, frame_of(EMPTY, 0), idle=True, rests=True),
        Place(GONE, None, "it is gone"),
    ]
    return panorama(places).at_cost(1.0, 0.004)


SCENES = {
    "all": Scene(),
    "under-the-cursor": Scene("pod 1b9c6c0a", panel="p"),
    "list": Scene("", ("N", "down", "down"), shows="processes: 815"),
    "gone": Scene("", ("N", "up"), shows="It cannot be read"),
}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_picture(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    wanted = replace(options(interval_s=1.0), keys=DEFAULT_KEYS_OF_ALL)
    collector = Recorded(wanted, all_of_them())
    collector.look_at(ALL)
    app = still_app(wanted, collector)
    assert snap_compare(app, terminal_size=size, run_before=lambda pilot: act(SCENES[name], pilot))
