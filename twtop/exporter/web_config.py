"""The web config file of Prometheus's exporters: TLS, users, headers.

The format is that of the exporter-toolkit (``docs/web-configuration.md`` there). What it has and Python's TLS
cannot do is refused by name, as is every unknown key: nothing that is about safety is passed over in silence.
"""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, Any, Final

import bcrypt
import yaml

from twtop.core.text import printable
from twtop.errors import UsageError, system_reason
from twtop.exporter.web import WebConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

_LIMIT: Final = 1 << 20
_BCRYPT_LOOKS_AT: Final = 72
"""Bytes of a password; the rest does not count."""
_MOST_COST: Final = 16
"""A check takes 4 s then, and twice as long with each more."""
_HASH: Final = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}")
_HEADERS: Final = (
    "Content-Security-Policy",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-XSS-Protection",
    "Strict-Transport-Security",
)
_VERSIONS: Final = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_CLIENT_AUTH: Final = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_OPENSSL: Final[Mapping[str | None, str]] = {
    None: "no certificate or no key in PEM format",
    "KEY_VALUES_MISMATCH": "the key is not that of the certificate",
    # A key of another kind.
    "NO_CERTIFICATE_ASSIGNED": "the key is not that of the certificate",
}
"""In plain words, what OpenSSL says of files."""
_UNVERIFIED: Final = ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")
_TLS: Final = "tls_server_config"


class _MistakeError(Exception):
    """What is wrong, behind the place in the file: ``tls_server_config.cert_file: ...``."""


