"""Who may read the metrics, and over what: plain HTTP, or what a web config file says."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from twtop.errors import UsageError, system_reason

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class WebConfig:
    """What a file says; without one, plain HTTP for everybody."""

    context: ssl.SSLContext | None = None
    """None for plain HTTP."""
    client_allowed_sans: frozenset[str] = frozenset()
    """One of these names must be in a client's certificate; any, if there are none."""
    users: Mapping[str, bytes] = field(default_factory=dict)
    """Their passwords, hashed by bcrypt; everybody may ask, if there are none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    """What the file names."""


class Web:
    """Plain HTTP for everybody, or what a web config file says.

    The file, and what it names, is read again when it changed: certificates are renewed without a restart. A
    change that cannot be used is told once, and the one before stays in force.
    """

    def __init__(self, path: Path | None, say: Callable[[str], None]) -> None:
        """Read the file, if there is one; raises UsageError."""
        self._say = say
        self._path = path
        self._config = WebConfig()
        self._seen: _Seen | None = None
        self._thread = ThreadPoolExecutor(1, "passwords")
        self._right: dict[str, bytes] = {}
        """Digests of passwords that were right, by user: a check takes a tenth of a second."""
        if path is not None:
            self._read(path)

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return "http" if self.context() is None else "https"

    def context(self) -> ssl.SSLContext | None:
        """Return what the next connection is to be encrypted with; None for plain HTTP."""
        self._refresh()
        return self._config.context

    def headers(self) -> Mapping[str, str]:
        """Return headers that every answer is to have."""
        return self._config.headers

    def lets_in(self, certificate: Mapping[str, Any] | None) -> bool:
        """Tell whether a client with this certificate (``ssl.SSLSocket.getpeercert``) may ask."""
        allowed = self._config.client_allowed_sans
        names = (certificate or {}).get("subjectAltName", ())
        return not allowed or any(name in allowed for _, name in names)

    async def knows(self, authorization: str) -> bool:
        """Tell whether a header names a user with his password; without users everybody is known."""
        self._refresh()
        if not self._config.users:
            return True
        given = _basic(authorization)
        if given is None:
            return False
        user, password = given
        stored = self._config.users.get(user)
        digest = hashlib.sha256(password + (stored or b"")).digest()
        if stored is not None and hmac.compare_digest(self._right.get(user, b""), digest):
            return True
        # Who guesses learns nothing from how long it takes to hear that there is no such user.
        hashed = stored or next(iter(self._config.users.values()))
        from twtop.exporter.web_config import is_password

        # One at a time: guesses may cost a core, and no more.
        right = await asyncio.get_running_loop().run_in_executor(self._thread, is_password, password, hashed)
        if right and stored is not None:
            self._right[user] = digest
        return right and stored is not None

    def close(self) -> None:
        """Forget the passwords that wait to be checked."""
        self._thread.shutdown(cancel_futures=True)

    def _refresh(self) -> None:
        if self._path is None:
            return
        seen = _look_at(self._path, self._config.files)
        if seen == self._seen:
            return
        try:
            self._read(self._path)
        except UsageError as error:
            self._say(f"{error}; what was read before stays in force")
            self._seen = seen

    def _read(self, path: Path) -> None:
        # YAML is read only where there is such a file.
        from twtop.exporter.web_config import read_web_config

        files = self._config.files
        while True:
            # Looked at before it is read: what changes meanwhile is seen the next time.
            seen = _look_at(path, files)
            config = read_web_config(path)
            if config.files == files:
                break
            files = config.files
        self._config, self._seen = config, seen
        self._right.clear()


_Seen: TypeAlias = "tuple[tuple[int, int, int] | str, ...]"


def _look_at(path: Path, files: tuple[Path, ...]) -> _Seen:
    """Return what tells one version of some files from another."""
    return tuple(_stamp(file) for file in (path, *files))


def _stamp(path: Path) -> tuple[int, int, int] | str:
    try:
        found = path.stat()
    except OSError as error:
        return system_reason(error)
    return found.st_ino, found.st_size, found.st_mtime_ns


def _basic(authorization: str) -> tuple[str, bytes] | None:
    """Read user and password (RFC 7617); None where there are none."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(credentials.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None
