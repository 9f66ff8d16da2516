"""u asks whose the sockets are; what is held here is held by the process that runs the tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ui.conftest import NAMES
from tests.ui.keys import pressing
from tests.ui.screen import options, screen

if TYPE_CHECKING:
    from twtop.lab.host import Host


def this_process() -> str:
    return f"{Path('/proc/self/comm').read_text().strip()}[{os.getpid()}]"


@pressing("app", "u")
async def test_u_groups_by_owner_and_goes_back(server: Host, key: str) -> None:
    owner = f"  ▸ {this_process()}"
    async with screen(server) as user:
        await user.go_to("CLOSE-WAIT")
        await user.press(key)
        await user.until(
            lambda: user.names == ["▾ ESTAB", owner, "▾ CLOSE-WAIT", owner, "▾ LISTEN", owner], "owners"
        )
        # Of what is not accepted nobody is the holder yet.
        assert user.rows[1].endswith("7 held, 2 listener")
        assert user.current == "▾ CLOSE-WAIT"
        await user.press(key)
        await user.until(lambda: user.names == NAMES, "the groups from before")


async def test_u_takes_the_place_of_the_innermost_key(server: Host) -> None:
    async with screen(server, options(keys=("role", "state", "peer"))) as user:
        await user.press("u")
        assert user.app._spec.keys == ("role", "state", "owner")
        await user.press("u")
        assert user.app._spec.keys == ("role", "state", "peer")
    async with screen(server, options(keys=("peer",))) as user:
        await user.press("u")
        assert user.app._spec.keys == ("peer", "owner")


async def test_u_leaves_what_stands_above_the_owner_from_the_start(server: Host) -> None:
    async with screen(server, options(keys=("unit", "state", "owner"))) as user:
        await user.press("u")
        assert user.app._spec.keys == ("unit", "state")
        await user.press("u")
        assert user.app._spec.keys == ("unit", "owner")
        await user.press("u")
        assert user.app._spec.keys == ("unit", "state")
    async with screen(server, options(keys=("owner", "state"))) as user:
        await user.press("u")
        assert user.app._spec.keys == ("state", "peer")


async def test_groups_and_sockets_name_their_owner_where_there_is_room(server: Host) -> None:
    async with screen(server, size=(200, 50)) as user:
        await user.until(lambda: f"CLOSE-WAIT 3 EOF not read {this_process()}" in " ".join(user.rows))
        await user.go_to("LISTEN")
        await user.press("down", "right")
        await user.until(lambda: any(f"10.77.0.2:8080 {this_process()}" in row for row in user.rows))


async def test_what_is_filtered_by_owner(server: Host) -> None:
    async with screen(server, options(f"pid = {os.getpid()} and not owner = listener")) as user:
        await user.until(lambda: user.counts == {"ESTAB": 7, "CLOSE-WAIT": 3, "LISTEN": 2}, "those held")
    async with screen(server, options("proc = nobody-runs-this")) as user:
        await user.until(lambda: "0 of 14: proc = nobody-runs-this" in user.header[1], "none")
        assert user.counts == {}


async def test_without_owners_the_header_says_so_where_they_matter(server: Host) -> None:
    lack = "! owners are unknown: the option owners is off"
    async with screen(server, options(owners=False)) as user:
        assert lack not in user.header
        await user.press("u")
        await user.until(lambda: lack in user.header, "what is missing")
        assert user.names[:2] == ["▾ ESTAB", "  ▸ ?"]
        await user.press("u")
        await user.until(lambda: lack not in user.header, "nothing that matters")
