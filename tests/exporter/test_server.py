"""What clients get, good ones and others: the server in this process, over loopback."""

from __future__ import annotations

import asyncio
import gzip
import socket
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest

from tests.exporter.scraping import OPEN_METRICS
from twtop.export.output import remark
from twtop.exporter import server
from twtop.exporter.desk import Desk
from twtop.exporter.http import MOST_BYTES
from twtop.exporter.listening import listen
from twtop.exporter.looks import Looks
from twtop.exporter.server import MOST_CONNECTIONS, Server
from twtop.exporter.web import Web
from twtop.sources.watch import OWN, Watch

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncIterator

    from twtop.exporter.looks import Look

GET = "GET {} HTTP/1.1\r\nHost: here\r\n{}\r\n"


class Counted(Looks):
    """Counts looks, and can be told to fail as nothing should."""

    broken = False

    def take(self) -> Look:
        if self.broken:
            raise ValueError("a mistake\nin two lines")
        return super().take()


class Exporter:
    """A running server."""

    def __init__(self, looks: Counted, desk: Desk, port: int) -> None:
        self.looks = looks
        self.desk = desk
        self.port = port

    async def connect(self) -> tuple[StreamReader, StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, text: str) -> tuple[int, dict[str, str], bytes]:
        """Send something on a connection of its own; return the status, headers and body of the answer."""
        reader, writer = await self.connect()
        try:
            writer.write(text.encode("latin-1"))
            return await answer(reader)
        finally:
            writer.close()

    async def get(self, path: str, headers: str = "") -> tuple[int, dict[str, str], bytes]:
        return await self.ask(GET.format(path, headers))


