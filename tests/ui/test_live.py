"""The screen on real sockets: it follows them, and tells what the kernel tells."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import pytest
from textual.events import MouseScrollDown

from tests.lab.oracle import settle, states
from tests.ui.conftest import NAMES
from tests.ui.screen import options, screen
from twtop.core.states import State
from twtop.core.table.fields import FIELDS
from twtop.core.table.keys import KEYS
from twtop.lab import recipes
from twtop.lab.host import endpoint
from twtop.ui.strip import StateStrip

if TYPE_CHECKING:
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab, Pair

V4 = socket.AF_INET


@pytest.mark.parametrize("side", ["client", "server"])
async def test_every_state_is_counted_as_ss_counts_it(lab: Lab, side: str) -> None:
    for name, make in recipes.EVERY_STATE.items():
        if lab.ipv6 or not name.endswith("v6"):
            make(lab)
    host: Host = getattr(lab, side)
    async with screen(host, size=(200, 50)) as user:

        def agree() -> bool:
            shown = {name: count for name, count in user.counts.items() if name != State.UNCONN.label}
            return shown == states(host)

        await user.until(agree, "the counts of ss")
        for state in State:
            assert any(state.label in line for line in user.lines_of("#strip"))


async def test_the_cursor_stays_on_its_group_while_others_overtake_it(lab: Lab, server: Host) -> None:
    async with screen(server) as user:
        await user.press("down")
        assert ":8080" in user.current
        for _ in range(6):
            lab.client.connect("10.77.0.2", 5432)
        await user.until(lambda: ":5432" in user.names[1], "the other group first")
        assert ":8080" in user.current
        assert user.table._cursor == 2
        await user.press("r")
        await user.until(lambda: user.names[-2] == NAMES[1], "the order reversed")
        assert ":8080" in user.current
        assert user.table._cursor == len(NAMES) - 2
        await user.press("slash", *"sport = :8080", "enter")
        await user.until(lambda: user.names and ":5432" not in "".join(user.names), "one port")
        assert ":8080" in user.current
        assert user.names[user.table._cursor - 1] == "▾ ESTAB"


async def test_the_cursor_stays_on_its_socket_through_another_state(lab: Lab) -> None:
    pair = lab.pair()
    async with screen(lab.server, options(keys=("local-port",))) as user:
        await user.press("right", "down")
        await user.until(lambda: len(user.names) == 3, "listener and connection")
        await user.press("end" if "→" in user.names[-1] else "up")
        connection = user.current
        assert connection.endswith(f":{pair.client_end[1]}")
        pair.client.close()
        await user.until(lambda: user.counts.get("CLOSE-WAIT") == 1, "the connection half closed")
        assert user.current == connection


def reset(pair: Pair) -> None:
    """Close without a TIME-WAIT on either side."""
    pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    pair.client.close()


async def test_the_neighbour_takes_the_place_of_what_is_gone(lab: Lab) -> None:
    pairs = [lab.pair() for _ in range(3)]
    async with screen(lab.client, size=(80, 40)) as user:
        await user.press("down", "down")
        gone, after = user.current, user.names[3].strip()
        pairs.sort(key=lambda pair: str(pair.server_end[1]) not in gone)
        reset(pairs.pop(0))
        await user.until(lambda: len(user.names) == 3, "two connections")
        assert user.current == after
        for pair in pairs:
            reset(pair)
        await user.until(lambda: user.names == [], "nothing")
        assert user.current == ""
        lab.pair()
        await user.until(lambda: user.current == "▾ ESTAB", "something again")


async def test_what_is_under_the_cursor_keeps_its_height_on_the_screen(lab: Lab) -> None:
    for _ in range(12):
        lab.pair()
    by_port = options(keys=("remote-port",))
    async with screen(lab.client, by_port, size=(80, 12)) as user:
        await user.press("end", "up")
        held = user.current
        height = user.table._cursor - user.table.scroll_offset.y
        listener = lab.server.listen(1)
        for _ in range(2):
            lab.client.connect(*endpoint(listener))
        await user.until(lambda: user.names[0] == "▸ :1", "a busier group on top")
        assert user.current == held
        assert user.table._cursor - user.table.scroll_offset.y == height


async def test_timers_run_down_between_snapshots(lab: Lab) -> None:
    recipes.time_wait(lab, V4)
    async with screen(lab.client, options(interval_s=600)) as user:
        frame = user.frames

        def left() -> str:
            return next(line for line in user.text if "TIME-WAIT" in line and "▾" in line)

        first = left()
        await user.until(lambda: left() != first, "a second less")
        await user.press("down", "enter", "down")
        assert user.frames == frame
        await user.press("space")
        frozen = user.text[1:]
        user.app._tick()
        await user.press("up", "down")
        assert user.text[1:] == frozen


async def test_a_restarted_time_wait_says_so(lab: Lab) -> None:
    recipes.time_wait_restarting(lab, V4)
    async with screen(lab.client, options(owners=False)) as user:
        await user.until(lambda: "1 restarted" in user.rows[0], "a timer that went up")
        await user.press("down", "enter")
        assert user.rows[2].endswith(" restarted")


async def test_the_three_faces_of_fin_wait_2(lab: Lab) -> None:
    faces = (recipes.fin_wait_2, recipes.fin_wait_2_owned, recipes.fin_wait_2_two_phase)
    settle([recipe(lab, V4) for recipe in faces])
    async with screen(lab.client, options(keys=("state",), owners=False), size=(100, 24)) as user:
        await user.press("enter")
        assert user.rows[0].endswith("1 orphan, 1 phase 1 of 2, 1 half-closed")
        sockets = user.rows[1:]
        assert sum(row.endswith("half-closed, no limit") for row in sockets) == 1
        assert sum(row.endswith("orphan, phase 1 of 2") for row in sockets) == 1
        assert sum(row.endswith("orphan") for row in sockets) == 1
        assert sum("timewait" in row for row in sockets) == 1


async def test_a_listener_shows_its_accept_queue_and_backlog(lab: Lab) -> None:
    recipes.listen(lab, V4)
    async with screen(lab.server, options("listening", owners=False)) as user:
        assert " 3/2 " in user.rows[0]
        assert user.rows[0].endswith("1 queue full")
        await user.press("down", "enter", "down")
        assert user.rows[2].startswith("3/2 ")
        assert user.rows[2].endswith("accept queue full")


@pytest.mark.parametrize(
    "keys", [*((name,) for name in KEYS), ("role", "state"), ("remote-network", "local-port", "state")]
)
async def test_grouping_by_every_key(server: Host, keys: tuple[str, ...]) -> None:
    async with screen(server, options(keys=keys), size=(120, 60)) as user:
        titles = " → ".join(KEYS[name].title.upper() for name in keys)
        assert user.lines_of("#heading")[0].endswith(titles)
        top = [line for name, line in zip(user.names, user.rows, strict=True) if not name.startswith(" ")]
        assert sum(int(row.split()[0]) for row in top) == 14


@pytest.mark.parametrize("field", FIELDS)
async def test_sorting_by_every_column_with_the_cursor_on_its_title(server: Host, field: str) -> None:
    async with screen(server, size=(120, 30)) as user:
        steps = list(FIELDS).index(field)
        await user.press("up", *["right"] * steps)
        assert user.table.heading == field
        await user.press("enter")
        assert user.app._spec.sort == field
        assert user.app._spec.descending is (field != "sockets")
        await user.press("enter")
        assert user.app._spec.descending is (field == "sockets")
        assert FIELDS[field].title in user.lines_of("#heading")[0]


@pytest.mark.parametrize("field", FIELDS)
async def test_sorting_by_every_column_with_the_mouse(server: Host, field: str) -> None:
    async with screen(server, size=(120, 30)) as user:
        column = user.lines_of("#heading")[0].index(FIELDS[field].title)
        await user.click("#heading", column + 1, 0)
        wanted = (field, field != "sockets")
        await user.until(lambda: (user.app._spec.sort, user.app._spec.descending) == wanted)


async def test_a_click_moves_the_cursor_and_another_one_unfolds(server: Host) -> None:
    async with screen(server) as user:
        await user.click("#table", 60, 4)
        assert user.table._cursor == 4
        assert user.names == NAMES
        await user.click("#table", 60, 4)
        assert len(user.names) == len(NAMES) + 3
        await user.click("#table", 60, 20 - 8)
        assert user.table._cursor in (4, 12)


@pytest.mark.parametrize("state", State)
async def test_a_click_on_the_strip_goes_to_the_state(server: Host, state: State) -> None:
    async with screen(server, size=(100, 24)) as user:
        await user.press("end")
        lines = user.lines_of("#strip")
        y = next(y for y, line in enumerate(lines) if f"{state.label} " in line)
        await user.click(user.app.query_one(StateStrip), lines[y].index(f"{state.label} "), y)
        there = state.label in user.counts
        assert user.current == (f"▾ {state.label}" if there else NAMES[-1].strip())


async def test_the_wheel_scrolls(server: Host) -> None:
    async with screen(server, size=(80, 9)) as user:
        top = user.table.scroll_offset.y
        await user.pilot._post_mouse_events([MouseScrollDown], user.table, (5, 1), button=0)
        await user.until(lambda: user.table.scroll_offset.y > top, "lower lines")
        assert user.table._cursor == 0


async def test_the_palette_offers_and_runs_every_action(server: Host) -> None:
    async with screen(server, options("listening")) as user:
        offered = {command.title for command in user.app.get_system_commands(user.app.screen)}
        bound = {binding.tooltip for binding in user.app.BINDINGS if binding.action != "command_palette"}  # type: ignore[union-attr]
        assert offered == bound | {"Choose other colours"}
        await user.press("ctrl+p")
        await user.until(lambda: len(user.app.screen_stack) == 2, "the palette")
        await user.press(*"clear the")
        await user.until(lambda: any("Clear the filter" in line for line in user.text), "a hit")
        await user.press("enter")
        await user.until(lambda: user.names == NAMES, "no filter")


async def test_a_connection_that_comes_and_goes_moves_the_rates(lab: Lab, server: Host) -> None:
    """All is of one frame, which is there as long as the interval is."""
    async with screen(server, options("estab", keys=("state",), interval_s=2)) as user:

        def shown(count: int, change: str) -> bool:
            return user.counts == {"ESTAB": count} and change in "\n".join(user.lines_of("#strip"))

        def marked_new() -> bool:
            return any(" new " in row or row.startswith("new ") for row in user.rows)

        await user.press("enter")
        made = lab.client.connect("10.77.0.2", 8080)
        await user.until(lambda: shown(10, "+1") and marked_new(), "one more")
        made.shutdown(socket.SHUT_WR)
        await user.until(lambda: shown(9, "-1"), "one less")
