"""What this process and those that it descends from tell of the SSH connection it is used over.

sudo drops SSH_CONNECTION, so the processes above are asked too. What they were started with is in
/proc/PID/environ, for those who may trace them: root may read that of the shell that called sudo.
What runs below a terminal multiplexer is used over the connections of its clients, who come and go.
Sources: sshd(8) (ENVIRONMENT), proc_pid_stat(5), proc_pid_environ(5).
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twtop.core.own_session import Ends, Session, ends_told
from twtop.kernel.processes.reading import list_processes, read_process

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MOST_ANCESTORS: Final = 32
_MOST_BYTES: Final = 1 << 17
"""Of an environment; MAX_ARG_STRLEN, the longest that a single variable may be."""
_SERVERS: Final = ("sshd", "sshd-session", "sshd-auth", "dropbear")
_CLIENTS: Final = {b"tmux: server": b"tmux: client", b"screen": b"screen"}
"""What the clients of tmux and GNU screen are called, by the name of their server."""
_COMM_BYTES: Final = 64
_WANTED: Final = (b"SSH_CONNECTION=", b"SSH_CLIENT=")


def read_own_session(pid: int | None = None) -> Session:
    """Find out what is known of the SSH connection, or of several to one multiplexer; never raises.

    ``pid`` is the process that is used over it, by default this one.
    """
    ends: set[Ends] = set()
    inodes: set[int] = set()
    above = list(_lineage(os.getpid() if pid is None else pid))
    for ancestor in {*above, *(each for client in _clients(above) for each in _lineage(client))}:
        with suppress(OSError):
            told = ends_told(_environment(ancestor))
            ends.update({told} if told else ())
        with suppress(OSError):
            process = read_process(ancestor)
            if process is not None and process.command in _SERVERS and process.sockets is not None:
                inodes.update(process.sockets.tolist())
    return Session(frozenset(ends), frozenset(inodes))


def _lineage(pid: int) -> Iterator[int]:
    """Yield a process, its parent, and so on; process 1 is nobody's."""
    for _ in range(_MOST_ANCESTORS):
        if pid <= 1:
            return
        yield pid
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return
        # The name in brackets may hold anything, brackets and blanks too.
        pid = int(stat.rpartition(b")")[2].split()[1])


def _clients(above: Iterable[int]) -> Iterator[int]:
    """Yield the clients of the multiplexers among some processes, as far as names and users tell."""
    named = [_named(pid) for pid in above]
    wanted = {(_CLIENTS[name], user) for name, user in named if name in _CLIENTS}
    # To look at all processes takes milliseconds.
    if wanted:
        with suppress(OSError):
            yield from (pid for pid in list_processes() if _named(pid) in wanted)


def _named(pid: int) -> tuple[bytes, int]:
    """Return a process's name and user; no name where it is gone."""
    try:
        with open(f"/proc/{pid}/comm", "rb", buffering=0) as file:  # noqa: PTH123 - of every process
            return file.read(_COMM_BYTES).rstrip(b"\n"), os.fstat(file.fileno()).st_uid
    except OSError:
        return b"", 0


def _environment(pid: int) -> Mapping[str, str]:
    if pid == os.getpid():
        return os.environ
    with Path(f"/proc/{pid}/environ").open("rb") as file:
        lines = file.read(_MOST_BYTES).split(b"\0")
    wanted = (line.decode("ascii", "replace").partition("=") for line in lines if line.startswith(_WANTED))
    return {name: value for name, _, value in wanted}
