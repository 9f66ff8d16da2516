"""Keeps a number of TIME-WAITs up: makes as many each second as the kernel ends, until its parent is gone.

Runs in the network namespace it is started in: ``python -m tests.bench.feeder SOCKETS``.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from itertools import cycle
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LIFE_S: Final = 60
"""The length of TIME-WAIT; so long it takes until the number is reached."""

_PER_SECOND: Final = 20
_MOST_SECONDS: Final = 600
_FIRST_PORT: Final = 8000
_LOOPBACK: Final = "127.0.0.1"
_PER_LISTENER: Final = 8_000
"""Far below half of the default port range, from where on connect() is slow."""


def main() -> None:
    sockets, parent = int(sys.argv[1]), os.getppid()
    # Listeners in turns: their rows are neighbours in no table of the kernel's.
    connections = _connections(1 + sockets // _PER_LISTENER)
    start = time.monotonic()
    made = 0
    while os.getppid() == parent and (elapsed := time.monotonic() - start) < _MOST_SECONDS:
        for _ in range(int(elapsed * sockets / LIFE_S) - made):
            next(connections)
            made += 1
        time.sleep(1 / _PER_SECOND)


def _connections(listeners: int) -> Iterator[None]:
    """Leave one TIME-WAIT at each step."""
    ports = range(_FIRST_PORT, _FIRST_PORT + listeners)
    for listener in cycle([socket.create_server((_LOOPBACK, port)) for port in ports]):
        client = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
        client.close()
        accepted.close()
        yield


if __name__ == "__main__":
    main()