async def answer(reader: StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Read one answer, as far as its length says."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    return int(head[0].split()[1]), headers, await reader.readexactly(int(headers["Content-Length"]))


async def is_cut_off(reader: StreamReader) -> bool:
    """Wait for what comes next, and tell whether it is the end."""
    try:
        return await reader.read(1) == b""
    except ConnectionResetError:
        return True


async def ask_for_ever(deaf: socket.socket) -> None:
    while True:
        await asyncio.get_running_loop().sock_sendall(deaf, GET.format("/", "").encode())
        await asyncio.sleep(0.001)


@asynccontextmanager
async def serving(*, send_buffer: int | None = None) -> AsyncIterator[Exporter]:
    with (
        closing(Web(None, remark)) as web,
        closing(listen("127.0.0.1:0")) as listener,
        Watch(OWN) as watch,
    ):
        if send_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        looks = Counted(watch)
        with Desk(looks, 10) as desk:
            task = asyncio.create_task(Server(listener, desk, web).serve())
            try:
                yield Exporter(looks, desk, listener.getsockname()[1])
            finally:
                task.cancel()
                await asyncio.wait([task])


async def test_the_format_is_what_was_asked_for() -> None:
    async with serving() as exporter:
        status, headers, body = await exporter.get("/metrics")
        assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert b"\n# TYPE twtop_looks_total counter\n" in body
        _, headers, body = await exporter.get("/metrics?a=b", f"Accept: {OPEN_METRICS}, text/plain;q=0.5\r\n")
        assert headers["Content-Type"].startswith(
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        )
        assert b"\n# TYPE twtop_looks counter\n" in body
        assert body.endswith(b"\n# EOF\n")
        _, headers, body = await exporter.get("/metrics", "Accept-Encoding: gzip\r\n")
        assert headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(body).startswith(b"# HELP twtop_sockets ")


async def test_a_strange_wish_is_no_reason_to_fail() -> None:
    async with serving() as exporter:
        for version in ("9" * 5000, "2.0.0", "10.0", "1.x", "", "-1", "1", "0.0.1"):
            wish = f"Accept: application/openmetrics-text; version={version}\r\n"
            status, headers, _ = await exporter.get("/metrics", wish)
            known = version == "1.x"
            assert (status, headers["Content-Type"].startswith("application/")) == (200, known)


async def test_other_pages() -> None:
    async with serving() as exporter:
        status, headers, body = await exporter.get("/")
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert b'<a href="/metrics">' in body
        assert (await exporter.get("/-/healthy"))[0] == 200
        assert (await exporter.get("/metrics/"))[0] == 404
        # Nobody has asked for the sockets.
        assert (await exporter.desk.look()).looks == 1


async def test_what_is_not_understood_is_refused() -> None:
    async with serving() as exporter:
        status, headers, _ = await exporter.ask("DELETE /metrics HTTP/1.1\r\nHost: here\r\n\r\n")
        assert (status, headers["Allow"]) == (405, "GET, HEAD")
        status, headers, body = await exporter.ask(GET.format("/", "Content-Length: 3\r\n") + "abc")
        assert (status, headers["Connection"], body) == (400, "close", b"expected no body\n")
        assert (await exporter.ask(f"GET /{'a' * 2 * MOST_BYTES}"))[0] == 431


async def test_a_head_has_no_body() -> None:
    async with serving() as exporter:
        reader, writer = await exporter.connect()
        writer.write(b"HEAD / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        head = await reader.read()
        assert head.endswith(b"\r\n\r\n")
        assert b"Content-Length: 169\r\n" in head
        writer.close()


async def test_a_connection_is_kept_so_that_no_time_wait_is_left() -> None:
    async with serving() as exporter:
        reader, writer = await exporter.connect()
        for _ in range(3):
            writer.write(GET.format("/-/healthy", "").encode())
            assert (await answer(reader))[0] == 200
        writer.write(b"GET /-/healthy HTTP/1.0\r\n\r\n")
        _, headers, _ = await answer(reader)
        assert headers["Connection"] == "close"
        assert await reader.read() == b""
        writer.close()


async def test_requests_that_come_together_are_answered_in_turn() -> None:
    async with serving() as exporter:
        reader, writer = await exporter.connect()
        # Empty lines before a request do not count.
        writer.write(f"\r\n{GET.format('/-/healthy', '')}\r\n{GET.format('/none', '')}".encode())
        assert [(await answer(reader))[0] for _ in range(2)] == [200, 404]
        # What may be the body of one is not taken for the next one.
        writer.write(GET.format("/", "Content-Length: 28\r\n").encode() + GET.format("/", "").encode())
        assert (await answer(reader))[0] == 400
        assert await is_cut_off(reader)
        writer.close()


async def test_who_asks_no_more_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_S", 0.2)
    async with serving() as exporter:
        reader, writer = await exporter.connect()
        writer.write(GET.format("/-/healthy", "").encode())
        assert (await answer(reader))[0] == 200
        assert await is_cut_off(reader)
        writer.close()


async def test_many_who_ask_at_once_share_a_look() -> None:
    async with serving() as exporter:
        pages = await asyncio.gather(*(exporter.get("/metrics") for _ in range(20)))
        assert {status for status, _, _ in pages} == {200}
        assert all(b"\ntwtop_looks_total 1.0\n" in body for _, _, body in pages)


async def test_who_hangs_up_takes_the_look_away_from_nobody() -> None:
    async with serving() as exporter:
        hasty = asyncio.create_task(exporter.desk.look())
        patient = asyncio.create_task(exporter.desk.look())
        await asyncio.sleep(0)
        hasty.cancel()
        assert (await patient).looks == 1


async def test_silent_clients_make_room() -> None:
    async with serving() as exporter:
        silent = [await exporter.connect() for _ in range(MOST_CONNECTIONS + 10)]
        assert (await exporter.get("/metrics"))[0] == 200
        # The first ones had to go, and the last ones did not.
        for reader, _ in silent[:10]:
            assert await is_cut_off(reader)
        reader, writer = silent[-1]
        writer.write(GET.format("/-/healthy", "").encode())
        assert (await answer(reader))[0] == 200
        for _, writer in silent:
            writer.close()


async def test_slow_requests_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_S", 0.2)
    async with serving() as exporter:
        for begun in (b"", b"GET /metr"):
            reader, writer = await exporter.connect()
            writer.write(begun)
            assert await is_cut_off(reader)
            writer.close()


async def test_who_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ANSWER_S", 0.2)
    async with serving(send_buffer=4096) as exporter:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", exporter.port))
        with closing(deaf), pytest.raises((ConnectionResetError, BrokenPipeError)):
            await ask_for_ever(deaf)
        assert (await exporter.get("/-/healthy"))[0] == 200


async def test_a_mistake_of_ours_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving() as exporter:
        exporter.looks.broken = True
        status, _, body = await exporter.get("/metrics")
        assert (status, body) == (500, b"cannot tell: ValueError: a mistake?in two lines\n")
        assert capsys.readouterr().err == "twtop: cannot tell: ValueError: a mistake?in two lines\n"
        exporter.looks.broken = False
        assert (await exporter.get("/metrics"))[0] == 200
