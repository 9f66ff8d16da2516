"""The view of one socket: its keys, and what it shows of real sockets that change and go."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from tests.sources.sandbox import without_sock_diag
from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.core.states import State
from twtop.lab.specimen import wait_for_state
from twtop.ui.details.plots import PlotView
from twtop.ui.details.screen import DetailsScreen, FieldList, FieldText
from twtop.ui.explanation.screen import ExplainScreen
from twtop.ui.help_screen import HelpScreen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ui.screen import Screen
    from twtop.lab.lab import Lab, Pair
    from twtop.ui.details.listing import Entry

SIZE = (80, 24)


async def to_the_socket(user: Screen) -> None:
    """Put the cursor on the only socket of the only group of a state."""
    await user.press("home", "down", "enter", "down")
    assert user.table.current is not None
    assert user.table.current.kind == "socket"


async def opened(user: Screen, key: str = "enter") -> None:
    await to_the_socket(user)
    await user.press(key)
    await user.until(lambda: isinstance(user.app.screen, DetailsScreen) and user.app.screen.is_mounted)
    await user.until(lambda: fields(user).line_count, "the values")


def fields(user: Screen) -> FieldList:
    return user.app.screen.query_one(FieldList)


def current(user: Screen) -> Entry:
    entry = fields(user).current
    assert entry is not None
    return entry


def lines(user: Screen) -> list[str]:
    shown = fields(user)
    texts = ("".join(text for text, _ in shown.line(at, 200)) for at in range(shown.line_count))
    return [" ".join(text.split()) for text in texts]


def explanation(user: Screen) -> str:
    shown = user.app.screen.query_one(FieldText)
    return " ".join("".join(text for text, _ in shown.line(at, 78)) for at in range(shown.line_count))


@pytest.fixture
def pair(lab: Lab) -> Pair:
    return lab.pair()


@pytest.fixture
async def still(lab: Lab, pair: Pair) -> AsyncIterator[Screen]:
    """The details of a silent connection."""
    assert pair.client.fileno() >= 0
    async with screen(lab.client, options("state connected"), size=SIZE) as user:
        await opened(user)
        # It comes last, when the owner is known; after that no line is added.
        await user.until(lambda: "process" in lines(user), "the process")
        yield user


@pressing("table", "enter")
async def test_enter_opens_a_socket(lab: Lab, pair: Pair, key: str) -> None:
    async with screen(lab.client, options("state connected"), size=SIZE) as user:
        await opened(user, key)
        ends = ":".join(map(str, pair.client_end)), ":".join(map(str, pair.server_end))
        await user.until(lambda: all(end in user.text[0] for end in ends), "both ends")
        assert user.text[0].endswith("ESTAB")
        assert "seen for" in user.text[1]
        assert "timer none" in lines(user)
        assert any(line.startswith("rtt 0.") for line in lines(user))
        await user.press("escape")
        await user.until(lambda: not isinstance(user.app.screen, DetailsScreen))
        assert user.table.current is not None
        assert user.table.current.kind == "socket"


@pytest.mark.usefixtures("pair")
async def test_a_click_on_the_socket_under_the_cursor_opens_it(lab: Lab) -> None:
    async with screen(lab.client, options("state connected"), size=SIZE) as user:
        await to_the_socket(user)
        await user.click(user.table, 40, 2)
        await user.until(lambda: isinstance(user.app.screen, DetailsScreen), "the details")


@pressing("details", "up", "k", "down", "j")
async def test_the_cursor_goes_from_value_to_value(still: Screen, key: str) -> None:
    await still.press("tab", "down")
    assert current(still).key == "rto"
    await still.press(key)
    assert current(still).key == ("timer" if key in ("up", "k") else "retransmits")
    await still.until(lambda: explanation(still).startswith(f"{current(still).title}: "), "its text")
    assert current(still).means.split()[-1] in explanation(still)


@pressing("details", "pageup", "ctrl+b", "pagedown", "ctrl+f")
async def test_pages(still: Screen, key: str) -> None:
    await still.press("end", "pageup", "pageup")
    before = fields(still)._at
    await still.press(key)
    moved = fields(still)._at - before
    assert (moved < 0) == (key in ("pageup", "ctrl+b"))
    assert abs(moved) >= fields(still).page - 2


@pressing("details", "home", "end", "G")
async def test_edges(still: Screen, key: str) -> None:
    await still.press("down", "down", "down", key)
    first, last = current(still).group == "history", fields(still)._at == fields(still).line_count - 1
    assert (first, last) == (key == "home", key != "home")


@pressing("details", "tab", "shift+tab")
async def test_groups(still: Screen, key: str) -> None:
    groups = []
    for _ in range(10):
        await still.press(key)
        groups.append(current(still).group)
    forward = ["timer", "queues and memory", "round trip and rate", "congestion", "loss", "limits", "options"]
    assert set(forward) <= set(groups)
    steps = [groups.index(group) for group in forward]
    assert steps == sorted(steps, reverse=key == "shift+tab")


@pytest.mark.usefixtures("pair")
@pressing("details", "right_square_bracket", "left_square_bracket")
async def test_a_long_text_is_paged(lab: Lab, key: str) -> None:
    async with screen(lab.client, options("state connected"), size=(40, 24)) as user:
        await opened(user)
        await user.press("tab")
        text = user.app.screen.query_one(FieldText)
        await user.until(lambda: text.line_count > text.size.height, "a text that is too long")
        await user.press("right_square_bracket", key)
        await user.until(lambda: (text.scroll_offset.y > 0) == (key == "right_square_bracket"))
        await user.press("down")
        await user.until(lambda: text.scroll_offset.y == 0, "the beginning of the next text")


@pressing("details", "e", "enter")
async def test_the_state_is_explained(still: Screen, key: str) -> None:
    await still.press(key)
    await still.until(lambda: isinstance(still.app.screen, ExplainScreen), "the explanation")
    await still.until(lambda: any("ESTAB" in line for line in still.text))
    await still.press("escape")
    await still.until(lambda: isinstance(still.app.screen, DetailsScreen), "the details")


@pressing("details", "c")
async def test_everything_is_copied(still: Screen, key: str) -> None:
    await still.press(key)
    copied = still.app.clipboard
    assert copied.splitlines()[0].endswith("ESTAB")
    assert "\ntimer\n  timer                    none\n" in copied
    assert "\n  cwnd                     10 segments = 14,480 bytes" in copied
    assert all(group in copied for group in ("history", "loss", "identity"))


async def test_help_names_the_keys(still: Screen) -> None:
    await still.press("question_mark")
    await still.until(lambda: isinstance(still.app.screen, HelpScreen))
    await still.until(lambda: any("Details of a socket" in line for line in still.text))


async def test_a_connection_is_followed_to_time_wait(pair: Pair, still: Screen) -> None:
    pair.client.shutdown(socket.SHUT_WR)
    await still.until(lambda: still.text[0].endswith("FIN-WAIT-2"), "FIN-WAIT-2")
    await still.until(lambda: any(line.endswith("FIN-WAIT-2") for line in lines(still)), "its history")
    assert "shutdown sending" in lines(still)
    pair.server.close()
    pair.client.close()
    await still.until(lambda: still.text[0].endswith("TIME-WAIT"), "TIME-WAIT")
    await still.until(lambda: "no tcp_info" in " ".join(lines(still)), "why there is little")
    states = [line.split()[1] for line in lines(still) if line[:2].isdigit()]
    # Until its FIN is acknowledged it may be seen in FIN-WAIT-1.
    assert [state for state in states if state != "FIN-WAIT-1"] == ["ESTAB", "FIN-WAIT-2", "TIME-WAIT"]
    assert lines(still)[1].endswith("ESTAB since before twtop started")


async def test_a_new_connection_is_told_from_one_that_was_there(lab: Lab) -> None:
    async with screen(lab.client, options("state connected"), size=SIZE) as user:
        pair = lab.pair()
        await user.until(lambda: user.table.line_count, "the connection")
        await opened(user)
        assert lines(user)[1].endswith("ESTAB, new")
        assert pair.client


async def test_a_socket_that_goes_is_said_to_be_gone(pair: Pair, still: Screen) -> None:
    seen = [line for line in lines(still) if line.startswith("cwnd")]
    pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    pair.client.close()
    await still.until(lambda: "GONE since" in still.text[0], "that it is gone")
    await still.until(lambda: any(line.endswith(" gone") for line in lines(still)), "the end of its history")
    assert still.text[0].endswith("was ESTAB")
    # What was known last stays.
    assert [line for line in lines(still) if line.startswith("cwnd")] == seen


async def test_values_are_asked_for_again(pair: Pair, still: Screen) -> None:
    pair.server.send(b"x" * 300)
    await still.until(lambda: "receive queue 300 bytes" in lines(still), "the bytes")
    plots = still.app.screen.query_one(PlotView)
    drawn = ["".join(text for text, _ in plots.line(at, 78)) for at in range(plots.line_count)]
    await still.until(lambda: "█" in "".join(text for text, _ in plots.line(2, 78)), "a plot of the queue")
    assert [line.split()[0] for line in drawn] == ["rtt", "cwnd", "receive", "send"]


async def test_a_frozen_view_stands_still(pair: Pair, still: Screen) -> None:
    await still.press("space")
    before = lines(still)
    pair.server.send(b"x" * 300)
    view = still.app.screen
    assert isinstance(view, DetailsScreen)
    view._asked_s = 0.0
    view._look_again()
    seen = still.app._newest
    await still.until(lambda: still.app._newest is not seen, "collecting goes on")
    assert lines(still) == before
    await still.press("space")
    await still.until(lambda: "receive queue 300 bytes" in lines(still), "what came meanwhile")


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize("size", [(20, 5), (40, 10), (80, 15), (80, 24), (200, 50)])
async def test_it_fits_every_size(lab: Lab, size: tuple[int, int]) -> None:
    async with screen(lab.client, options("state connected"), size=size) as user:
        await opened(user)
        assert len(user.text) == size[1]
        assert max(map(len, user.text)) <= size[0]
        assert "10.77" in user.text[0]
        assert user.app.screen.query_one(PlotView).display == (size[1] >= 20)
        await user.press("end", "home", "tab")
        assert any(current(user).title[:5] in line for line in user.text)


@pytest.mark.usefixtures("pair")
async def test_it_needs_no_more_than_ascii(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    async with screen(lab.client, options("state connected"), size=SIZE) as user:
        await opened(user)
        await user.until(lambda: "@@@" in "\n".join(user.text), "a plot in ASCII")
        assert all(line.isascii() for line in lines(user))
        assert " > " in user.text[0]


async def test_every_kind_of_line_opens_without_a_peer(lab: Lab) -> None:
    lab.server.listen(8080)
    async with screen(lab.server, options("listening"), size=SIZE) as user:
        await opened(user)
        await user.until(lambda: user.text[0].endswith("LISTEN"))
        assert "timer none: it waits for connections" in lines(user)
        await user.until(lambda: any(line.startswith(" accept queue") for line in user.text), "its plot")


def test_without_netlink_there_is_what_proc_has(lab: Lab) -> None:
    pair = lab.pair()
    wait_for_state(pair.client, State.ESTAB)

    def work() -> list[str]:
        async def look() -> list[str]:
            async with screen(lab.client, options("state connected"), size=SIZE) as user:
                await opened(user)
                return lines(user)

        return asyncio.run(look())

    shown = without_sock_diag(errno.EPERM, work)
    assert "timer none" in shown
    assert not any(line.startswith(("rtt", "cookie")) for line in shown)
    assert any("only what the table of all sockets has" in line for line in shown)
