"""Which requests are understood, and which are not: a byte that two programs read differently is refused."""

from __future__ import annotations

import pytest

from twtop.exporter.http import END, BadRequestError, parse

HOST = b"Host: here"
LONG = 1 << 20


def asking(*headers: bytes, first: bytes = b"GET /metrics HTTP/1.1") -> bytes:
    return b"\r\n".join((first, *headers)) + END


def test_what_prometheus_sends() -> None:
    request = parse(
        asking(
            HOST,
            b"User-Agent: Prometheus/2.53.3",
            b"accept:application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4 \t",
            b"Accept-Encoding: gzip",
            first=b"GET /metrics?name=a HTTP/1.1",
        )
    )
    assert (request.method, request.path, request.keeps) == ("GET", "/metrics", True)
    assert request.header("Accept") == "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4"
    assert request.header("Authorization") == ""


def test_a_header_sent_twice_is_one_list() -> None:
    request = parse(asking(HOST, b"Accept: a", b"ACCEPT: b", b"Content-Length: 0", b"X:"))
    assert (request.header("Accept"), request.header("X")) == ("a, b", "")


@pytest.mark.parametrize(
    ("version", "connection", "keeps"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Close", False),
        (b"1.1", b"upgrade, close", False),
        (b"1.1", b"not-close", True),
        (b"1.0", b"", False),
        (b"1.0", b"Keep-Alive", True),
    ],
)
def test_when_a_connection_is_kept(version: bytes, connection: bytes, keeps: bool) -> None:
    assert parse(asking(HOST, b"Connection: " + connection, first=b"GET / HTTP/" + version)).keeps is keeps


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b" ",
        b"GET /metrics",
        b"GET  HTTP/1.1",
        b"GET / HTTP/3",
        b"GET / HTTP/2.0",
        b"GET / HTTP/1.1 ",
        b"GET /a b HTTP/1.1",
        b"G\xc4T / HTTP/1.1",
        b"GET /\x1b[31m HTTP/1.1",
        b"GET / HTTP/1.1\nHost: here\n\nGET /metrics HTTP/1.1",
        b"\xff\x00\xfe \x01 \x02",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_no_request(first: bytes) -> None:
    with pytest.raises(BadRequestError, match=r"expected GET /metrics HTTP/1\.1"):
        parse(asking(HOST, first=first))


@pytest.mark.parametrize(
    "line",
    [
        b"no colon",
        b": no name",
        b"Content-Length : 5",
        b"Transfer-Encoding : chunked",
        b" Transfer-Encoding: chunked",
        b"\tfolded",
        b"\x0bX: 1",
        b"X: a\nContent-Length: 5",
        b"X: a\rContent-Length: 5",
        b"X: \0",
    ],
)
def test_what_is_no_header(line: bytes) -> None:
    with pytest.raises(BadRequestError, match="expected headers: a name, a colon, a value"):
        parse(asking(HOST, line))


@pytest.mark.parametrize(
    "lines",
    [
        (b"Content-Length: 3",),
        (b"Content-Length: 0", b"Content-Length: 3"),
        (b"Content-Length: 0, 3",),
        (b"Content-Length: +0",),
        (b"Content-Length:",),
        (b"Transfer-Encoding: chunked",),
        (b"Transfer-Encoding:",),
        (b"Content-Length: 0", b"transfer-encoding: chunked"),
    ],
)
def test_what_brings_a_body(lines: tuple[bytes, ...]) -> None:
    with pytest.raises(BadRequestError, match="expected no body"):
        parse(asking(HOST, *lines))


@pytest.mark.parametrize("lines", [(), (HOST, HOST), (b"Host: here, there",)])
def test_nobody_knows_what_host_is_meant(lines: tuple[bytes, ...]) -> None:
    with pytest.raises(BadRequestError, match="expected one header Host"):
        parse(asking(*lines))


def test_older_clients_name_no_host() -> None:
    assert parse(asking(first=b"GET / HTTP/1.0")).header("Host") == ""


@pytest.mark.parametrize("line", [b"a:" + b" " * LONG + b"\0", b"a" * LONG, b"a:" + b" b" * LONG + b"\0"])
def test_a_long_line_takes_no_longer_than_others_of_its_length(line: bytes) -> None:
    # With the square of the length the test would not end.
    with pytest.raises(BadRequestError):
        parse(asking(HOST, line))