def read_web_config(path: Path) -> WebConfig:
    """Read a file and what it names; other paths in it begin where it is.

    Raises:
        UsageError: it cannot be read or understood; the file, the key and what would be right are named.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LIMIT + 1)
        if len(text) > _LIMIT:
            raise _MistakeError("longer than a megabyte: that is no web config file")
        return _web_config(_members(_parse(text), "", _SECTIONS), path.parent)
    except OSError as error:
        raise UsageError(f"{_shown(path)}: {system_reason(error)}") from error
    except _MistakeError as mistake:
        raise UsageError(f"{_shown(path)}: {mistake}") from mistake


def is_password(given: bytes, hashed: bytes) -> bool:
    """Tell whether a password is the one that was hashed; takes about 0.1 s with the usual cost."""
    # bcrypt ends a password at a zero byte, or refuses it.
    return b"\0" not in given and bcrypt.checkpw(given[:_BCRYPT_LOOKS_AT], hashed)


def _web_config(sections: Mapping[str, Any], folder: Path) -> WebConfig:
    tls = _members(sections.get(_TLS), f"{_TLS}.", _TLS_KEYS)
    http = _members(sections.get("http_server_config"), "http_server_config.", ("http2", "headers"))
    _boolean(http, "http2", "http_server_config.")
    users = _table(sections.get("basic_auth_users"), "basic_auth_users")
    context, files = _context(tls, folder) if tls else (None, ())
    return WebConfig(
        context=context,
        client_allowed_sans=_allowed(tls, context),
        users={user: _hashed(user, text) for user, text in users.items()},
        headers=_headers(http.get("headers")),
        files=files,
    )


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Takes no key twice: of two passwords for one user the first one would not count."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise _MistakeError(f"line {key.start_mark.line + 1}: {_quoted(key.value)} is there twice")
        seen.add(str(key.value))
    return dict(loader.construct_pairs(node, deep=True))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _parse(text: bytes) -> object:
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        where = "" if error.problem_mark is None else f"line {error.problem_mark.line + 1}: "
        raise _MistakeError(printable(f"{where}no YAML: {error.problem or error.context}")) from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise _MistakeError("no YAML, or no text") from error


def _members(found: object, place: str, known: Collection[str]) -> Mapping[str, Any]:
    """Return a table whose keys are all known; an empty one where there is none."""
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _MistakeError(f"{place.removesuffix('.') or 'the file'}: expected keys and values")
    for key in found:
        if key in _REFUSED:
            raise _MistakeError(f"{place}{key}: {_REFUSED[key]}")
        if key not in known:
            raise _MistakeError(f"{place}{_bare(key)}: unknown; expected one of {', '.join(known)}")
    return found


_SECTIONS: Final = (_TLS, "http_server_config", "basic_auth_users")
_TLS_KEYS: Final = (
    "cert_file",
    "key_file",
    "client_ca_file",
    "client_auth_type",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "prefer_server_cipher_suites",
)
_REFUSED: Final = {
    "cert": "twtop reads certificates from files only: use cert_file",
    "key": "twtop reads keys from files only: use key_file",
    "client_ca": "twtop reads certificates from files only: use client_ca_file",
    "cipher_suites": "not supported; min_version: TLS13 has no weak ones",
    "curve_preferences": "not supported; OpenSSL's own are used",
    "rate_limit": "not supported: however often twtop is asked, it looks once a second at most",
}
"""What other exporters know."""


def _context(tls: Mapping[str, Any], folder: Path) -> tuple[ssl.SSLContext, tuple[Path, ...]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _one_of(tls, "min_version", _VERSIONS, "TLS12")
    context.maximum_version = _one_of(tls, "max_version", _VERSIONS, "TLS13")
    if context.maximum_version < context.minimum_version:
        raise _MistakeError(f"{_TLS}.max_version: below min_version")
    if _boolean(tls, "prefer_server_cipher_suites", f"{_TLS}."):
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    certificate, key = _file(tls, "cert_file", folder), _file(tls, "key_file", folder)
    _load("cert_file and key_file", lambda: context.load_cert_chain(certificate, key, _no_password))
    if tls.get("client_auth_type") in _UNVERIFIED:
        raise _MistakeError(
            f"{_TLS}.client_auth_type: a certificate that is not verified proves nothing:"
            " expected RequireAndVerifyClientCert"
        )
    verify = _one_of(tls, "client_auth_type", _CLIENT_AUTH, "NoClientCert")
    if (verify is ssl.CERT_NONE) != ("client_ca_file" not in tls):
        raise _MistakeError(
            f"{_TLS}: client_ca_file and client_auth_type RequireAndVerifyClientCert need each other"
        )
    if verify is ssl.CERT_NONE:
        return context, (certificate, key)
    authority = _file(tls, "client_ca_file", folder)
    _load("client_ca_file", lambda: context.load_verify_locations(authority))
    context.verify_mode = verify
    return context, (certificate, key, authority)


def _no_password() -> str:
    # Else OpenSSL would ask at the terminal.
    raise _MistakeError(f"{_TLS}.key_file: is encrypted; expected a key without a password")


def _load(key: str, load: Callable[[], None]) -> None:
    try:
        load()
    except ssl.SSLError as error:
        said = _OPENSSL.get(error.reason) or printable(error.reason.lower().replace("_", " "))
        raise _MistakeError(f"{_TLS}.{key}: {said}") from error


def _allowed(tls: Mapping[str, Any], context: ssl.SSLContext | None) -> frozenset[str]:
    names = tls.get("client_allowed_sans")
    if names is None:
        return frozenset()
    place = f"{_TLS}.client_allowed_sans"
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise _MistakeError(f"{place}: expected a list of names")
    if context is None or context.verify_mode is not ssl.CERT_REQUIRED:
        raise _MistakeError(f"{place}: needs client_auth_type: RequireAndVerifyClientCert")
    return frozenset(names)


def _file(tls: Mapping[str, Any], key: str, folder: Path) -> Path:
    name = tls.get(key)
    if not isinstance(name, str) or not name or "\0" in name:
        raise _MistakeError(f"{_TLS}.{key}: expected the name of a file")
    path = folder / name
    try:
        path.open("rb").close()
    except OSError as error:
        raise _MistakeError(f"{_TLS}.{key}: {_shown(path)}: {system_reason(error)}") from error
    return path


def _one_of(tls: Mapping[str, Any], key: str, known: Mapping[str, Any], default: str) -> Any:
    value = tls.get(key, default)
    if not isinstance(value, str) or value not in known:
        raise _MistakeError(f"{_TLS}.{key}: expected one of {', '.join(known)}, found {_quoted(value)}")
    return known[value]


def _boolean(table: Mapping[str, Any], key: str, place: str) -> bool:
    value = table.get(key, True)
    if not isinstance(value, bool):
        raise _MistakeError(f"{place}{key}: expected true or false, found {_quoted(value)}")
    return value


def _table(found: object, place: str) -> dict[str, str]:
    """Return texts by names."""
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _MistakeError(f"{place}: expected names and texts")
    for key, value in found.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise _MistakeError(f"{place}.{_bare(key)}: expected a text")
    return found


def _hashed(user: str, text: str) -> bytes:
    found = _HASH.fullmatch(text)
    if not user or ":" in user:
        raise _MistakeError(f"basic_auth_users.{_bare(user)}: a user's name is not empty and has no colon")
    if found is None:
        raise _MistakeError(
            f"basic_auth_users.{_bare(user)}: expected a password hashed by bcrypt: htpasswd -nBC 10 USER"
        )
    if not 4 <= int(found["cost"]) <= _MOST_COST:
        raise _MistakeError(
            f"basic_auth_users.{_bare(user)}: expected a cost from 4 to {_MOST_COST}, found {found['cost']}"
        )
    return text.encode()


def _headers(found: object) -> dict[str, str]:
    headers = _table(found, "http_server_config.headers")
    for name, value in headers.items():
        place = f"http_server_config.headers.{_bare(name)}"
        if name not in _HEADERS:
            raise _MistakeError(f"{place}: unknown; expected one of {', '.join(_HEADERS)}")
        if not value.isascii() or not value.isprintable():
            raise _MistakeError(f"{place}: expected one line of ASCII")
    return {name: value for name, value in headers.items() if value}


def _bare(key: object) -> str:
    return printable(str(key)[:60])


def _quoted(value: object) -> str:
    return printable(repr(value)[:60])


def _shown(path: Path) -> str:
    return printable(str(path))
