"""n has the names of peers asked for, beside the screen, and says that this sends queries."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.lab.name_server import NameServer, asking
from tests.pty.terminal import Terminal
from tests.ui.frames import Recorded, frames
from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.sources.resolver import Resolver
from twtop.ui.app import TwtopApp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twtop.lab.host import Host
    from twtop.lab.lab import Lab


def app_with(ask: Callable[[str], str | None], *, masked: bool = False) -> TwtopApp:
    """An app whose resolver is the test's: nothing is sent."""
    chosen = replace(options("dst 10.0.0.5 or src 10.0.0.7:8080"), privacy=masked)
    app = TwtopApp(chosen, Recorded(chosen, frames()[-1]))
    app._resolver = Resolver(lambda: app.post_message(app.NameFound()), ask)
    return app


@pressing("app", "n")
async def test_names_come_beside_the_addresses_and_go_again(key: str) -> None:
    seen: list[str] = []

    def ask(address: str) -> str:
        seen.append(address)
        return f"host-{address.rpartition('.')[2]}.example."

    app = app_with(ask)
    async with screen(app=app, size=(200, 24)) as user:
        before = user.lines_of("#table")
        assert seen == []
        await user.press(key)
        await user.until(lambda: "10.0.0.5:5432  host-5.example" in "\n".join(user.text), "a name")
        assert "names by DNS" in user.text[0]
        assert "sends queries" in " ".join("\n".join(user.text).split())
        # Only what is on the screen is asked for, and once.
        assert len(seen) == len(set(seen))
        assert "203.0.113.80" not in seen
        await user.press(key)
        await user.until(lambda: user.lines_of("#table") == before, "no names")
        assert "names by DNS" not in user.text[0]


async def test_that_nobody_answers_is_said() -> None:
    async with screen(app=app_with(lambda _: None), size=(200, 24)) as user:
        await user.press("n")
        await user.until(lambda: "names by DNS" in user.text[0], "the mode")
        resolver = user.app._resolver
        assert resolver is not None
        await user.until(lambda: resolver.is_unanswered, "a question")
        user.app._show_status()
        await user.until(lambda: "names by DNS: no answer" in user.text[0], "the fault")


async def test_names_are_masked_as_addresses_are() -> None:
    async with screen(app=app_with(lambda _: "db-1.example.com", masked=True), size=(200, 24)) as user:
        await user.press("n")
        name = user.app.privacy.mask.name("db-1.example.com")
        await user.until(lambda: name in "\n".join(user.text), "a pseudonym")
        assert "example" not in "\n".join(user.text)


async def test_a_resolver_that_hangs_delays_no_key() -> None:
    may_answer = threading.Event()

    def hang(_: str) -> str:
        may_answer.wait()
        return ""

    app = app_with(hang)
    async with screen(app=app) as user:
        await user.press("n")
        await user.go_to("10.0.0.5:5432")
        assert user.current.endswith("10.0.0.5:5432")
    may_answer.set()


@pytest.fixture
def named(lab: Lab, tmp_path: Path) -> tuple[NameServer, list[str]]:
    """A name server that knows the client, and a twtop that asks it."""
    command = asking(lab.client.address(), [sys.executable, "-m", "twtop"], tmp_path)
    return NameServer(lab.client, {lab.client.address(): (b"client", b"example")}), command


def test_twtop_asks_the_resolver_of_its_host(server: Host, named: tuple[NameServer, list[str]]) -> None:
    names, command = named
    with names, server.entered(), Terminal(command, columns=200) as terminal:
        terminal.wait_text(":8080<10.77.0.1")
        assert names.asked == []
        terminal.send("n")
        terminal.wait_text(":8080<10.77.0.1  client.example")
        assert names.asked == ["1.0.77.10.in-addr.arpa"]
        terminal.send("q")
        assert terminal.process.wait(100) == 0
