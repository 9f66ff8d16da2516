"""Web config files: what is understood, what is refused and how, and what they do."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import ssl
import subprocess
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("prometheus_client", reason="the extra twtop[exporter] is not installed")

import bcrypt

from tests.exporter.test_server import GET, answer
from twtop.errors import UsageError
from twtop.exporter.desk import Desk
from twtop.exporter.listening import listen
from twtop.exporter.looks import Looks
from twtop.exporter.server import Server
from twtop.exporter.web import Web
from twtop.exporter.web_config import read_web_config
from twtop.sources.watch import OWN, Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
USERS = f"basic_auth_users:\n  alice: {HASH}\n"
TLS = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
CLIENTS = TLS + "  client_ca_file: authority.pem\n  client_auth_type: RequireAndVerifyClientCert\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "web.yml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]", "the file: expected keys and values"),
        ("a: b: c", "line 1: no YAML: mapping values are not allowed here"),
        ("\x00", "no YAML, or no text"),
        ("[" * 1000, "no YAML, or no text"),
        ("x" * (1 << 20) + "yz", "longer than a megabyte: that is no web config file"),
        ("!!python/object/apply:os.system ['true']", "line 1: no YAML: could not determine a constructor"),
        ("tls: {}", "tls: unknown; expected one of tls_server_config, http_server_config, basic_auth_users"),
        ("rate_limit: {burst: 1}", "rate_limit: not supported: however often twtop is asked, it looks once"),
        (
            "tls_server_config: {cert: abc}",
            "tls_server_config.cert: twtop reads certificates from files only",
        ),
        ("tls_server_config: {cipher_suites: []}", "tls_server_config.cipher_suites: not supported"),
        (
            "tls_server_config: {cert_file: a}\ntls_server_config: {}",
            "line 2: 'tls_server_config' is there twice",
        ),
        (
            "tls_server_config: {min_version: TLS9}",
            "expected one of TLS10, TLS11, TLS12, TLS13, found 'TLS9'",
        ),
        ("tls_server_config: {min_version: TLS13, max_version: TLS12}", "max_version: below min_version"),
        ("tls_server_config: {key_file: a}", "tls_server_config.cert_file: expected the name of a file"),
        (TLS, "server.pem: no such file or directory"),
        (
            "http_server_config: {http2: maybe}",
            "http_server_config.http2: expected true or false, found 'maybe'",
        ),
        ("http_server_config: {headers: {X-Other: a}}", "http_server_config.headers.X-Other: unknown"),
        ('http_server_config: {headers: {X-Frame-Options: "a\\nb"}}', "X-Frame-Options: expected one line"),
        ("basic_auth_users: {alice: secret}", "basic_auth_users.alice: expected a password hashed by bcrypt"),
        ("basic_auth_users: {alice: 7}", "basic_auth_users.alice: expected a text"),
        ("basic_auth_users: [alice]", "basic_auth_users: expected names and texts"),
        (f"basic_auth_users: {{'a:b': {HASH}}}", "basic_auth_users.a:b: a user's name is not empty"),
        (
            f"basic_auth_users: {{a: {HASH.replace('$04$', '$31$')}}}",
            "expected a cost from 4 to 16, found 31",
        ),
        (f'basic_auth_users: {{"\\e[31m": {HASH}, 1: a}}', "basic_auth_users.1: expected a text"),
        ("&a [*a]", "the file: expected keys and values"),
        ("? [a]\n: b", "no YAML, or no text"),
    ],
    ids=range(26),
)
def test_a_mistake_is_named_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read_web_config(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert said in line
    assert line.isprintable()
    assert len(line) < 300


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("client_auth_type: RequireAnyClientCert", "a certificate that is not verified proves nothing"),
        ("client_auth_type: RequireAndVerifyClientCert", "client_ca_file and client_auth_type"),
        ("client_ca_file: authority.pem", "need each other"),
        ("client_allowed_sans: [a]", "needs client_auth_type: RequireAndVerifyClientCert"),
        ("cert_file_2: a", "cert_file_2: unknown"),
        ("client_auth_type: Maybe", "expected one of NoClientCert, VerifyClientCertIfGiven"),
    ],
)
def test_a_mistake_about_clients_is_named(certificates: Path, added: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_web_config(write(certificates, f"{TLS}  {added}\n"))


def test_a_file_that_is_no_certificate_is_named(certificates: Path) -> None:
    with pytest.raises(UsageError, match=r"cert_file and key_file: "):
        read_web_config(write(certificates, TLS.replace("server.pem", "web.yml")))
    with pytest.raises(UsageError, match=r"cert_file and key_file: the key is not that of the certificate"):
        read_web_config(write(certificates, TLS.replace("server.key", "client.key")))
    with pytest.raises(UsageError, match=r"tls_server_config\.key_file: .*/lost\.key: no such file"):
        read_web_config(write(certificates, TLS.replace("server.key", "lost.key")))
    with pytest.raises(UsageError, match=r"client_ca_file: "):
        read_web_config(write(certificates, CLIENTS.replace("authority.pem", "web.yml")))


def test_an_encrypted_key_asks_nobody(certificates: Path) -> None:
    subprocess.run(
        ["openssl", "pkey", "-aes128", "-passout", "pass:abcd", "-in", "server.key", "-out", "locked.key"],
        cwd=certificates,
        check=True,
        capture_output=True,
    )
    with pytest.raises(UsageError, match="is encrypted; expected a key without a password"):
        read_web_config(write(certificates, TLS.replace("server.key", "locked.key")))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"web\.yml: no such file or directory"):
        read_web_config(tmp_path / "web.yml")


def test_promtool_takes_what_we_take(certificates: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool (Debian package prometheus) is not installed")
    headers = "http_server_config:\n  http2: true\n  headers: {X-Frame-Options: deny}\n"
    versions = "  min_version: TLS12\n  max_version: TLS13\n  prefer_server_cipher_suites: true\n"
    path = write(certificates, CLIENTS + versions + headers + USERS)
    assert read_web_config(path).users.keys() == {"alice"}
    checked = subprocess.run(
        ["promtool", "check", "web-config", path], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_an_empty_file_is_plain_http(tmp_path: Path) -> None:
    config = read_web_config(write(tmp_path, "# nothing\n"))
    assert (config.context, config.users, config.headers) == (None, {}, {})


class Client:
    """Asks an exporter."""

    def __init__(self, port: int, said: list[str]) -> None:
        self.port = port
        self.said = said

    async def status(self, headers: str = "", *, context: ssl.SSLContext | None = None) -> int:
        return (await self.ask(headers, context=context))[0]

    async def ask(
        self, headers: str = "", *, context: ssl.SSLContext | None = None
    ) -> tuple[int, dict[str, str]]:
        name = None if context is None else "localhost"
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=context, server_hostname=name
        )
        try:
            writer.write(GET.format("/-/healthy", headers).encode())
            status, told, _ = await answer(reader)
            return status, told
        finally:
            writer.transport.abort()


@asynccontextmanager
async def serving(path: Path) -> AsyncIterator[Client]:
    said: list[str] = []
    with (
        closing(Web(path, said.append)) as web,
        closing(listen("127.0.0.1:0")) as listener,
        Watch(OWN) as watch,
        Desk(Looks(watch), 10) as desk,
    ):
        task = asyncio.create_task(Server(listener, desk, web).serve())
        try:
            yield Client(listener.getsockname()[1], said)
        finally:
            task.cancel()
            await asyncio.wait([task])


def login(user: str, password: str) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}\r\n"


async def test_users_and_headers(tmp_path: Path) -> None:
    path = write(tmp_path, USERS + "http_server_config: {headers: {X-Frame-Options: deny}}\n")
    async with serving(path) as client:
        status, headers = await client.ask()
        assert status == 401
        assert headers["WWW-Authenticate"].startswith("Basic ")
        assert headers["X-Frame-Options"] == "deny"
        for wrong in (
            login("alice", "other"),
            login("bob", "secret"),
            login("alice", "secret\0"),
            login("alice", ""),
            "Authorization: Basic abc\r\n",
            "Authorization: Basic =\r\n",
            "Authorization: Bearer secret\r\n",
        ):
            assert await client.status(wrong) == 401
        for _ in range(2):
            assert await client.status(login("alice", "secret")) == 200
        assert await client.status(login("alice", "other")) == 401


async def test_a_change_is_read_and_a_mistake_is_told_once(tmp_path: Path) -> None:
    path = write(tmp_path, USERS)
    async with serving(path) as client:
        assert await client.status(login("alice", "secret")) == 200
        write(tmp_path, USERS.replace("alice", "barbara"))
        assert await client.status(login("alice", "secret")) == 401
        assert await client.status(login("barbara", "secret")) == 200
        write(tmp_path, "users: {}")
        for _ in range(2):
            assert await client.status(login("barbara", "secret")) == 200
            assert await client.status() == 401
        (line,) = client.said
        assert line.endswith("basic_auth_users; what was read before stays in force")


def trusting(certificates: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates / "authority.pem")


async def test_tls_and_a_new_certificate(certificates: Path) -> None:
    async with serving(write(certificates, TLS + "  min_version: TLS13\n")) as client:
        context = trusting(certificates)
        assert await client.status(context=context) == 200
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.status()
        old = trusting(certificates)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await client.status(context=old)
        write(certificates, TLS.replace("server.", "client."))
        with pytest.raises(ssl.SSLCertVerificationError):
            await client.status(context=context)


async def test_clients_with_certificates(certificates: Path) -> None:
    allowed = CLIENTS + "  client_allowed_sans: [prometheus.example]\n"
    async with serving(write(certificates, allowed)) as client:
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await client.status(context=trusting(certificates))
        context = trusting(certificates)
        context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
        assert await client.status(context=context) == 200
        stranger = trusting(certificates)
        stranger.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.status(context=stranger)


async def test_a_client_that_begins_no_handshake_holds_up_nobody(certificates: Path) -> None:
    async with serving(write(certificates, TLS)) as client:
        _, writer = await asyncio.open_connection("127.0.0.1", client.port)
        assert await client.status(context=trusting(certificates)) == 200
        writer.transport.abort()


async def test_a_renewed_certificate_counts_at_once(certificates: Path, tmp_path: Path) -> None:
    for name in ("server.pem", "server.key"):
        shutil.copy(certificates / name, tmp_path)
    async with serving(write(tmp_path, TLS)) as client:
        assert await client.status(context=trusting(certificates)) == 200
        for kind in ("pem", "key"):
            shutil.copy(certificates / f"client.{kind}", tmp_path / "new")
            os.replace(tmp_path / "new", tmp_path / f"server.{kind}")  # noqa: PTH105 - as who renews does
        with pytest.raises(ssl.SSLCertVerificationError):
            await client.status(context=trusting(certificates))
