"""A small HTTP server that nobody can exhaust: few connections, short requests, a time for everything.

That of ``prometheus_client`` begins a thread for every connection, waits for each without end, and does the
handshake of TLS while nobody else is let in: one silent client would be enough. Here a client that is silent
or slow costs a task and is cut off; where all places are taken, who has been waited for longest makes room.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NoReturn

from twtop.core.text import printable
from twtop.errors import TwtopError
from twtop.export.output import remark
from twtop.exporter.http import END, MOST_BYTES, Answer, BadRequestError, encode, parse

if TYPE_CHECKING:
    import socket
    from asyncio import StreamReader, StreamWriter, Task

    from twtop.exporter.desk import Desk
    from twtop.exporter.http import Request
    from twtop.exporter.web import Web

MOST_CONNECTIONS: Final = 64
HANDSHAKE_S: Final = 5.0
"""For that of TLS, and for the one that ends a connection."""
REQUEST_S: Final = 10.0
"""From its first byte, or from the beginning of the connection, to its end."""
IDLE_S: Final = 330.0
"""Prometheus keeps a connection for 5 minutes. Who closes first has the TIME-WAIT: let that be Prometheus."""
ANSWER_S: Final = 30.0
"""For the reader of an answer to take all of it."""

_PAUSE_S: Final = 0.1
"""Before accept() is tried again where nobody can be sent away."""
_METHODS: Final = ("GET", "HEAD")
_START: Final = """\
<!doctype html>
<html lang="en"><title>twtop exporter</title>
<h1>twtop exporter</h1>
<p>TCP connection states of this host: <a href="/metrics">metrics</a>.</p>
</html>
"""


@dataclass(slots=True, eq=False)
class _Place:
    """A connection; it may have to make room for another one, unless an answer to it is being made."""

    since_s: float
    """When it began to be waited for."""
    answering: bool = False
    begun: bool = False
    """Its task has begun, and closes it; one that is sent away at once never does."""


class Server:
    """Answers who connects to a listening socket."""

    def __init__(self, listener: socket.socket, desk: Desk, web: Web) -> None:
        self._listener = listener
        self._desk = desk
        self._web = web
        self._places: dict[Task[None], _Place] = {}

    async def serve(self) -> NoReturn:
        """Answer until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    connection, _ = await loop.sock_accept(self._listener)
                except OSError:
                    # Gone before it was accepted; or there are too many open files, and somebody has to go.
                    await self._make_room(len(self._places))
                    continue
                try:
                    await self._make_room(MOST_CONNECTIONS)
                except asyncio.CancelledError:
                    connection.close()
                    raise
                self._begin(connection)
        finally:
            for task in self._places:
                task.cancel()
            await asyncio.gather(*self._places, return_exceptions=True)

    def _begin(self, connection: socket.socket) -> None:
        place = _Place(time.monotonic())
        task = asyncio.get_running_loop().create_task(self._converse(connection, place))
        self._places[task] = place

        def end(_: Task[None]) -> None:
            del self._places[task]
            if not place.begun:
                connection.close()

        task.add_done_callback(end)

    async def _make_room(self, most: int) -> None:
        """Send away who has been waited for longest, until there are fewer connections."""
        if not most:
            await asyncio.sleep(_PAUSE_S)
        while 0 < most <= len(self._places):
            idle = [task for task, place in self._places.items() if not place.answering]
            if idle:
                min(idle, key=lambda task: self._places[task].since_s).cancel()
            await asyncio.wait(self._places, return_when=asyncio.FIRST_COMPLETED)

    async def _converse(self, connection: socket.socket, place: _Place) -> None:
        place.begun = True
        # Who hangs up, is too slow, or speaks no TLS is not worth a word.
        with suppress(asyncio.IncompleteReadError, TimeoutError, OSError):
            reader, writer = await self._open(connection)
            try:
                if self._web.lets_in(writer.get_extra_info("peercert")):
                    await self._answer_all(reader, writer, place)
            finally:
                writer.transport.abort()

    async def _open(self, connection: socket.socket) -> tuple[StreamReader, StreamWriter]:
        loop, context = asyncio.get_running_loop(), self._web.context()
        reader = asyncio.StreamReader(MOST_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol,
            connection,
            ssl=context,
            ssl_handshake_timeout=None if context is None else HANDSHAKE_S,
        )
        # What is written is not done before it is on its way.
        transport.set_write_buffer_limits(0)
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _answer_all(self, reader: StreamReader, writer: StreamWriter, place: _Place) -> None:
        patience_s = REQUEST_S
        while True:
            async with asyncio.timeout(patience_s):
                # Empty lines before a request do not count (RFC 9112, 2.2).
                while (first := await reader.readexactly(1)) in b"\r\n":
                    pass
            try:
                async with asyncio.timeout(REQUEST_S):
                    request = parse(first + await reader.readuntil(END))
            except asyncio.LimitOverrunError:
                await self._refuse(
                    writer, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request is too long"
                )
                return
            except BadRequestError as error:
                await self._refuse(writer, HTTPStatus.BAD_REQUEST, str(error))
                return
            place.answering = True
            answer = await self._answer(request)
            place.since_s, place.answering = time.monotonic(), False
            await self._write(writer, answer, keeps=request.keeps, with_body=request.method != "HEAD")
            if not request.keeps:
                await _finish(writer)
                return
            patience_s = IDLE_S

    async def _refuse(self, writer: StreamWriter, status: HTTPStatus, said: str) -> None:
        await self._write(writer, Answer.text(status, said), keeps=False, with_body=True)
        await _finish(writer)

    async def _write(self, writer: StreamWriter, answer: Answer, *, keeps: bool, with_body: bool) -> None:
        writer.write(encode(answer, self._web.headers(), keeps=keeps, with_body=with_body))
        async with asyncio.timeout(ANSWER_S):
            await writer.drain()

    async def _answer(self, request: Request) -> Answer:
        if not await self._web.knows(request.header("Authorization")):
            challenge = ("WWW-Authenticate", 'Basic realm="twtop", charset="UTF-8"')
            return Answer.text(HTTPStatus.UNAUTHORIZED, "a user and a password are needed", challenge)
        if request.method not in _METHODS:
            allowed = ("Allow", ", ".join(_METHODS))
            return Answer.text(HTTPStatus.METHOD_NOT_ALLOWED, "expected GET or HEAD", allowed)
        match request.path:
            case "/metrics":
                return await self._metrics(request)
            case "/-/healthy":
                return Answer.text(HTTPStatus.OK, "twtop exporter is healthy")
            case "/":
                return Answer(HTTPStatus.OK, _START.encode(), "text/html; charset=utf-8")
            case _:
                return Answer.text(HTTPStatus.NOT_FOUND, "expected /metrics, /-/healthy or /")

    async def _metrics(self, request: Request) -> Answer:
        try:
            told = await self._desk.page(request.header("Accept"), request.header("Accept-Encoding"))
        except Exception as error:
            # The next look may succeed; until then up is 0.
            said = printable(f"cannot tell: {type(error).__name__}: {error}"[:300])
            if not isinstance(error, TwtopError):
                remark(said)
            return Answer.text(HTTPStatus.INTERNAL_SERVER_ERROR, said)
        encoded = () if told.encoding is None else (("Content-Encoding", told.encoding),)
        return Answer(
            HTTPStatus.OK, told.body, told.content_type, (("Vary", "Accept, Accept-Encoding"), *encoded)
        )


async def _finish(writer: StreamWriter) -> None:
    """Close in order: all of the answer arrives."""
    writer.close()
    async with asyncio.timeout(HANDSHAKE_S):
        await writer.wait_closed()
