"""The little of HTTP/1.1 (RFC 9112) that an exporter needs: requests without a body, and answers to them.

What is not of the RFC's grammar is refused: of a request whose length one program reads and another one does
not, they make one and two. The library h11 reads as strictly, but lets anybody keep a core busy: 0.16 takes
0.9 s to refuse a header that begins with 16 KB of spaces.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http import HTTPStatus

END: Final = b"\r\n\r\n"
MOST_BYTES: Final = 16 << 10
"""Of a request."""
_NAME: Final = r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
"""What RFC 9110 calls a token."""
_REQUEST: Final = re.compile(rf"(?P<method>{_NAME}) (?P<target>[!-~]+) HTTP/1\.(?P<minor>[01])")
_HEADER: Final = re.compile(rf"(?P<name>{_NAME}):(?P<value>[^\0\r\n]*)")


class BadRequestError(Exception):
    """A request that cannot be understood, or that brings a body."""


class Request(NamedTuple):
    """What is asked for."""

    method: str
    path: str
    """Without the query."""
    headers: Mapping[str, str]
    """By names in lower case; what was sent twice is joined by a comma."""
    keeps: bool
    """The connection is to be kept for more."""

    def header(self, name: str) -> str:
        """Return a header, empty where there is none."""
        return self.headers.get(name.lower(), "")


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
    first, *lines = head.removesuffix(END).decode("latin-1").split("\r\n")
    asked = _REQUEST.fullmatch(first)
    if asked is None:
        raise BadRequestError("expected GET /metrics HTTP/1.1")
    headers = _headers(lines)
    older = asked["minor"] == "0"
    if ("host" not in headers and not older) or "," in headers.get("host", ""):
        raise BadRequestError("expected one header Host")
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        raise BadRequestError("expected no body")
    wishes = {wish.strip().lower() for wish in headers.get("connection", "").split(",")}
    keeps = "keep-alive" in wishes if older else "close" not in wishes
    return Request(asked["method"], asked["target"].partition("?")[0], headers, keeps)


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        found = _HEADER.fullmatch(line)
        if found is None:
            raise BadRequestError("expected headers: a name, a colon, a value")
        name, value = found["name"].lower(), found["value"].strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


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
