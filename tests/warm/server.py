"""Import twtop once, and fork a process for everything that `tests.warm.client` wants to be run."""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import NoReturn

from twtop.kernel.namespaces.held import OWN_NAMESPACE, HeldNamespace


class Server:
    """Starts what clients want to be run, and tells them how it ended."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._waiting = selectors.DefaultSelector()

    def serve(self) -> None:
        """Serve until standard input ends."""
        self._waiting.register(self._listener, selectors.EVENT_READ, self._start)
        self._waiting.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in self._waiting.select():
                if key.data is None:
                    return
                key.data()

    def _start(self) -> None:
        _import_everything()
        client, _ = self._listener.accept()
        request, files, *_ = socket.recv_fds(client, 1 << 20, 4)
        if not request:
            client.close()
            return
        pid = os.fork()
        if pid == 0:
            _become(request, files)
        for fd in files:
            os.close(fd)
        client.send(b"%d" % pid)
        end = os.pidfd_open(pid)
        # It does not outlive its client, which may be killed.
        self._waiting.register(client, selectors.EVENT_READ, lambda: _kill(pid))
        self._waiting.register(end, selectors.EVENT_READ, lambda: self._end(pid, end, client))

    def _end(self, pid: int, end: int, client: socket.socket) -> None:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self._waiting.unregister(client)
        self._waiting.unregister(end)
        os.close(end)
        with client, suppress(BrokenPipeError):
            client.send(b"%d" % status)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _import_everything() -> None:
    import twtop.__main__
    import twtop.cli
    import twtop.commands.diff
    import twtop.commands.doctor
    import twtop.commands.explain
    import twtop.commands.record
    import twtop.commands.snapshot
    import twtop.commands.watch  # noqa: F401

    # What nobody looks at remains shared with those that are forked.
    gc.freeze()


def _become(request: bytes, files: list[int]) -> NoReturn:
    """Take over files, network namespace, folder, environment and arguments, be twtop, and end."""
    from twtop.__main__ import main

    *standard, network = files
    # That takes root, also to stay where one is.
    if not os.path.sameopenfile(network, own := os.open(OWN_NAMESPACE, os.O_RDONLY)):
        HeldNamespace(network).enter()
    os.close(own)
    os.close(network)
    for number, fd in enumerate(standard):
        os.dup2(fd, number)
        os.close(fd)
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    folder, words, *rest = request.split(b"\0")
    os.chdir(folder)
    os.environb.clear()
    os.environb.update(dict(variable.split(b"=", 1) for variable in rest[int(words) :]))
    time.tzset()
    sys.argv[1:] = map(os.fsdecode, rest[: int(words)])
    try:
        status = main()
    except SystemExit as ended:
        status = int(ended.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    sys.stdout.flush()
    # An interpreter that ends would first take all to pieces that was imported.
    os._exit(status)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        Server(listener).serve()
