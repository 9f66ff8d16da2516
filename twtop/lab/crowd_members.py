"""The processes of a `twtop.lab.crowd.Crowd`, a program without imports that take memory.

``python -I -S crowd_members.py PROCESSES SOCKETS BUSY PER_SECOND`` makes them in the network namespace that
it is started in, with so many sockets each. It says ``ready`` when all have them; a line on its standard
input sets the busy ones going, and its end ends all.
"""

from __future__ import annotations

import _socket
import os
import signal
import sys
import time

LOOPBACK = "127.0.0.1"
FIRST_PORT = 20_000
READY = b"ready\n"


def main() -> None:
    """Make the processes, and kill them in the end."""
    processes, sockets, busy, per_second = map(int, sys.argv[1:])
    # Every process has the end of one pipe of which only this one can write to the other end.
    begin, tell = os.pipe()
    end, never = os.pipe()
    there, here = os.pipe()
    made: list[int] = []
    try:
        for number in range(processes):
            pid = os.fork()
            if not pid:
                for descriptor in (tell, never, there, 0, 1):
                    os.close(descriptor)
                every_s = busy / per_second if number < busy and per_second else 0.0
                be_member(FIRST_PORT + number, sockets, here, begin if every_s else end, every_s)
            made.append(pid)
        os.close(here)
        came_up = 0
        while some := os.read(there, 4096):
            came_up += len(some)
        if came_up == processes:
            os.write(1, READY)
            while os.read(0, 1):
                os.write(tell, b"x" * busy)
    finally:
        for pid in made:
            os.kill(pid, signal.SIGKILL)
        for pid in made:
            os.waitpid(pid, 0)


def be_member(port: int, sockets: int, here: int, pipe: int, every_s: float) -> None:
    """Hold sockets until the parent is gone; a busy one replaces its oldest connection at intervals."""
    try:
        listener = _socket.socket()
        listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(16)
        pairs = [pair(listener) for _ in range((sockets - 1) // 2)]
        os.write(here, b"x")
        os.close(here)
        parent = os.getppid()
        due_s = time.monotonic() if os.read(pipe, 1) else 0.0
        while due_s and os.getppid() == parent:
            client, accepted = pairs.pop(0)
            client.close()
            os.close(accepted)
            pairs.append(pair(listener))
            due_s = max(due_s + every_s, time.monotonic() - 1)
            time.sleep(max(0.0, due_s - time.monotonic()))
    finally:
        # Never on into the loop that makes more.
        os._exit(1)


def pair(listener: _socket.socket) -> tuple[_socket.socket, int]:
    """Return both ends of a new connection, the accepted one as a descriptor."""
    client = _socket.socket()
    client.connect(listener.getsockname())
    accepted: int = listener._accept()[0]  # type: ignore[attr-defined]  # noqa: SLF001 - socket is too large
    return client, accepted


if __name__ == "__main__":
    main()
