"""Have `tests.warm.server` run twtop as this process would: ``client.py ADDRESS ARGUMENTS...``.

It imports what is compiled into Python only, and stays as long as the other one to end as that does.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import posix
import sys

_FORWARDED = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP, _signal.SIGUSR1, _signal.SIGUSR2)


def main(address: str, *arguments: str) -> int:
    """Return the exit status, or die of the signal that the other one died of."""
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    server.connect(address)
    network = posix.open("/proc/thread-self/ns/net", posix.O_RDONLY)
    files = b"".join(fd.to_bytes(4, sys.byteorder) for fd in (0, 1, 2, network))
    words = (word.encode(errors="surrogateescape") for word in arguments)
    variables = (name + b"=" + value for name, value in posix.environ.items())
    request = (posix.getcwdb(), b"%d" % len(arguments), *words, *variables)
    _signal.pthread_sigmask(_signal.SIG_BLOCK, _FORWARDED)
    server.sendmsg([b"\0".join(request)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
    # The readers and writers of these shall see when the other one closes them.
    for fd in (0, 1, 2):
        posix.close(fd)
    forked = int(server.recv(100))
    for number in _FORWARDED:
        _signal.signal(number, lambda number, _: posix.kill(forked, number))
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, _FORWARDED)
    status = int(server.recv(100))
    if status < 0:
        _signal.signal(-status, _signal.SIG_DFL)
        posix.kill(posix.getpid(), -status)
    return status


if __name__ == "__main__":
    posix._exit(main(*sys.argv[1:]))
