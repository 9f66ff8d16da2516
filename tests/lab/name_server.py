"""A name server of a lab host: tells the names of addresses that a test wants, or keeps silent."""

from __future__ import annotations

import shlex
import socket
import struct
import threading
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from twtop.lab.host import Host

_PTR: Final = 12
_HEADER: Final = struct.Struct("!6H")
_ANSWER: Final = struct.Struct("!HHHIH")
_RESPONSE: Final = 0x8180
_NO_SUCH_NAME: Final = 3
_TTL_S: Final = 60


class NameServer:
    """Answers on port 53 of a host; ``names`` are those of addresses, by labels of bytes; None is silence."""

    def __init__(self, host: Host, names: Mapping[str, Sequence[bytes] | None]) -> None:
        self._names = {ip_address(address).reverse_pointer: labels for address, labels in names.items()}
        self.asked: list[str] = []
        """The names in question, one after the other."""
        self._socket = host.socket(kind=socket.SOCK_DGRAM)
        self._socket.settimeout(None)
        self._socket.bind((host.address(), 53))
        self.address = host.address()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Wakes whoever waits for a datagram; close() alone does not.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                query, client = self._socket.recvfrom(4096)
                if not query:
                    return
                if answer := self._answer(query):
                    self._socket.sendto(answer, client)

    def _answer(self, query: bytes) -> bytes | None:
        number = _HEADER.unpack_from(query)[0]
        name, end = _name(query, _HEADER.size)
        question = query[_HEADER.size : end + 4]
        self.asked.append(name)
        labels = self._names.get(name, ())
        if labels is None:
            return None
        if not labels:
            return _HEADER.pack(number, _RESPONSE | _NO_SUCH_NAME, 1, 0, 0, 0) + question
        target = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
        record = _ANSWER.pack(0xC000 | _HEADER.size, _PTR, 1, _TTL_S, len(target)) + target
        return _HEADER.pack(number, _RESPONSE, 1, 1, 0, 0) + question + record


def _name(query: bytes, at: int) -> tuple[str, int]:
    """Read an uncompressed name; return it and where it ends."""
    labels = []
    while size := query[at]:
        labels.append(query[at + 1 : at + 1 + size].decode())
        at += 1 + size
    return ".".join(labels), at + 1


def asking(server: str, argv: Sequence[str], folder: Path) -> list[str]:
    """Return a command that runs another one with a resolver that knows this name server and nothing else.

    In a mount namespace of its own: nobody else's /etc is touched.
    """
    files = {
        "resolv.conf": f"nameserver {server}\noptions timeout:1 attempts:1\n",
        "nsswitch.conf": "hosts: files dns\n",
        "hosts": "127.0.0.1 localhost\n",
    }
    binds = []
    for name, text in files.items():
        (folder / name).write_text(text)
        binds.append(f"mount --bind {shlex.quote(str(folder / name))} /etc/{name}")
    script = " && ".join([*binds, 'exec "$@"'])
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", *argv]
