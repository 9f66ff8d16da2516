"""The little of HTTP/1.1 (RFC 9112) that an exporter needs: requests without a body, and answers to them."""

from __future__ import annotations

import io
from http.client import HTTPException, parse_headers
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message
    from http import HTTPStatus

END: Final = b"\r\n\r\n"
MOST_BYTES: Final = 16 << 10
"""Of a request."""
_VERSIONS: Final = ("HTTP/1.0", "HTTP/1.1")


class BadRequestError(Exception):
    """A request that cannot be understood, or that brings a body."""


class Request(NamedTuple):
    """What is asked for."""

    method: str
    path: str
    """Without the query."""
    headers: Message
    keeps: bool
    """The connection is to be kept for more."""

    def header(self, name: str) -> str:
        """Return a header, empty where there is none."""
        return str(self.headers.get(name, ""))


class Answer(NamedTuple):
    """What is answered."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def text(cls, status: HTTPStatus, said: str, *headers: tuple[str, str]) -> Answer:
        """Return one line."""
        return cls(status, f"{said}\n".encode(), headers=headers)


def parse(head: bytes) -> Request:
    """Read a request, up to and with the empty line; raises `BadRequestError`."""
    first, _, rest = head.partition(b"\r\n")
    words = first.decode("latin-1").split(" ")
    if len(words) != 3 or words[2] not in _VERSIONS:
        raise BadRequestError("expected GET /metrics HTTP/1.1")
    try:
        headers = parse_headers(io.BytesIO(rest))
    except HTTPException as error:
        raise BadRequestError("too many headers, or too long ones") from error
    if headers.get("Transfer-Encoding") is not None or headers.get("Content-Length", "0").strip() != "0":
        raise BadRequestError("expected no body")
    wish = headers.get("Connection", "").lower()
    keeps = "close" not in wish if words[2] == "HTTP/1.1" else "keep-alive" in wish
    return Request(words[0], words[1].partition("?")[0], headers, keeps)


def encode(answer: Answer, added: Mapping[str, str], *, keeps: bool, with_body: bool) -> bytes:
    """Write an answer; ``added`` are headers that every answer has."""
    headers = {
        "Content-Type": answer.content_type,
        "Content-Length": str(len(answer.body)),
        "Connection": "keep-alive" if keeps else "close",
        **dict(answer.headers),
        **added,
    }
    lines = [f"HTTP/1.1 {answer.status.value} {answer.status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1", "replace") + END + (answer.body if with_body else b"")
