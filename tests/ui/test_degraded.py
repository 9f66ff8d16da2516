"""What the screen says when it cannot show everything: and it goes on showing the rest."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.pty.terminal import Terminal, python
from tests.sources.sandbox import without_sock_diag
from tests.ui.conftest import NAMES
from tests.ui.screen import options, screen
from twtop.errors import KernelError
from twtop.sources.collector import Crash
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from twtop.core.snapshot import Snapshot
    from twtop.kernel.sockdiag.bytecode import KernelFilter
    from twtop.lab.host import Host

COLOUR = re.compile(rb"\x1b\[(?:\d+;)*(?:[349][0-7]|10[0-7])[;m]")
CLONE_NEWUTS = 0x0400_0000


async def test_a_failed_snapshot_is_a_line_and_the_last_data_stay(
    server: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = LiveSource.take
    broken = False

    def sometimes(self: LiveSource, wanted: KernelFilter | None = None) -> Snapshot:
        if broken:
            raise KernelError("the dump was lost: No buffer space available")
        return take(self, wanted)

    monkeypatch.setattr(LiveSource, "take", sometimes)
    async with screen(server) as user:
        broken = True
        await user.until(lambda: len(user.header) == 2, "a problem")
        assert user.header[1] == "! the dump was lost: No buffer space available"
        await user.until(lambda: user.text[1] == user.header[1], "the problem on the screen")
        assert user.header[0].startswith("STALE ")
        assert user.names == NAMES
        broken = False
        await user.until(lambda: len(user.header) == 1, "no problem any more")
        assert user.header[0].startswith("LIVE ")


async def test_an_error_that_should_not_exist_ends_the_screen(server: Host) -> None:
    async def crash() -> None:
        async with screen(server) as user:
            user.app._deliver(Crash(ZeroDivisionError("here")))
            await user.until(lambda: not user.app.is_running, "the end")

    with pytest.raises(ZeroDivisionError):
        await crash()


def test_without_netlink_the_screen_says_what_it_reads_instead(server: Host) -> None:
    def work() -> list[str]:
        async def look() -> list[str]:
            async with screen(server, size=(80, 24)) as user:
                await user.settle()
                assert user.names == NAMES
                return user.text

        return asyncio.run(look())

    text = without_sock_diag(errno.EPERM, work)
    assert text[1:3] == [
        "! NETLINK_SOCK_DIAG is forbidden here (seccomp, SELinux or a container policy):",
        "  reading /proc/net/tcp",
    ]
    assert any(line.endswith("UNCONN     -") for line in text)


async def test_the_interval_stretches_with_the_cost_and_the_header_says_so(server: Host) -> None:
    async with screen(server, options(cpu_budget=0.01)) as user:
        assert "(stretched: CPU budget)" in user.header[0]
        assert user.app._newest is not None
        assert user.app._newest.interval_s > 1
        assert f"{user.app._newest.interval_s:.1f}s" in user.header[0]
    async with screen(server) as user:
        assert "stretched" not in user.header[0]


def on_a_host_named(name: str, look: Callable[[], Coroutine[None, None, list[str]]]) -> list[str]:
    """Run in a thread that sees another host name (uts_namespaces(7))."""

    def work() -> list[str]:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWUTS) or libc.sethostname(name.encode(), len(name.encode())):
            pytest.skip(f"no host name of one's own here: {os.strerror(ctypes.get_errno())}")
        return asyncio.run(look())

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


@pytest.mark.parametrize("environ", [{"TERM": "linux"}, {"LANG": "C", "LC_ALL": "C"}])
def test_without_unicode_the_panels_draw_ascii_only(
    server: Host, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)

    async def look() -> list[str]:
        async with screen(server, size=(200, 50)) as user:
            await user.press("down", "enter", "s")
            await user.until(lambda: user.app.query_one("#why").size and "Why" in "\n".join(user.text))
            return [line for panel in PANELS for line in user.lines_of(panel)]

    lines = on_a_host_named("web\x1b[31m\u202e\x07-3", look)
    assert [line for line in lines if not line.isascii() or not line.isprintable()] == []
    assert "web?[31m" in lines[0]


PANELS = ("#header", "#strip", "#heading", "#table", "#ports", "#why", "#footer")


def test_a_host_name_cannot_steer_the_terminal(server: Host) -> None:
    async def look() -> list[str]:
        async with screen(server, size=(200, 50)) as user:
            return user.text

    text = on_a_host_named("web\x1b]52;c;QQ==\x07\u202e", look)
    assert "web?]52;c;QQ==??" in text[0]
    assert all(line.isprintable() for line in text)


@pytest.mark.parametrize(("name", "value"), [("TERM", "linux"), ("LC_ALL", "C"), ("NO_COLOR", "1")])
def test_the_terminal_gets_what_it_can_show(server: Host, name: str, value: str) -> None:
    with server.entered(), Terminal(python("twtop"), environ={name: value}) as terminal:
        terminal.wait_text("ESTAB +9")
        terminal.send("pwjje")
        terminal.wait_text("up/down links")
        terminal.send("qq")
        assert terminal.wait_exit() == 0
    if name == "NO_COLOR":
        assert not COLOUR.search(bytes(terminal.output))
    else:
        # The font of the console has lines, but neither braille nor most blocks.
        beyond_ascii = {sign for sign in terminal.output.decode() if not sign.isascii()}
        assert beyond_ascii <= (set("─│") if name == "TERM" else set())
        assert COLOUR.search(bytes(terminal.output))
