"""The keys that close sockets: K, and those of its dialog; and what the dialog never does."""

from __future__ import annotations

import errno
import socket
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from textual import events

from tests.lab.oracle import eventually, states
from tests.ui.frames import Recorded
from tests.ui.keys import pressing
from tests.ui.recorded_details import RecordedReader
from tests.ui.screen import Screen, options, screen
from tests.ui.test_namespaces_pictures import SHOP, all_of_them
from twtop.core.states import State
from twtop.lab import bulk
from twtop.lab.specimen import wait_for_state
from twtop.sources.closer import Closer
from twtop.sources.collector import Collector
from twtop.sources.panorama import panorama
from twtop.ui.app import TwtopApp
from twtop.ui.closing.screen import CloseScreen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

OFF = "Closing sockets is off: start twtop with --allow-close."


def nothing_own() -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """The tests hold the lab's sockets, in the process that the screen runs in."""
    return np.zeros(0, np.uint32)


@asynccontextmanager
async def closing_screen(
    host: Host,
    filter: str = "",  # noqa: A002 - the option's own name
    *,
    log: Path | None = None,
    size: tuple[int, int] = (80, 24),
) -> AsyncIterator[Screen]:
    """The screen of somebody who may close sockets."""
    wanted = replace(options(filter), allow_close=True)
    with host.entered():
        app = TwtopApp(wanted, Collector(wanted))
        app._closer = Closer(own=nothing_own) if log is None else Closer(log, nothing_own)
        async with screen(host, app=app, size=size) as user:
            await user.until(lambda: any("K close" in line for line in user.text), "K in the footer")
            yield user


async def asked(user: Screen, key: str = "K") -> CloseScreen:
    await user.press(key)
    await user.until(lambda: isinstance(user.app.screen, CloseScreen) and user.app.screen.is_mounted, "asked")
    dialog = user.app.screen
    assert isinstance(dialog, CloseScreen)
    await user.until(lambda: dialog._sheet.line_count, "its words")
    return dialog


def words(user: Screen) -> str:
    return " ".join(" ".join(user.text).replace("│", " ").split())


def pending(made: socket.socket) -> str:
    return errno.errorcode.get(made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "")


@pressing("app", "K")
async def test_k_says_how_it_is_allowed(server: Host, key: str) -> None:
    async with screen(server) as user:
        assert not any("K close" in line for line in user.text)
        await user.press(key)
        await user.until(lambda: OFF in [each.message for each in user.app._notifications], OFF)
        assert not isinstance(user.app.screen, CloseScreen)


@pressing("closing", "enter")
async def test_enter_closes_the_group_under_the_cursor(server: Host, key: str) -> None:
    async with closing_screen(server) as user:
        await user.go_to("CLOSE-WAIT")
        await asked(user)
        assert "Close 3 sockets CLOSE-WAIT" in words(user)
        assert "the program gets ECONNABORTED" in words(user)
        assert "Type 3 to close: _" in words(user)
        await user.press("3", key)
        await user.until(lambda: "3 closed" in words(user), "closed")
        assert "Done: 3 of 3 sockets" in words(user)
        await user.press("escape")
        await user.until(lambda: "CLOSE-WAIT" not in user.counts, "none left")
    assert states(server)["ESTAB"] == 9


async def test_one_socket_is_closed(server: Host) -> None:
    async with closing_screen(server) as user:
        await user.go_to(":8080<10.77.0.1")
        await user.press("right", "down")
        await asked(user)
        assert "Close 1 socket 10.77.0.2:8080 → 10.77.0.1" in words(user)
        await user.press("1", "enter")
        await user.until(lambda: "1 closed" in words(user), "closed")
    assert states(server)["ESTAB"] == 8


async def test_without_a_line_it_is_all_that_the_filter_lets_through(server: Host) -> None:
    async with closing_screen(server, "close-wait") as user:
        await user.press("home", "up")
        await asked(user)
        assert "Close 3 sockets all that match: state close-wait" in words(user)


