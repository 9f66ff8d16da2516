"""Many small processes that hold sockets, to be found among; all gone with the process that made them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final, Self

from twtop.errors import HostError, UsageError
from twtop.lab import crowd_members

if TYPE_CHECKING:
    from twtop.lab.host import Host

MOST_PROCESSES: Final = 4_000
MOST_SOCKETS: Final = 200_000
"""2 MB a process and 4 KB a socket."""


class Crowd:
    """Processes that share TCP sockets evenly: a listener each, and both ends of connections to it.

    Of these processes ``busy`` replace their oldest connection again and again, together ``per_second``
    times, from when they are told to `churn`. Raises UsageError for more than the lab makes, HostError if
    they do not come up.
    """

    def __init__(
        self, host: Host, processes: int, sockets: int, *, busy: int = 0, per_second: int = 0
    ) -> None:
        if not 1 <= processes <= MOST_PROCESSES or sockets > MOST_SOCKETS:
            raise UsageError(
                f"the lab cannot make {processes} processes with {sockets} sockets: the most is "
                f"{MOST_PROCESSES} with {MOST_SOCKETS}"
            )
        numbers = map(str, (processes, sockets // processes, busy, per_second))
        with host.entered():
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", crowd_members.__file__, *numbers],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        assert self._process.stdout is not None  # noqa: S101 - for mypy
        if self._process.stdout.readline() != crowd_members.READY:
            self.close()
            raise HostError(f"the lab could not make {processes} processes with {sockets} sockets")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def churn(self) -> None:
        """Let the busy ones begin."""
        assert self._process.stdin is not None  # noqa: S101 - for mypy
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """End all of them, and wait until they are gone."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()
