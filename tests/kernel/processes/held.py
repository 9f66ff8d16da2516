"""Processes of our own that hold sockets, and do what they are told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534


class Child:
    """A process that does what it is told on its standard input, line by line of Python."""

    def __init__(self, *inherited: int, argv: tuple[str, ...] = ()) -> None:
        loop = "import os, socket, sys\nfor line in sys.stdin: exec(line); print(flush=True)"
        self._process = subprocess.Popen(
            [*argv, sys.executable, "-I", "-S", "-c", loop],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=inherited,
            text=True,
        )
        self.pid = self._process.pid
        self.run("pass")

    def run(self, line: str) -> str:
        """Let it execute one line; return what that printed."""
        self._tell(line)
        stdout: IO[str] | None = self._process.stdout
        assert stdout
        said = ""
        while (line := stdout.readline()) not in ("\n", ""):
            said += line
        return said.strip()

    def become_sleep(self) -> None:
        """Let it go on as another program, with the descriptors it was given, and with no more to say."""
        self._tell("os.execvp('sleep', ['sleep', '60'])")

    def _tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def end(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.wait()


@contextmanager
def child(*inherited: int, argv: tuple[str, ...] = ()) -> Iterator[Child]:
    made = Child(*inherited, argv=argv)
    try:
        yield made
    finally:
        made.end()


@contextmanager
def forked() -> Iterator[int]:
    """A copy of this process that does nothing, and has every descriptor."""
    pid = os.fork()
    if not pid:
        signal.pause()
        os._exit(0)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def as_nobody(imports: str, script: str, *, setup: str = "true", unshare: str = "-m") -> str:
    """Run a script as the user nobody in a new mount namespace; ``setup`` is run in there by root before.

    Everything is imported first: nobody may not be able to read this Python.
    """
    drop = f"import os; os.setgroups([]); os.setresgid(*[{NOBODY}] * 3); os.setresuid(*[{NOBODY}] * 3)"
    # The shell stays, so that in a pid namespace there is a process 1 besides.
    command = f'{setup} && "$0" -c "$1"; exit $?'
    ended = subprocess.run(
        ["unshare", unshare, "sh", "-c", command, sys.executable, f"{imports}\n{drop}\n{script}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode and any(word in ended.stderr for word in ("unshare", "mount", "setgroups")):
        pytest.skip(f"nobody can be played here: {ended.stderr.splitlines()[-1]}")
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()