async def test_another_number_closes_nothing(server: Host) -> None:
    async with closing_screen(server) as user:
        await user.go_to("CLOSE-WAIT")
        await asked(user)
        await user.press("enter")
        await user.until(lambda: "type 3 first" in words(user), "a complaint")
        await user.press("3", "0", "enter")
        await user.until(lambda: "30 is not 3" in words(user), "a complaint")
        await user.press("escape")
    assert states(server)["CLOSE-WAIT"] == 3


@pressing("closing", "backspace")
async def test_a_digit_is_erased(server: Host, key: str) -> None:
    async with closing_screen(server) as user:
        await user.go_to("CLOSE-WAIT")
        await asked(user)
        await user.press("3", "0")
        assert "to close: 30_" in words(user)
        await user.press(key)
        assert "to close: 3_" in words(user)


async def test_what_is_typed_at_once_is_taken_in_its_order(server: Host) -> None:
    async with closing_screen(server) as user:
        await user.go_to("CLOSE-WAIT")
        dialog = await asked(user)
        for key, character in (("4", "4"), ("backspace", None), ("3", "3"), ("0", "0")):
            dialog.post_message(events.Key(key, character))
        await user.until(lambda: "to close: 30_" in words(user), "the number")


@pressing("closing", "escape", "q")
async def test_leaving_changes_nothing(server: Host, key: str) -> None:
    before = states(server)
    async with closing_screen(server) as user:
        await user.go_to("ESTAB")
        await asked(user)
        await user.press("9", key)
        await user.until(lambda: not isinstance(user.app.screen, CloseScreen), "left")
    assert states(server) == before


@pressing("closing", "t")
async def test_time_waits_are_closed_only_when_asked_for(lab: Lab, key: str) -> None:
    bulk.time_waits(lab.client, 5)
    lab.pair()
    async with closing_screen(lab.client) as user:
        await user.press("home", "up")
        dialog = await asked(user)
        assert "5 TIME-WAIT: they protect new connections" in words(user)
        assert "t: with TIME-WAIT" in words(user)
        before = states(lab.client)
        await user.press(key)
        await user.until(lambda: "t: without TIME-WAIT" in words(user), "TIME-WAITs too")
        told = words(user)
        assert "no packet, but its protection is lost" in told
        assert "old duplicates" in told
        assert states(lab.client) == before
        await user.press(key)
        await user.until(lambda: "t: with TIME-WAIT" in words(user), "without them again")
        await user.press(*str(dialog._job.plan.count), "enter")
        await user.until(lambda: "Done" in words(user), "the others closed")
    assert states(lab.client) == {"TIME-WAIT": 5}


@pressing("closing", "down", "j", "pagedown", "up", "k", "pageup")
async def test_the_dialog_scrolls(server: Host, key: str) -> None:
    async with closing_screen(server, size=(60, 14)) as user:
        await user.press("home", "up")
        sheet = (await asked(user))._sheet
        assert sheet.line_count > sheet.visible_size.height
        back = key in {"up", "k", "pageup"}
        if back:
            await user.press("pagedown")
            await user.until(lambda: sheet.scroll_offset.y > 0, "further down")
        await user.press(key)
        await user.until(lambda: (sheet.scroll_offset.y > 0) != back or key in "upk", "scrolled")


async def test_what_ends_while_the_dialog_is_open_is_reported(lab: Lab) -> None:
    pair, other = lab.pair(), lab.pair()
    async with closing_screen(lab.client) as user:
        await user.go_to("ESTAB")
        await asked(user)
        pair.client.close()
        wait_for_state(pair.server, State.CLOSE_WAIT)
        pair.server.close()
        eventually(lambda: states(lab.client), {"ESTAB": 1, "TIME-WAIT": 1})
        await user.press("2", "enter")
        await user.until(lambda: "Done" in words(user), "the rest closed")
        assert "1 closed" in words(user)
        assert "1 changed left alone: each is now TIME-WAIT" in words(user)
    assert states(lab.client) == {"TIME-WAIT": 1}
    assert pending(other.client) == "ECONNABORTED"


