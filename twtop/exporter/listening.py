"""Where the exporter listens: ``127.0.0.1:9797``, ``[::1]:9797``, ``:9797`` for all addresses."""

from __future__ import annotations

import errno
import os
import re
import socket
from typing import TYPE_CHECKING, Final

from twtop.core.text import printable
from twtop.errors import HostError, UsageError, system_reason

if TYPE_CHECKING:
    from typing import NoReturn

_ADDRESS: Final = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<host>[^\[\]:]*)):(?P<port>[0-9]{1,5})")
_LAST_PORT: Final = 65535
_BACKLOG: Final = 64
_REFUSALS: Final = (errno.EADDRINUSE, errno.EACCES)


def listen(text: str) -> socket.socket:
    """Open a socket that listens on an address; on all, IPv6 and IPv4, only where none is named.

    Raises:
        UsageError: that is no address, or no port.
        HostError: it is another host's, or somebody listens there already.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found["port"]) > _LAST_PORT:
        raise UsageError(
            f"--listen: expected ADDRESS:PORT, [IPV6]:PORT or :PORT, found {printable(repr(text[:80]))}"
        )
    host, port = found["six"] or found["host"], int(found["port"])
    listener = _listen(host, port, text) if host else _listen_everywhere(port, text)
    listener.setblocking(False)
    return listener


def endpoint(listener: socket.socket) -> str:
    """Return where it can be reached: ``127.0.0.1:9797``."""
    address, port = listener.getsockname()[:2]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _listen(host: str, port: int, text: str) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"--listen: cannot find the address {printable(repr(host[:80]))}: {system_reason(error)}"
        ) from error
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        _refuse(text, error)
    return made


def _listen_everywhere(port: int, text: str) -> socket.socket:
    try:
        return socket.create_server(
            ("::", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True
        )
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _REFUSALS:
            _refuse(text, error)
    # Without IPv6 there are only the others.
    try:
        return socket.create_server(("0.0.0.0", port), backlog=_BACKLOG)  # noqa: S104 - asked for
    except OSError as error:
        _refuse(text, error)


def _refuse(text: str, error: OSError) -> NoReturn:
    # create_server() adds the address, in words of its own, to what the system says.
    said = os.strerror(error.errno or 0).lower()
    raise HostError(f"cannot listen on {printable(text)}: {said}") from error
