"""The keys of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.ui.conftest import NAMES
from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.core.table.fields import FIELDS
from twtop.core.table.view import SOME

if TYPE_CHECKING:
    from twtop.lab.host import Host

CLIENTS = 10


async def test_the_table_opens_with_the_busiest_state(server: Host) -> None:
    async with screen(server) as user:
        assert user.names == NAMES
        assert user.counts == {"ESTAB": 9, "CLOSE-WAIT": 3, "LISTEN": 2}
        assert user.current == "▾ ESTAB"


@pressing("table", "down", "j")
async def test_down(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press(key, key, key)
        assert user.current == "▾ CLOSE-WAIT"
        await user.press(*[key] * 20)
        assert user.table._cursor == len(NAMES) - 1


@pressing("table", "up", "k")
async def test_up(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press("end", key)
        assert user.current == NAMES[-2].strip()
        await user.press("home", key)
        assert user.current == ""
        assert user.table.heading == "sockets"
        await user.press("down")
        assert user.current == "▾ ESTAB"


@pressing("table", "home")
async def test_home(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press("down", "down", key)
        assert user.table._cursor == 0


@pressing("table", "end", "G")
async def test_end(server: Host, key: str) -> None:
    async with screen(server, size=(80, 10)) as user:
        await user.press(key)
        assert user.table._cursor == len(NAMES) - 1
        assert NAMES[-1].strip() in "\n".join(user.text)


@pressing("table", "pagedown", "ctrl+f")
async def test_page_down(server: Host, key: str) -> None:
    async with screen(server, size=(80, 9)) as user:
        page = user.table.content_size.height - 1
        await user.press(key)
        assert user.table._cursor == page
        await user.press(key, key)
        assert user.table._cursor == len(NAMES) - 1


@pressing("table", "pageup", "ctrl+b")
async def test_page_up(server: Host, key: str) -> None:
    async with screen(server, size=(80, 9)) as user:
        await user.press("end", key)
        assert user.table._cursor == len(NAMES) - 1 - (user.table.content_size.height - 1)
        await user.press(key, key)
        assert user.table._cursor == 0
        assert user.table.heading is None


@pressing("table", "right", "l")
async def test_right_unfolds_groups_and_then_sockets(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press("down", key)
        sockets = user.names[2:9]
        assert user.names[1] == "  ▾ :8080<10.77.0.1"
        assert all(name.startswith("      10.77.0.2:8080 → 10.77.0.1:") for name in sockets)
        assert len(set(sockets)) == 7
        assert user.names[9:] == NAMES[2:]
        await user.press(key)
        assert user.names[2:9] == sockets


@pressing("table", "left", "h")
async def test_left_folds_and_goes_to_the_parent(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press("down", "right", "down")
        await user.press(key)
        assert user.current == "▾ :8080<10.77.0.1"
        await user.press(key)
        assert user.names == NAMES
        await user.press(key)
        assert user.current == "▾ ESTAB"
        await user.press(key)
        assert user.names == ["▸ ESTAB", *NAMES[3:]]


@pressing("table", "right", "l", "left", "h")
async def test_among_the_titles_the_cursor_goes_sideways(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press("up", key)
        assert user.table.heading == list(FIELDS)[1 if key in {"right", "l"} else -1]
        assert user.names == NAMES


@pressing("table", "enter")
async def test_enter_unfolds_and_folds(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press(key)
        assert user.names == ["▸ ESTAB", *NAMES[3:]]
        await user.press(key)
        assert user.names == NAMES
        await user.press("down", key)
        assert len(user.names) == len(NAMES) + 7
        await user.press(key)
        assert user.names == NAMES


@pressing("table", "enter", "right", "l")
async def test_more_opens_the_rest(server: Host, key: str) -> None:
    # Towards another port of the server a client's port may be the same.
    by_port = options("connected and sport = :8080", keys=("local-address", "remote-port"))
    async with screen(server, by_port, size=(80, 40)) as user:
        assert user.names[SOME + 1] == f"  … {CLIENTS - SOME} more"
        await user.press("end", key)
        assert len(user.names) == 1 + CLIENTS
        assert not any("more" in name for name in user.names)
        assert user.table._cursor == SOME + 1