async def test_a_frozen_screen_says_which_and_the_newest_data_what_became_of_them(lab: Lab) -> None:
    pair, other = lab.pair(), lab.pair()
    async with closing_screen(lab.client) as user:
        await user.go_to("ESTAB")
        await user.press("space")
        lab.pair()
        pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        pair.client.close()

        def newest() -> list[int]:
            looked = user.app._newest
            assert looked is not None
            ports: list[int] = looked.moment.snapshot.sockets.local_port.tolist()
            return ports

        await user.until(
            lambda: pair.client_end[1] not in newest() and len(newest()) == 2, "one gone, one new"
        )
        await asked(user)
        assert "Close 1 socket" in words(user)
        assert "1 gone since they were shown" in words(user)
        await user.press("1", "enter")
        await user.until(lambda: "1 closed" in words(user), "closed")
    assert pending(other.client) == "ECONNABORTED"
    assert states(lab.client) == {"ESTAB": 1}


async def test_the_log_is_missed_before_and_not_after(server: Host, tmp_path: Path) -> None:
    async with closing_screen(server, log=tmp_path / "none") as user:
        await user.go_to("CLOSE-WAIT")
        await asked(user)
        assert "Not logged: nobody takes the log at" in words(user)


async def test_what_is_only_bound_is_left_out(lab: Lab) -> None:
    lab.client.socket().bind((lab.client.address(), 0))
    async with closing_screen(lab.client) as user:
        await user.until(lambda: user.counts, "UNCONN")
        await user.press("home")
        await asked(user)
        assert "Nothing here can be closed" in words(user)
        assert "1 UNCONN: the kernel cannot close what is only bound" in words(user)
        await user.press("1", "enter")
        assert "Type" not in words(user)


async def test_what_lacks_is_said_at_the_start(server: Host) -> None:
    class Forbidden(Closer):
        """As where the kernel says no."""

        def get_ready(self, reader: object) -> str | None:
            return "closing sockets needs CAP_NET_ADMIN: run twtop as root"

    wanted = replace(options(), allow_close=True)
    with server.entered():
        app = TwtopApp(wanted, Collector(wanted))
        app._closer = Forbidden()
        async with screen(server, app=app) as user:
            told = "--allow-close: closing sockets needs CAP_NET_ADMIN: run twtop as root"
            await user.until(lambda: told in [each.message for each in app._notifications], told)
            assert not any("K close" in line for line in user.text)


async def test_the_capability_is_named_though_other_namespaces_are_read_from_outside() -> None:
    """As without privilege: twtop's own namespace has few sockets, and is the only one with netlink."""

    class Forbidden(Closer):
        def get_ready(self, reader: object) -> str | None:
            return "no netlink" if reader is None else "closing sockets needs CAP_NET_ADMIN"

    looked = all_of_them()
    assert looked.busiest.reader is None
    places = [
        replace(place, frame=place.frame and replace(place.frame, reader=RecordedReader()))
        if place.namespace == SHOP
        else place
        for place in looked.places
    ]
    wanted = replace(options(), allow_close=True)
    app = TwtopApp(wanted, Recorded(wanted, panorama(places)))
    app._closer = Forbidden()
    async with screen(app=app) as user:
        told = "--allow-close: closing sockets needs CAP_NET_ADMIN"
        await user.until(lambda: told in [each.message for each in app._notifications], told)


async def test_a_tiny_window_does_not_break_it(server: Host) -> None:
    wanted = replace(options(), allow_close=True)
    with server.entered():
        app = TwtopApp(wanted, Collector(wanted))
        app._closer = Closer(own=nothing_own)
        async with screen(server, app=app, size=(20, 5)) as user:
            await asked(user)
            await user.press("1", "enter", "down", "pagedown", "escape")
            assert app.is_running
