"""Pictures of names beside the numbers, and of the mask that hides both."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from tests.ui.frames import Recorded, frames
from tests.ui.pictures import SIZES, Scene, act, still_app
from tests.ui.screen import Screen, options
from twtop.core.names.labels import Labels
from twtop.sources.resolver import Resolver
from twtop.ui.app import TwtopApp

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

pytestmark = pytest.mark.usefixtures("still")

LABELS = Labels.of(
    [
        (ip_network("10.0.0.5"), "db primary"),
        (ip_network("192.0.2.0/24"), "crawlers"),
        (ip_network("2001:db8::/32"), "office"),
    ]
)
SERVICES = {443: "https", 5432: "postgresql", 6379: "redis", 8080: "http-alt"}
HOSTS = {"10.0.0.5": "db-1.example.", "198.51.100.7": "lb-7.example.net.", "203.0.113.80": "cdn.example.org."}


def app_of(keys: tuple[str, ...], *, masked: bool) -> TwtopApp:
    chosen = replace(options(interval_s=1.0, keys=keys), privacy=masked, services=SERVICES)
    frame = frames()[-1]
    moment = replace(frame.moment, snapshot=frame.moment.snapshot.labelled(LABELS))
    app = still_app(chosen, Recorded(chosen, replace(frame, moment=moment)))
    app.privacy.mask._secret = b"the same in every run"
    app._resolver = Resolver(
        lambda: app.post_message(app.NameFound()), lambda address: HOSTS.get(address, "")
    )
    return app


async def ask_for_names(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, TwtopApp)
    app.action_names()
    app.clear_notifications()
    user = Screen(app, pilot)
    await user.until(lambda: app._resolver and len(app._resolver._names) >= 4 and not app._resolver._asked)
    await act(Scene(), pilot)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_picture_of_names(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    app = app_of(("peer", "state"), masked=False)
    assert snap_compare(app, terminal_size=size, run_before=ask_for_names)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_picture_of_groups_by_label(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    app = app_of(("label", "peer"), masked=False)
    assert snap_compare(app, terminal_size=size, run_before=lambda pilot: act(Scene(), pilot))


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_picture_of_the_mask(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    app = app_of(("state", "peer"), masked=True)
    assert snap_compare(app, terminal_size=size, run_before=lambda pilot: act(Scene("10.0.0.5:5432"), pilot))
